//go:build linux

package smtp

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/claim"
	tlskind "github.com/statusbot/statusbot/internal/checks/kind/tls"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// startExim starts a mail server that offers STARTTLS at the first address,
// TLS from the beginning at the second, lets the user probe in and takes mail
// for nobody but ok@example.com.
func startExim(t *testing.T, mechanisms string) (good Options, implicit string, dir string, stop func() (log string)) {
	t.Helper()
	program := probetest.NeedProgram(t, "exim4-daemon-light", "/usr/sbin/exim4")
	dir = probetest.HumbleDir(t)
	ca, cert, key := probetest.Authority(t, dir, "good")
	plain, secure := probetest.FreePort(t), probetest.FreePort(t)
	// Only its own user may start a server like this.
	name, group := probetest.HumbleUser(t)
	owner := "exim_user = " + name + "\nexim_group = " + group + "\n"
	authenticators := ""
	for mechanism := range strings.FieldsSeq(mechanisms) {
		switch mechanism {
		case "PLAIN":
			authenticators += "plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n" +
				"  server_condition = ${if and{{eq{$auth2}{probe}}{eq{$auth3}{" + probetest.MailSecret + "}}}}\n  server_set_id = $auth2\n"
		case "LOGIN":
			authenticators += "login:\n  driver = plaintext\n  public_name = LOGIN\n  server_prompts = Username:: : Password::\n" +
				"  server_condition = ${if and{{eq{$auth1}{probe}}{eq{$auth2}{" + probetest.MailSecret + "}}}}\n  server_set_id = $auth1\n"
		}
	}
	config := filepath.Join(dir, "exim.conf")
	probetest.OK(t, os.WriteFile(config, fmt.Appendf(nil, `%sprimary_hostname = mail.example.com
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
	server, log := probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "-C", config, "-bdf")
	good = Options{Address: "127.0.0.1:" + plain, StartTLS: true, SecureOptions: probe.SecureOptions{CAFile: ca}}
	probetest.UntilPass(t, &Kind, &good)
	return good, "127.0.0.1:" + secure, dir, func() string {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		return log.String()
	}
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	good, implicit, dir, stop := startExim(t, "PLAIN")
	// The kind tls asks the same server to go over.
	probetest.WantResult(t, probetest.Probing(t, &tlskind.Kind, &tlskind.Options{Address: good.Address, CAFile: good.CAFile, StartTLS: "smtp",
		Options: claim.Options{Expect: probetest.Said("certificate.days_left >= 0 && version == 'TLS 1.3'")}}, time.Minute), checks.Pass, "", "the certificate expires in ")
	otherCA, _, _ := probetest.Authority(t, dir, "other")
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"STARTTLS", func(*Options) {}, checks.Pass, "", "greeted, TLS 1.3, mail.example.com ESMTP Exim"},
		{"implicit", func(o *Options) { o.Address, o.TLS = implicit, true }, checks.Pass, "", "greeted, TLS 1.3, "},
		{"plain text", func(o *Options) { o.StartTLS, o.CAFile = false, "" }, checks.Pass, "", "greeted, plain text, "},
		{"any certificate", func(o *Options) { o.InsecureTLS, o.CAFile = true, "" }, checks.Pass, "", "greeted, TLS 1.3"},
		{"login", func(o *Options) { o.User, o.Password = "probe", probetest.MailSecret }, checks.Pass, "", "logged in, TLS 1.3"},
		{"recipient", func(o *Options) { o.From, o.To = "probe@example.com", "ok@example.com" }, checks.Pass, "", "recipient taken"},
		{"recipient, no sender", func(o *Options) { o.To = "ok@example.com" }, checks.Pass, "", "recipient taken"},
		{"claims", func(o *Options) {
			o.Expect = []string{"banner.contains('Exim') && 'AUTH PLAIN' in extensions && tls == 'TLS 1.3' && latency < duration('5s')"}
		}, checks.Pass, "", "greeted"},
		{"claim is false", func(o *Options) { o.Expect = []string{"banner.contains('Postfix')"} }, checks.Fail, checks.ReasonAssertion, `is false: banner is "mail.example.com`},
		{"slow", func(o *Options) { o.DegradedOver = time.Nanosecond }, checks.Degraded, checks.ReasonLatency, "limit"},
		{"wrong password", func(o *Options) { o.User, o.Password = "probe", "hunter22" }, checks.Fail, checks.ReasonStatus, "the server says no to AUTH: 535 "},
		{"unknown recipient", func(o *Options) { o.To = "who@example.com" }, checks.Fail, checks.ReasonStatus, "the server says no to RCPT: 550 nobody of that name"},
		{"another name", func(o *Options) { o.ServerName = "mx.example.org" }, checks.Fail, checks.ReasonTLS, `the certificate is for localhost, 127.0.0.1, not "mx.example.org"`},
		{"wrong authority", func(o *Options) { o.CAFile = otherCA }, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority"},
		{"system's authorities", func(o *Options) { o.CAFile = "" }, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority"},
		{"plain text to TLS", func(o *Options) { o.TLS = true }, checks.Fail, checks.ReasonTLS, "the peer does not speak TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			r := probetest.Probing(t, &Kind, &o, long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoLogin(t, r, "probe", probetest.MailSecret, "hunter22")
			probetest.WantConversation(t, r, o.Address, o.StartTLS || o.TLS)
		})
	}
	t.Run("password file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "password")
		probetest.OK(t, os.WriteFile(file, []byte("hunter22\n"), 0o600))
		o := good
		o.User, o.PasswordFile = "probe", file
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "smtp", Every: time.Minute, Timeout: long, Options: &o})
		probetest.OK(t, err)
		r, _ := compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "535")
		probetest.NoSecret(t, r, "hunter22")
		probetest.NoSecret(t, r, probe.PlainLogin("probe", "hunter22"))
		probetest.OK(t, os.WriteFile(file, []byte(probetest.MailSecret+"\n"), 0o600))
		r, _ = compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Pass, "", "logged in")
		probetest.OK(t, os.Remove(file))
		r, _ = compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the password's file cannot be read")
	})
	t.Run("stopped", func(t *testing.T) {
		if log := stop(); strings.Contains(log, "unexpected disconnection") {
			t.Errorf("the server's log:\n%s", log)
		}
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

func TestSMTPLogin(t *testing.T) {
	t.Parallel()
	good, _, _, _ := startExim(t, "LOGIN")
	good.User, good.Password = "probe", probetest.MailSecret
	probetest.WantResult(t, probetest.Probing(t, &Kind, &good, time.Minute), checks.Pass, "", "logged in")
	good.Password = "hunter22"
	probetest.WantResult(t, probetest.Probing(t, &Kind, &good, time.Minute), checks.Fail, checks.ReasonStatus, "the server says no to AUTH: 535")
}

func TestSMTPStrangers(t *testing.T) {
	t.Parallel()
	const hello, offers = "220 mail ESMTP\r\n", "250-mail\r\n250 STARTTLS\r\n"
	echo := base64.StdEncoding.EncodeToString([]byte(probetest.MailSecret))
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*Options)
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"silent", probetest.Script(t), nil, short, checks.ReasonTimeout, "while waiting for the greeting"},
		{"silent after the greeting", probetest.Script(t, hello), nil, short, checks.ReasonTimeout, "while waiting for the answer to EHLO"},
		{"silent after STARTTLS", probetest.Script(t, hello, offers), nil, short, checks.ReasonTimeout, "while waiting for the answer to STARTTLS"},
		{"silent in the handshake", probetest.Script(t, hello, offers, "220 go\r\n"), nil, short, checks.ReasonTimeout, "while negotiating TLS"},
		{"half a line", probetest.Script(t, "220 ma"), nil, short, checks.ReasonTimeout, "while waiting for the greeting"},
		{"closes", probetest.Closing(t), nil, long, checks.ReasonReset, "the peer closed the connection while waiting for the greeting"},
		{"closes after the greeting", probetest.Closing(t, hello), nil, long, checks.ReasonReset, "the peer closed the connection while waiting for the answer to EHLO"},
		{"knows no EHLO", probetest.Closing(t, hello, "500 what?\r\n", "250 mail\r\n"), nil, long, checks.ReasonTLS, "the server does not offer TLS"},
		{"closes after EHLO", probetest.Closing(t, hello, offers), nil, long, checks.ReasonReset, "while waiting for the answer to STARTTLS"},
		{"closes in the handshake", probetest.Closing(t, hello, offers, "220 go\r\n"), nil, long, checks.ReasonReset, "while negotiating TLS"},
		{"no TLS", probetest.Script(t, hello, "250 mail\r\n"), nil, long, checks.ReasonTLS, "the server does not offer TLS"},
		{"no TLS today", probetest.Script(t, hello, offers, "454 TLS not available\r\n"), nil, long, checks.ReasonStatus, "the server says no to STARTTLS: 454 TLS not available"},
		{"words before TLS", probetest.Script(t, hello, offers, "220 go\r\n250 injected\r\n"), nil, long, checks.ReasonProtocol, "the server goes on in plain text"},
		{"busy", probetest.Script(t, "421 too many connections\r\n"), nil, long, checks.ReasonStatus, "the server says no to the connection: 421 too many connections"},
		{"enhanced codes", probetest.Script(t, hello, "250-mail\r\n250 AUTH PLAIN\r\n", "550-5.7.1 The account\r\n550-5.7.1 is locked.\r\n550 5.7.10 See help\r\n"), func(o *Options) { o.StartTLS = false }, long, checks.ReasonStatus,
			"the server says no to AUTH: 550 5.7.1 The account is locked. 5.7.10 See help"},
		{"ssh", probetest.Script(t, "SSH-2.0-OpenSSH_9.2\r\n"), nil, long, checks.ReasonProtocol, `the peer does not speak SMTP, it says "SSH-2.0-OpenSSH_9.2"`},
		{"garbage", probetest.Script(t, hello, "\x00\xff\x01\r\n"), nil, long, checks.ReasonProtocol, "the answer is malformed"},
		{"two codes", probetest.Script(t, hello, "250-mail\r\n500 no\r\n"), nil, long, checks.ReasonProtocol, "the answer is malformed"},
		{"endless line", probetest.Forever(t, "", strings.Repeat("2", 1000)), nil, long, checks.ReasonProtocol, "a line is longer than 8 KiB"},
		{"endless greeting", probetest.Forever(t, "", "220-still here\r\n"), nil, long, checks.ReasonProtocol, "more than the 64 KiB"},
		{"endless extensions", probetest.Forever(t, hello, "250-MORE\r\n"), nil, long, checks.ReasonProtocol, "more than the 64 KiB"},
		{"no login", probetest.Script(t, hello, "250-mail\r\n250 AUTH GSSAPI\r\n"), func(o *Options) { o.StartTLS = false }, long, checks.ReasonAssertion, `the server offers no login by a password, but "GSSAPI"`},
		{"logs in as old servers have it", probetest.Script(t, hello, "250-mail\r\n250 AUTH=LOGIN PLAIN\r\n", "535 no\r\n"), func(o *Options) { o.StartTLS = false }, long, checks.ReasonStatus, "the server says no to AUTH: 535 no"},
		{"repeats the password", probetest.Script(t, hello, "250-mail\r\n250 AUTH PLAIN\r\n", "535 no "+probetest.MailSecret+" "+echo+" "+probe.PlainLogin("probe", probetest.MailSecret)+"\r\n"),
			func(o *Options) { o.StartTLS = false }, long, checks.ReasonStatus, "the server says no to AUTH: 535 no (redacted) (redacted) (redacted)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := Options{Address: tt.address, StartTLS: true, User: "probe", Password: probetest.MailSecret}
			if tt.change != nil {
				tt.change(&o)
			}
			r := probetest.Until(t, &Kind, &o, tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
			probetest.NoSecret(t, r, probetest.MailSecret)
			probetest.NoSecret(t, r, echo)
		})
	}
	unnamed := probetest.Probing(t, &Kind, &Options{Address: probetest.Script(t, "220\r\n", "250\r\n", "221\r\n")}, long)
	if want := "greeted, plain text"; unnamed.Outcome != checks.Pass || unnamed.Summary != want {
		t.Errorf("a server that does not say who it is: %s %q, want %q", unnamed.Outcome, unnamed.Summary, want)
	}
	t.Run("drips", func(t *testing.T) {
		address := probetest.Serve(t, func(c *net.TCPConn) {
			for {
				if _, err := io.WriteString(c, "2"); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		r := probetest.Until(t, &Kind, &Options{Address: address}, short, "while waiting for the greeting")
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while waiting for the greeting")
	})
}

func TestSMTPOptions(t *testing.T) {
	with := func(change func(*Options), strict bool) error {
		o := &Options{Address: "mail.example.com:587", StartTLS: true, User: "probe", Password: probetest.MailSecret, From: "a@example.com", To: "b@example.com"}
		change(o)
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "smtp", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*Options) {}, true); err != nil {
		t.Errorf("good options: %v", err)
	}
	for key, change := range map[string]func(*Options){
		"address":       func(o *Options) { o.Address = "mail.example.com" },
		"hello":         func(o *Options) { o.Hello = "a\r\nDATA" },
		"from":          func(o *Options) { o.From = "a@example.com>" },
		"to":            func(o *Options) { o.To = "" },
		"user":          func(o *Options) { o.User = "" },
		"password_file": func(o *Options) { o.PasswordFile = "x" },
		"ca_file":       func(o *Options) { o.CAFile, o.StartTLS = "x", false },
		"expect":        func(o *Options) { o.Expect = []string{"status == 220"} },
		"degraded_over": func(o *Options) { o.DegradedOver = -1 },
	} {
		err := with(change, false)
		probetest.WantOption(t, err, key)
	}
	for _, never := range []string{"x@", "@x", "a@256.0.0.1"} {
		probetest.WantOption(t, with(func(o *Options) { o.To = never }, false), "to")
		probetest.WantOption(t, with(func(o *Options) { o.From = never }, false), "from")
	}
	for range 16 { // of two that are wrong the same one is said each time
		probetest.WantOption(t, with(func(o *Options) { o.To, o.From = "x@", "x@" }, false), "from")
		probetest.WantOption(t, with(func(o *Options) { o.To, o.Hello = "<", "<" }, false), "hello")
	}
	probetest.WantOption(t, with(func(o *Options) { o.Hello = "h:25" }, false), "hello")
	for _, good := range []string{"probe.example.com", "[192.0.2.1]", "192.0.2.1"} {
		probetest.OK(t, with(func(o *Options) { o.Hello, o.From, o.To = good, "a@[IPv6:::1]", "postmaster" }, false))
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.CAFile = "/dev/null" },
		func(o *Options) { o.Password, o.PasswordFile = "", "/dev/null" },
	} {
		probetest.WantStrictFile(t, with(change, true))
	}
}

func FuzzSMTPLine(f *testing.F) {
	for _, seed := range []string{"220 mail", "250-SIZE 1", "250", "25", "999 x", "+22 x", "250_x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		code, text, more, ok := readLine(line)
		if !ok {
			return
		}
		between := " "
		if more {
			between = "-"
		}
		if again := strconv.Itoa(code) + between + text; again != line && again != line+" " {
			t.Errorf("%q became %q", line, again)
		}
	})
}
