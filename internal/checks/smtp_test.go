//go:build linux

package checks

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const mailSecret = "correct horse"

// startExim starts a mail server that offers STARTTLS at the first address,
// TLS from the beginning at the second, lets the user probe in and takes mail
// for nobody but ok@example.com.
func startExim(t *testing.T, mechanisms string) (good SMTPOptions, implicit string, dir string, stop func() (log string)) {
	t.Helper()
	program := needProgram(t, "exim4-daemon-light", "/usr/sbin/exim4")
	dir = humbleDir(t)
	ca, cert, key := authority(t, dir, "good")
	plain, secure := freePort(t), freePort(t)
	// Only its own user may start a server like this.
	name, group := humbleUser(t)
	owner := "exim_user = " + name + "\nexim_group = " + group + "\n"
	authenticators := ""
	for mechanism := range strings.FieldsSeq(mechanisms) {
		switch mechanism {
		case "PLAIN":
			authenticators += "plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n" +
				"  server_condition = ${if and{{eq{$auth2}{probe}}{eq{$auth3}{" + mailSecret + "}}}}\n  server_set_id = $auth2\n"
		case "LOGIN":
			authenticators += "login:\n  driver = plaintext\n  public_name = LOGIN\n  server_prompts = Username:: : Password::\n" +
				"  server_condition = ${if and{{eq{$auth1}{probe}}{eq{$auth2}{" + mailSecret + "}}}}\n  server_set_id = $auth1\n"
		}
	}
	config := filepath.Join(dir, "exim.conf")
	check(t, os.WriteFile(config, fmt.Appendf(nil, `%sprimary_hostname = mail.example.com
spool_directory = %[2]s/spool
log_file_path = %[2]s/%%slog
pid_file_path =
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[3]s : %[4]s
tls_on_connect_ports = %[4]s
tls_advertise_hosts = *
tls_certificate = %[5]s
tls_privatekey = %[6]s
acl_smtp_rcpt = recipient
begin acl
recipient:
  accept local_parts = ok
  deny message = nobody of that name
begin authenticators
%[7]s`, owner, dir, plain, secure, cert, key, authenticators), 0o644))
	server, log := startDatabase(t, dir, syscall.SIGTERM, program, "-C", config, "-bdf")
	good = SMTPOptions{Address: "127.0.0.1:" + plain, StartTLS: true, SecureOptions: SecureOptions{CAFile: ca}}
	untilPass(t, "smtp", &good)
	return good, "127.0.0.1:" + secure, dir, func() string {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		return log.String()
	}
}

func TestSMTP(t *testing.T) {
	good, implicit, dir, stop := startExim(t, "PLAIN")
	otherCA, _, _ := authority(t, dir, "other")
	const long = 5 * time.Second
	for _, tt := range []struct {
		name    string
		change  func(*SMTPOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"STARTTLS", func(*SMTPOptions) {}, Pass, "", "greeted, TLS 1.3, mail.example.com ESMTP Exim"},
		{"implicit", func(o *SMTPOptions) { o.Address, o.TLS = implicit, true }, Pass, "", "greeted, TLS 1.3, "},
		{"plain text", func(o *SMTPOptions) { o.StartTLS, o.CAFile = false, "" }, Pass, "", "greeted, plain text, "},
		{"any certificate", func(o *SMTPOptions) { o.InsecureTLS, o.CAFile = true, "" }, Pass, "", "greeted, TLS 1.3"},
		{"login", func(o *SMTPOptions) { o.User, o.Password = "probe", mailSecret }, Pass, "", "logged in, TLS 1.3"},
		{"recipient", func(o *SMTPOptions) { o.From, o.To = "probe@example.com", "ok@example.com" }, Pass, "", "recipient taken"},
		{"recipient, no sender", func(o *SMTPOptions) { o.To = "ok@example.com" }, Pass, "", "recipient taken"},
		{"claims", func(o *SMTPOptions) {
			o.Expect = []string{"banner.contains('Exim') && 'AUTH PLAIN' in extensions && tls == 'TLS 1.3' && latency < duration('5s')"}
		}, Pass, "", "greeted"},
		{"claim is false", func(o *SMTPOptions) { o.Expect = []string{"banner.contains('Postfix')"} }, Fail, ReasonAssertion, `is false: banner is "mail.example.com`},
		{"slow", func(o *SMTPOptions) { o.DegradedOver = time.Nanosecond }, Degraded, ReasonLatency, "limit"},
		{"wrong password", func(o *SMTPOptions) { o.User, o.Password = "probe", "hunter22" }, Fail, ReasonStatus, "the server says no to AUTH: 535 "},
		{"unknown recipient", func(o *SMTPOptions) { o.To = "who@example.com" }, Fail, ReasonStatus, "the server says no to RCPT: 550 nobody of that name"},
		{"wrong authority", func(o *SMTPOptions) { o.CAFile = otherCA }, Fail, ReasonTLS, "the certificate is signed by an unknown authority"},
		{"system's authorities", func(o *SMTPOptions) { o.CAFile = "" }, Fail, ReasonTLS, "the certificate is signed by an unknown authority"},
		{"plain text to TLS", func(o *SMTPOptions) { o.TLS = true }, Fail, ReasonTLS, "the peer does not speak TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			r := probing(t, "smtp", &o, long)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, mailSecret)
			noSecret(t, r, "hunter22")
			noSecret(t, r, plainLogin("probe", "hunter22"))
			if r.Phases.Connect <= 0 || (r.Phases.TLS > 0) != (o.StartTLS || o.TLS) {
				t.Errorf("phases: %+v", r.Phases)
			}
			if r.Outcome != Pass && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("password file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "password")
		check(t, os.WriteFile(file, []byte("hunter22\n"), 0o600))
		o := good
		o.User, o.PasswordFile = "probe", file
		compiled, err := Compile(Check{ID: "it", Kind: "smtp", Every: time.Minute, Timeout: long, Options: &o})
		check(t, err)
		r, _ := compiled.Run(t.Context())
		wantResult(t, r, Fail, ReasonStatus, "535")
		noSecret(t, r, "hunter22")
		noSecret(t, r, plainLogin("probe", "hunter22"))
		check(t, os.WriteFile(file, []byte(mailSecret+"\n"), 0o600))
		r, _ = compiled.Run(t.Context())
		wantResult(t, r, Pass, "", "logged in")
		check(t, os.Remove(file))
		r, _ = compiled.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "the password's file cannot be read")
	})
	t.Run("stopped", func(t *testing.T) {
		if log := stop(); strings.Contains(log, "unexpected disconnection") {
			t.Errorf("the server's log:\n%s", log)
		}
		wantResult(t, probing(t, "smtp", &good, long), Fail, ReasonConnect, "connection refused")
	})
}

func TestSMTPLogin(t *testing.T) {
	good, _, _, _ := startExim(t, "LOGIN")
	good.User, good.Password = "probe", mailSecret
	wantResult(t, probing(t, "smtp", &good, 5*time.Second), Pass, "", "logged in")
	good.Password = "hunter22"
	wantResult(t, probing(t, "smtp", &good, 5*time.Second), Fail, ReasonStatus, "the server says no to AUTH: 535")
}

// script is a server that says its lines, each after it was told one.
func script(t *testing.T, lines ...string) (address string) {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for i, line := range lines {
			if i > 0 {
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
			if _, err := io.WriteString(c, line); err != nil {
				return
			}
		}
		io.Copy(io.Discard, in)
	})
}

// forever is a server that says first once, and then a piece without end.
func forever(t *testing.T, first, piece string) (address string) {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
		io.WriteString(c, first)
		for {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
	})
}

// closing is a server that closes the connection after it was told as many
// lines as it has said.
func closing(t *testing.T, lines ...string) (address string) {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for _, line := range lines {
			io.WriteString(c, line)
			_, _ = in.ReadString('\n')
		}
	})
}

func TestSMTPStrangers(t *testing.T) {
	const hello, offers = "220 mail ESMTP\r\n", "250-mail\r\n250 STARTTLS\r\n"
	echo := base64.StdEncoding.EncodeToString([]byte(mailSecret))
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*SMTPOptions)
		timeout       time.Duration
		reason        Reason
		summary       string
	}{
		{"silent", script(t), nil, short, ReasonTimeout, "time-out after 150 ms while waiting for the greeting"},
		{"silent after the greeting", script(t, hello), nil, short, ReasonTimeout, "while waiting for the answer to EHLO"},
		{"silent after STARTTLS", script(t, hello, offers), nil, short, ReasonTimeout, "while waiting for the answer to STARTTLS"},
		{"silent in the handshake", script(t, hello, offers, "220 go\r\n"), nil, short, ReasonTimeout, "while negotiating TLS"},
		{"half a line", script(t, "220 ma"), nil, short, ReasonTimeout, "while waiting for the greeting"},
		{"closes", closing(t), nil, long, ReasonReset, "the peer closed the connection while waiting for the greeting"},
		{"closes after the greeting", closing(t, hello), nil, long, ReasonReset, "the peer closed the connection while waiting for the answer to EHLO"},
		{"closes after EHLO", closing(t, hello, offers), nil, long, ReasonReset, "while waiting for the answer to STARTTLS"},
		{"closes in the handshake", closing(t, hello, offers, "220 go\r\n"), nil, long, ReasonReset, "while negotiating TLS"},
		{"no TLS", script(t, hello, "250 mail\r\n"), nil, long, ReasonTLS, "the server does not offer TLS"},
		{"no TLS today", script(t, hello, offers, "454 TLS not available\r\n"), nil, long, ReasonStatus, "the server says no to STARTTLS: 454 TLS not available"},
		{"words before TLS", script(t, hello, offers, "220 go\r\n250 injected\r\n"), nil, long, ReasonProtocol, "the server goes on in plain text"},
		{"busy", script(t, "421 too many connections\r\n"), nil, long, ReasonStatus, "the server says no to the connection: 421 too many connections"},
		{"ssh", script(t, "SSH-2.0-OpenSSH_9.2\r\n"), nil, long, ReasonProtocol, `the peer does not speak SMTP, it says "SSH-2.0-OpenSSH_9.2"`},
		{"garbage", script(t, hello, "\x00\xff\x01\r\n"), nil, long, ReasonProtocol, "the answer is malformed"},
		{"two codes", script(t, hello, "250-mail\r\n500 no\r\n"), nil, long, ReasonProtocol, "the answer is malformed"},
		{"endless line", forever(t, "", strings.Repeat("2", 1000)), nil, long, ReasonProtocol, "a line is longer than 8 KiB"},
		{"endless greeting", forever(t, "", "220-still here\r\n"), nil, long, ReasonProtocol, "more than the 64 KiB"},
		{"endless extensions", forever(t, hello, "250-MORE\r\n"), nil, long, ReasonProtocol, "more than the 64 KiB"},
		{"no login", script(t, hello, "250-mail\r\n250 AUTH GSSAPI\r\n"), func(o *SMTPOptions) { o.StartTLS = false }, long, ReasonAssertion, "the server offers no login by a password"},
		{"repeats the password", script(t, hello, "250-mail\r\n250 AUTH PLAIN\r\n", "535 no "+mailSecret+" "+echo+" "+plainLogin("probe", mailSecret)+"\r\n"),
			func(o *SMTPOptions) { o.StartTLS = false }, long, ReasonStatus, "the server says no to AUTH: 535 no (redacted) (redacted) (redacted)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := SMTPOptions{Address: tt.address, StartTLS: true, User: "probe", Password: mailSecret}
			if tt.change != nil {
				tt.change(&o)
			}
			r := probing(t, "smtp", &o, tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
			noSecret(t, r, mailSecret)
			noSecret(t, r, echo)
			if r.Duration > 2*time.Second {
				t.Errorf("took %v", r.Duration)
			}
		})
	}
	t.Run("drips", func(t *testing.T) {
		address := serve(t, func(c *net.TCPConn) {
			for {
				if _, err := io.WriteString(c, "2"); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		r := probing(t, "smtp", &SMTPOptions{Address: address}, short)
		wantResult(t, r, Fail, ReasonTimeout, "time-out after 150 ms while waiting for the greeting")
	})
}

func TestSMTPOptions(t *testing.T) {
	with := func(change func(*SMTPOptions), strict bool) error {
		o := &SMTPOptions{Address: "mail.example.com:587", StartTLS: true, User: "probe", Password: mailSecret, From: "a@example.com", To: "b@example.com"}
		change(o)
		_, err := Compile(Check{ID: "it", Kind: "smtp", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*SMTPOptions) {}, true); err != nil {
		t.Errorf("good options: %v", err)
	}
	for key, change := range map[string]func(*SMTPOptions){
		"address":       func(o *SMTPOptions) { o.Address = "mail.example.com" },
		"hello":         func(o *SMTPOptions) { o.Hello = "a\r\nDATA" },
		"from":          func(o *SMTPOptions) { o.From = "a@example.com>" },
		"to":            func(o *SMTPOptions) { o.To = "" },
		"user":          func(o *SMTPOptions) { o.User = "" },
		"password_file": func(o *SMTPOptions) { o.PasswordFile = "x" },
		"ca_file":       func(o *SMTPOptions) { o.CAFile, o.StartTLS = "x", false },
		"expect":        func(o *SMTPOptions) { o.Expect = []string{"status == 220"} },
		"degraded_over": func(o *SMTPOptions) { o.DegradedOver = -1 },
	} {
		err := with(change, false)
		if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Key != key {
			t.Errorf("%s: got %v", key, err)
		}
	}
	for _, change := range []func(*SMTPOptions){
		func(o *SMTPOptions) { o.CAFile = "/dev/null" },
		func(o *SMTPOptions) { o.Password, o.PasswordFile = "", "/dev/null" },
	} {
		if err := with(change, true); err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
}

func FuzzSMTPLine(f *testing.F) {
	for _, seed := range []string{"220 mail", "250-SIZE 1", "250", "25", "999 x", "+22 x", "250_x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		code, text, more, ok := smtpLine(line)
		if !ok {
			return
		}
		between := " "
		if more {
			between = "-"
		}
		if again := itoa(code) + between + text; again != line && again != line+" " {
			t.Errorf("%q became %q", line, again)
		}
	})
}
