//go:build linux

package imap

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/claim"
	tlskind "github.com/statusbot/statusbot/internal/checks/kind/tls"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// startDovecot starts a mailbox server that offers STARTTLS at the first
// address, TLS from the beginning at the second, and lets the user probe in
// to a mailbox of two messages.
func startDovecot(t *testing.T) (good Options, implicit, dir string, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "dovecot-imapd", "/usr/sbin/dovecot")
	probetest.NeedProgram(t, "dovecot-imapd", "/usr/lib/dovecot/imap")
	dir = probetest.HumbleDir(t)
	ca, cert, key := probetest.Authority(t, dir, "good")
	name, group := probetest.HumbleUser(t)
	own := func(path string) {
		if uid, gid, root := probetest.Nobody(t); root {
			probetest.OK(t, os.Chown(path, uid, gid))
		}
	}
	for _, folder := range []string{"run", "mail", "mail/cur", "mail/new", "mail/tmp", "home"} {
		probetest.OK(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
		own(filepath.Join(dir, folder))
	}
	for _, message := range []string{"1.a.x:2,S", "2.b.x:2,"} {
		file := filepath.Join(dir, "mail/cur", message)
		probetest.OK(t, os.WriteFile(file, []byte("From: a@example.com\nSubject: hello\n\nhello\n"), 0o600))
		own(file)
	}
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "users"), []byte("probe:{PLAIN}"+probetest.MailSecret+"\n"), 0o644))
	plain, secure := probetest.FreePort(t), probetest.FreePort(t)
	config := filepath.Join(dir, "dovecot.conf")
	probetest.OK(t, os.WriteFile(config, fmt.Appendf(nil, `base_dir = %[1]s/run
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
	server, _ := probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "-F", "-c", config)
	good = Options{Address: "127.0.0.1:" + plain, StartTLS: true, SecureOptions: probe.SecureOptions{CAFile: ca}}
	probetest.UntilPass(t, &Kind, &good)
	return good, "127.0.0.1:" + secure, dir, func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}
}

func TestIMAP(t *testing.T) {
	t.Parallel()
	good, implicit, dir, stop := startDovecot(t)
	// The kind tls asks the same server to go over.
	probetest.WantResult(t, probetest.Probing(t, &tlskind.Kind, &tlskind.Options{Address: good.Address, CAFile: good.CAFile, StartTLS: "imap",
		Options: claim.Options{Expect: probetest.Said("certificate.days_left >= 0 && version == 'TLS 1.3'")}}, time.Minute), checks.Pass, "", "the certificate expires in ")
	otherCA, _, _ := probetest.Authority(t, dir, "other")
	const long = time.Minute
	login := func(o *Options) { o.User, o.Password = "probe", probetest.MailSecret }
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"STARTTLS", func(*Options) {}, checks.Pass, "", "greeted, TLS 1.3, "},
		{"implicit", func(o *Options) { o.Address, o.TLS = implicit, true }, checks.Pass, "", "greeted, TLS 1.3, "},
		{"plain text", func(o *Options) { o.StartTLS, o.CAFile = false, "" }, checks.Pass, "", "greeted, plain text, "},
		{"login", login, checks.Pass, "", "logged in, TLS 1.3"},
		{"mailbox", func(o *Options) { login(o); o.Mailbox = "INBOX" }, checks.Pass, "", `opened "INBOX", 2 messages, TLS 1.3`},
		{"claims", func(o *Options) {
			login(o)
			o.Mailbox, o.Expect = "INBOX", []string{"messages == 2 && 'IMAP4rev1' in capabilities && tls == 'TLS 1.3' && latency < duration('5s')"}
		}, checks.Pass, "", "opened"},
		{"claim is false", func(o *Options) { login(o); o.Mailbox, o.FailIf = "INBOX", []string{"messages > 1"} }, checks.Fail, checks.ReasonAssertion, "messages > 1 is true: messages is 2"},
		{"slow", func(o *Options) { o.DegradedOver = time.Nanosecond }, checks.Degraded, checks.ReasonLatency, "limit"},
		{"wrong mailbox", func(o *Options) { login(o); o.Mailbox = `no "such"` }, checks.Fail, checks.ReasonStatus, "the server says no to EXAMINE: "},
		{"another name", func(o *Options) { o.ServerName = "mx.example.org" }, checks.Fail, checks.ReasonTLS, `the certificate is for localhost, 127.0.0.1, not "mx.example.org"`},
		{"wrong authority", func(o *Options) { o.CAFile = otherCA }, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority"},
		{"login in plain text", func(o *Options) { login(o); o.StartTLS, o.CAFile = false, "" }, checks.Pass, "", "logged in, plain text"},
		{"plain text to TLS", func(o *Options) { o.TLS = true }, checks.Fail, checks.ReasonTLS, "the peer does not speak TLS"},
		{"wrong password", func(o *Options) { o.User, o.Password = "probe", "hunter22" }, checks.Fail, checks.ReasonStatus, "the server says no to AUTHENTICATE: [AUTHENTICATIONFAILED]"},
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
	t.Run("LOGIN", func(t *testing.T) { testIMAPLogin(t, good.Address) })
	t.Run("stopped", func(t *testing.T) {
		stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

// withoutPlain stands between a probe and a server, and hides that the server
// takes AUTHENTICATE PLAIN.
func withoutPlain(t *testing.T, server string) (address string) {
	t.Helper()
	return probetest.Serve(t, func(c *net.TCPConn) {
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
	o := Options{Address: withoutPlain(t, server), User: "probe", Password: probetest.MailSecret, Mailbox: "INBOX"}
	probetest.WantResult(t, probetest.Probing(t, &Kind, &o, 5*time.Second), checks.Pass, "", "2 messages")
	o.Password = `pass"word\`
	r := probetest.Probing(t, &Kind, &o, 5*time.Second)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "the server says no to LOGIN: [AUTHENTICATIONFAILED]")
	probetest.NoSecret(t, r, o.Password)
	probetest.NoSecret(t, r, inQuotes(o.Password))
	o.Password = "pässword"
	probetest.WantResult(t, probetest.Probing(t, &Kind, &o, 5*time.Second), checks.Unknown, checks.ReasonInternal, "characters that LOGIN cannot send")
}

func TestIMAPStrangers(t *testing.T) {
	t.Parallel()
	const hello, offers, login = "* OK ready\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK done\r\n"
	plain := func(o *Options) { o.StartTLS = false }
	inbox := func(o *Options) { o.StartTLS, o.Mailbox = false, "INBOX" }
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*Options)
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"silent", probetest.Script(t), nil, short, checks.ReasonTimeout, "while waiting for the greeting"},
		{"silent after the greeting", probetest.Script(t, hello), nil, short, checks.ReasonTimeout, "while waiting for the answer to CAPABILITY"},
		{"silent in the handshake", probetest.Script(t, hello, offers, "a2 OK go\r\n"), nil, short, checks.ReasonTimeout, "while negotiating TLS"},
		{"silent in the login", probetest.Script(t, hello, login, "+ \r\n"), plain, short, checks.ReasonTimeout, "while waiting for the answer to AUTHENTICATE"},
		{"closes", probetest.Closing(t), nil, long, checks.ReasonReset, "the peer closed the connection while waiting for the greeting"},
		{"closes after CAPABILITY", probetest.Closing(t, hello, offers), nil, long, checks.ReasonReset, "while waiting for the answer to STARTTLS"},
		{"closes in the handshake", probetest.Closing(t, hello, offers, "a2 OK go\r\n"), nil, long, checks.ReasonReset, "while negotiating TLS"},
		{"no TLS", probetest.Script(t, hello, login), nil, long, checks.ReasonTLS, "the server does not offer TLS"},
		{"words before TLS", probetest.Script(t, hello, offers, "a2 OK go\r\na3 OK injected\r\n"), nil, long, checks.ReasonProtocol, "the server goes on in plain text"},
		{"busy", probetest.Script(t, "* BYE too many connections\r\n"), nil, long, checks.ReasonStatus, "the server says no to the connection: too many connections"},
		{"gives up", probetest.Script(t, hello, "* BYE shutting down\r\n"), nil, long, checks.ReasonStatus, "the server says no to CAPABILITY: shutting down"},
		{"smtp", probetest.Script(t, "220 mail ESMTP\r\n"), nil, long, checks.ReasonProtocol, `the peer does not speak IMAP, it says "220 mail ESMTP"`},
		{"garbage", probetest.Script(t, hello, "\x00\xff\x01\r\n"), nil, long, checks.ReasonProtocol, "the answer is malformed"},
		{"other tag", probetest.Script(t, hello, "b1 OK done\r\n"), nil, long, checks.ReasonProtocol, "the answer is malformed"},
		{"asks on", probetest.Script(t, hello, "+ go on\r\n"), nil, long, checks.ReasonProtocol, "the answer is malformed"},
		{"endless line", probetest.Forever(t, "* OK ", strings.Repeat("a", 1000)), nil, long, checks.ReasonProtocol, "a line is longer than 8 KiB"},
		{"endless lines", probetest.Forever(t, hello, "* OK still here\r\n"), nil, long, checks.ReasonProtocol, "more than the 64 KiB"},
		{"endless literals", probetest.Forever(t, hello, "{5}\r\nhello"), nil, long, checks.ReasonProtocol, "more than the 64 KiB"},
		{"huge literal", probetest.Script(t, hello, "* X {2000000000}\r\n"), nil, long, checks.ReasonProtocol, "more than the 64 KiB"},
		{"literal stops", probetest.Script(t, hello, "* X {20}\r\nhalf"), nil, short, checks.ReasonTimeout, "while waiting for the answer to CAPABILITY"},
		{"literal", probetest.Script(t, hello, "* X {5}\r\nhello and {3}\r\nyou.\r\n"+login, "a2 NO wrong\r\n"), plain, long, checks.ReasonStatus, "the server says no to AUTHENTICATE: wrong"},
		{"no login", probetest.Script(t, hello, "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2 AUTH=GSSAPI\r\na1 OK done\r\n"), plain, long, checks.ReasonAssertion, `the server offers no login by a password, but "XOAUTH2, GSSAPI"`},
		{"repeats the password", probetest.Script(t, hello, login, "+ \r\n", "a2 NO "+probetest.MailSecret+" "+probe.PlainLogin("probe", probetest.MailSecret)+"\r\n"),
			plain, long, checks.ReasonStatus, "the server says no to AUTHENTICATE: (redacted) (redacted)"},
		{"no number", probetest.Script(t, hello, login, "+ \r\n", "a2 OK in\r\n", "a3 OK opened\r\n"), inbox, long, checks.ReasonProtocol, "EXAMINE without a number of messages"},
		{"odd number", probetest.Script(t, hello, login, "+ \r\n", "a2 OK in\r\n", "* -1 EXISTS\r\na3 OK opened\r\n"), inbox, long, checks.ReasonProtocol, "malformed"},
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
			probetest.NoSecret(t, r, probe.PlainLogin("probe", probetest.MailSecret))
		})
	}
}

func TestIMAPOptions(t *testing.T) {
	with := func(change func(*Options), strict bool) error {
		o := &Options{Address: "mail.example.com:143", StartTLS: true, User: "probe", Password: probetest.MailSecret, Mailbox: "INBOX"}
		change(o)
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "imap", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*Options) {}, true); err != nil {
		t.Errorf("good options: %v", err)
	}
	for _, tt := range []struct {
		key    string
		change func(*Options)
	}{
		{"address", func(o *Options) { o.Address = "mail.example.com" }},
		{"user", func(o *Options) { o.User = "" }},
		{"user", func(o *Options) { o.Password = "" }},
		{"mailbox", func(o *Options) { o.User, o.Password = "", "" }},
		{"mailbox", func(o *Options) { o.Mailbox = "a\r\nb" }},
		{"mailbox", func(o *Options) { o.Mailbox, o.Expect = "", []string{"messages > 0"} }},
		{"ca_file", func(o *Options) { o.CAFile, o.StartTLS = "x", false }},
		{"expect", func(o *Options) { o.Expect = []string{"status == 1"} }},
		{"degraded_over", func(o *Options) { o.DegradedOver = -1 }},
	} {
		err := with(tt.change, false)
		probetest.WantOption(t, err, tt.key)
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.CAFile = "/dev/null" },
		func(o *Options) { o.Password, o.PasswordFile = "", "/dev/null" },
	} {
		probetest.WantStrictFile(t, with(change, true))
	}
}
