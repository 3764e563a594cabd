//go:build linux

package checks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// humbleUser returns whom a humble command runs as, and that user's group.
func humbleUser(t *testing.T) (name, group string) {
	t.Helper()
	who, err := user.Current()
	check(t, err)
	if _, _, root := nobody(t); root {
		who, err = user.Lookup("nobody")
		check(t, err)
	}
	of, err := user.LookupGroupId(who.Gid)
	check(t, err)
	return who.Username, of.Name
}

// startDovecot starts a mailbox server that offers STARTTLS at the first
// address, TLS from the beginning at the second, and lets the user probe in
// to a mailbox of two messages.
func startDovecot(t *testing.T) (good IMAPOptions, implicit, dir string, stop func()) {
	t.Helper()
	program := needProgram(t, "dovecot-imapd", "/usr/sbin/dovecot")
	needProgram(t, "dovecot-imapd", "/usr/lib/dovecot/imap")
	dir = humbleDir(t)
	ca, cert, key := authority(t, dir, "good")
	name, group := humbleUser(t)
	own := func(path string) {
		if uid, gid, root := nobody(t); root {
			check(t, os.Chown(path, uid, gid))
		}
	}
	for _, folder := range []string{"run", "mail", "mail/cur", "mail/new", "mail/tmp", "home"} {
		check(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
		own(filepath.Join(dir, folder))
	}
	for _, message := range []string{"1.a.x:2,S", "2.b.x:2,"} {
		file := filepath.Join(dir, "mail/cur", message)
		check(t, os.WriteFile(file, []byte("From: a@example.com\nSubject: hello\n\nhello\n"), 0o600))
		own(file)
	}
	check(t, os.WriteFile(filepath.Join(dir, "users"), []byte("probe:{PLAIN}"+mailSecret+"\n"), 0o644))
	plain, secure := freePort(t), freePort(t)
	config := filepath.Join(dir, "dovecot.conf")
	check(t, os.WriteFile(config, fmt.Appendf(nil, `base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
default_internal_user = %[2]s
default_login_user = %[2]s
default_internal_group = %[3]s
ssl = required
ssl_cert = <%[4]s
ssl_key = <%[5]s
mail_location = maildir:%[1]s/mail
first_valid_uid = 1
auth_mechanisms = plain
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = %[1]s/users
}
userdb {
  driver = static
  args = uid=%[2]s gid=%[3]s home=%[1]s/home
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %[6]s
  }
  inet_listener imaps {
    port = %[7]s
    ssl = yes
  }
}
`, dir, name, group, cert, key, plain, secure), 0o644))
	server, _ := startDatabase(t, dir, syscall.SIGTERM, program, "-F", "-c", config)
	good = IMAPOptions{Address: "127.0.0.1:" + plain, StartTLS: true, SecureOptions: SecureOptions{CAFile: ca}}
	untilPass(t, "imap", &good)
	return good, "127.0.0.1:" + secure, dir, func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}
}

func TestIMAP(t *testing.T) {
	good, implicit, dir, stop := startDovecot(t)
	otherCA, _, _ := authority(t, dir, "other")
	const long = 5 * time.Second
	login := func(o *IMAPOptions) { o.User, o.Password = "probe", mailSecret }
	for _, tt := range []struct {
		name    string
		change  func(*IMAPOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"STARTTLS", func(*IMAPOptions) {}, Pass, "", "greeted, TLS 1.3, "},
		{"implicit", func(o *IMAPOptions) { o.Address, o.TLS = implicit, true }, Pass, "", "greeted, TLS 1.3, "},
		{"plain text", func(o *IMAPOptions) { o.StartTLS, o.CAFile = false, "" }, Pass, "", "greeted, plain text, "},
		{"login", login, Pass, "", "logged in, TLS 1.3"},
		{"mailbox", func(o *IMAPOptions) { login(o); o.Mailbox = "INBOX" }, Pass, "", `opened "INBOX", 2 messages, TLS 1.3`},
		{"claims", func(o *IMAPOptions) {
			login(o)
			o.Mailbox, o.Expect = "INBOX", []string{"messages == 2 && 'IMAP4rev1' in capabilities && tls == 'TLS 1.3' && latency < duration('5s')"}
		}, Pass, "", "opened"},
		{"claim is false", func(o *IMAPOptions) { login(o); o.Mailbox, o.FailIf = "INBOX", []string{"messages > 1"} }, Fail, ReasonAssertion, "messages > 1 is true: messages is 2"},
		{"slow", func(o *IMAPOptions) { o.DegradedOver = time.Nanosecond }, Degraded, ReasonLatency, "limit"},
		{"wrong mailbox", func(o *IMAPOptions) { login(o); o.Mailbox = `no "such"` }, Fail, ReasonStatus, "the server says no to EXAMINE: "},
		{"wrong authority", func(o *IMAPOptions) { o.CAFile = otherCA }, Fail, ReasonTLS, "the certificate is signed by an unknown authority"},
		{"login in plain text", func(o *IMAPOptions) { login(o); o.StartTLS, o.CAFile = false, "" }, Pass, "", "logged in, plain text"},
		{"plain text to TLS", func(o *IMAPOptions) { o.TLS = true }, Fail, ReasonTLS, "the peer does not speak TLS"},
		{"wrong password", func(o *IMAPOptions) { o.User, o.Password = "probe", "hunter22" }, Fail, ReasonStatus, "the server says no to AUTHENTICATE: [AUTHENTICATIONFAILED]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			r := probing(t, "imap", &o, long)
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
	t.Run("LOGIN", func(t *testing.T) { testIMAPLogin(t, good.Address) })
	t.Run("stopped", func(t *testing.T) {
		stop()
		wantResult(t, probing(t, "imap", &good, long), Fail, ReasonConnect, "connection refused")
	})
}

// withoutPlain stands between a probe and a server, and hides that the server
// takes AUTHENTICATE PLAIN.
func withoutPlain(t *testing.T, server string) (address string) {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
		up, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer up.Close()
		var wg sync.WaitGroup
		wg.Go(func() {
			io.Copy(up, c)
			up.Close()
		})
		in := bufio.NewReader(up)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				break
			}
			io.WriteString(c, strings.ReplaceAll(line, " AUTH=PLAIN", ""))
		}
		c.Close()
		wg.Wait()
	})
}

func testIMAPLogin(t *testing.T, server string) {
	o := IMAPOptions{Address: withoutPlain(t, server), User: "probe", Password: mailSecret, Mailbox: "INBOX"}
	wantResult(t, probing(t, "imap", &o, 5*time.Second), Pass, "", "2 messages")
	o.Password = `pass"word\`
	r := probing(t, "imap", &o, 5*time.Second)
	wantResult(t, r, Fail, ReasonStatus, "the server says no to LOGIN: [AUTHENTICATIONFAILED]")
	noSecret(t, r, o.Password)
	noSecret(t, r, inQuotes(o.Password))
	o.Password = "pässword"
	wantResult(t, probing(t, "imap", &o, 5*time.Second), Unknown, ReasonInternal, "characters that LOGIN cannot send")
}

func TestIMAPStrangers(t *testing.T) {
	const hello, offers, login = "* OK ready\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK done\r\n"
	plain := func(o *IMAPOptions) { o.StartTLS = false }
	inbox := func(o *IMAPOptions) { o.StartTLS, o.Mailbox = false, "INBOX" }
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*IMAPOptions)
		timeout       time.Duration
		reason        Reason
		summary       string
	}{
		{"silent", script(t), nil, short, ReasonTimeout, "time-out after 150 ms while waiting for the greeting"},
		{"silent after the greeting", script(t, hello), nil, short, ReasonTimeout, "while waiting for the answer to CAPABILITY"},
		{"silent in the handshake", script(t, hello, offers, "a2 OK go\r\n"), nil, short, ReasonTimeout, "while negotiating TLS"},
		{"silent in the login", script(t, hello, login, "+ \r\n"), plain, short, ReasonTimeout, "while waiting for the answer to AUTHENTICATE"},
		{"closes", closing(t), nil, long, ReasonReset, "the peer closed the connection while waiting for the greeting"},
		{"closes after CAPABILITY", closing(t, hello, offers), nil, long, ReasonReset, "while waiting for the answer to STARTTLS"},
		{"closes in the handshake", closing(t, hello, offers, "a2 OK go\r\n"), nil, long, ReasonReset, "while negotiating TLS"},
		{"no TLS", script(t, hello, login), nil, long, ReasonTLS, "the server does not offer TLS"},
		{"words before TLS", script(t, hello, offers, "a2 OK go\r\na3 OK injected\r\n"), nil, long, ReasonProtocol, "the server goes on in plain text"},
		{"busy", script(t, "* BYE too many connections\r\n"), nil, long, ReasonStatus, "the server says no to the connection: too many connections"},
		{"gives up", script(t, hello, "* BYE shutting down\r\n"), nil, long, ReasonStatus, "the server says no to CAPABILITY: shutting down"},
		{"smtp", script(t, "220 mail ESMTP\r\n"), nil, long, ReasonProtocol, `the peer does not speak IMAP, it says "220 mail ESMTP"`},
		{"garbage", script(t, hello, "\x00\xff\x01\r\n"), nil, long, ReasonProtocol, "the answer is malformed"},
		{"other tag", script(t, hello, "b1 OK done\r\n"), nil, long, ReasonProtocol, "the answer is malformed"},
		{"asks on", script(t, hello, "+ go on\r\n"), nil, long, ReasonProtocol, "the answer is malformed"},
		{"endless line", forever(t, "* OK ", strings.Repeat("a", 1000)), nil, long, ReasonProtocol, "a line is longer than 8 KiB"},
		{"endless lines", forever(t, hello, "* OK still here\r\n"), nil, long, ReasonProtocol, "more than the 64 KiB"},
		{"endless literals", forever(t, hello, "{5}\r\nhello"), nil, long, ReasonProtocol, "more than the 64 KiB"},
		{"huge literal", script(t, hello, "* X {2000000000}\r\n"), nil, long, ReasonProtocol, "more than the 64 KiB"},
		{"literal stops", script(t, hello, "* X {20}\r\nhalf"), nil, short, ReasonTimeout, "while waiting for the answer to CAPABILITY"},
		{"literal", script(t, hello, "* X {5}\r\nhello and {3}\r\nyou.\r\n"+login, "a2 NO wrong\r\n"), plain, long, ReasonStatus, "the server says no to AUTHENTICATE: wrong"},
		{"no login", script(t, hello, "* CAPABILITY IMAP4rev1 LOGINDISABLED\r\na1 OK done\r\n"), plain, long, ReasonAssertion, "the server offers no login by a password"},
		{"repeats the password", script(t, hello, login, "+ \r\n", "a2 NO "+mailSecret+" "+plainLogin("probe", mailSecret)+"\r\n"),
			plain, long, ReasonStatus, "the server says no to AUTHENTICATE: (redacted) (redacted)"},
		{"no number", script(t, hello, login, "+ \r\n", "a2 OK in\r\n", "a3 OK opened\r\n"), inbox, long, ReasonProtocol, "EXAMINE without a number of messages"},
		{"odd number", script(t, hello, login, "+ \r\n", "a2 OK in\r\n", "* -1 EXISTS\r\na3 OK opened\r\n"), inbox, long, ReasonProtocol, "malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := IMAPOptions{Address: tt.address, StartTLS: true, User: "probe", Password: mailSecret}
			if tt.change != nil {
				tt.change(&o)
			}
			r := probing(t, "imap", &o, tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
			noSecret(t, r, mailSecret)
			noSecret(t, r, plainLogin("probe", mailSecret))
			if r.Duration > 2*time.Second {
				t.Errorf("took %v", r.Duration)
			}
		})
	}
}

func TestIMAPOptions(t *testing.T) {
	with := func(change func(*IMAPOptions), strict bool) error {
		o := &IMAPOptions{Address: "mail.example.com:143", StartTLS: true, User: "probe", Password: mailSecret, Mailbox: "INBOX"}
		change(o)
		_, err := Compile(Check{ID: "it", Kind: "imap", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*IMAPOptions) {}, true); err != nil {
		t.Errorf("good options: %v", err)
	}
	for _, tt := range []struct {
		key    string
		change func(*IMAPOptions)
	}{
		{"address", func(o *IMAPOptions) { o.Address = "mail.example.com" }},
		{"user", func(o *IMAPOptions) { o.User = "" }},
		{"user", func(o *IMAPOptions) { o.Password = "" }},
		{"mailbox", func(o *IMAPOptions) { o.User, o.Password = "", "" }},
		{"mailbox", func(o *IMAPOptions) { o.Mailbox = "a\r\nb" }},
		{"mailbox", func(o *IMAPOptions) { o.Mailbox, o.Expect = "", []string{"messages > 0"} }},
		{"ca_file", func(o *IMAPOptions) { o.CAFile, o.StartTLS = "x", false }},
		{"expect", func(o *IMAPOptions) { o.Expect = []string{"status == 1"} }},
		{"degraded_over", func(o *IMAPOptions) { o.DegradedOver = -1 }},
	} {
		err := with(tt.change, false)
		if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Key != tt.key {
			t.Errorf("%s: got %v", tt.key, err)
		}
	}
	for _, change := range []func(*IMAPOptions){
		func(o *IMAPOptions) { o.CAFile = "/dev/null" },
		func(o *IMAPOptions) { o.Password, o.PasswordFile = "", "/dev/null" },
	} {
		if err := with(change, true); err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
}
