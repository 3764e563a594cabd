//go:build linux

package ldap

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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

const probeDN = "cn=probe,dc=example,dc=com"

// startSlapd starts a directory of 120 people with long descriptions. It
// offers STARTTLS at the first address, and TLS from the beginning at the
// second.
func startSlapd(t *testing.T) (good Options, implicit, dir string, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "slapd", "/usr/sbin/slapd")
	dir = probetest.HumbleDir(t)
	ca, cert, key := probetest.Authority(t, dir, "good")
	data := filepath.Join(dir, "db")
	probetest.OK(t, os.Mkdir(data, 0o700))
	if uid, gid, root := probetest.Nobody(t); root {
		probetest.OK(t, os.Chown(data, uid, gid))
	}
	config, entries := filepath.Join(dir, "slapd.conf"), filepath.Join(dir, "entries.ldif")
	probetest.OK(t, os.WriteFile(config, fmt.Appendf(nil, `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile %s
TLSCertificateKeyFile %s
database mdb
maxsize 16777216
suffix "dc=example,dc=com"
directory %s
dbnosync
`, cert, key, data), 0o644))
	var ldif strings.Builder
	ldif.WriteString("dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Acme\n\n" +
		"dn: " + probeDN + "\nobjectClass: person\nsn: Probe\nuserPassword: " + probetest.MailSecret + "\n\n")
	for i := range 120 {
		fmt.Fprintf(&ldif, "dn: cn=p%d,dc=example,dc=com\nobjectClass: person\nsn: Person\ndescription: %s\n\n", i, strings.Repeat("x", 1000))
	}
	probetest.OK(t, os.WriteFile(entries, []byte(ldif.String()), 0o644))
	add := exec.Command(program, "-T", "add", "-q", "-f", config, "-l", entries)
	add.Dir = dir
	probetest.Humble(t, add)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	plain, secure := "127.0.0.1:"+probetest.FreePort(t), "127.0.0.1:"+probetest.FreePort(t)
	server, _ := probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "-d", "0", "-f", config, "-h", "ldap://"+plain+" ldaps://"+secure)
	good = Options{Address: plain, StartTLS: true, SecureOptions: probe.SecureOptions{CAFile: ca}, BindDN: probeDN, Password: probetest.MailSecret}
	probetest.UntilPass(t, &Kind, &good)
	return good, secure, dir, func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}
}

func TestLDAP(t *testing.T) {
	t.Parallel()
	good, implicit, dir, stop := startSlapd(t)
	// The kind tls asks the same server to go over.
	probetest.WantResult(t, probetest.Probing(t, &tlskind.Kind, &tlskind.Options{Address: good.Address, CAFile: good.CAFile, StartTLS: "ldap",
		Options: claim.Options{Expect: probetest.Said("certificate.days_left >= 0 && version == 'TLS 1.3'")}}, time.Minute), checks.Pass, "", "the certificate expires in ")
	otherCA, _, _ := probetest.Authority(t, dir, "other")
	const long = time.Minute
	base := func(o *Options) { o.Base = "dc=example,dc=com" }
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"STARTTLS", func(*Options) {}, checks.Pass, "", "bound, TLS 1.3"},
		{"implicit", func(o *Options) { o.Address, o.TLS = implicit, true }, checks.Pass, "", "bound, TLS 1.3"},
		{"plain text", func(o *Options) { o.StartTLS, o.CAFile = false, "" }, checks.Pass, "", "bound, plain text"},
		{"nobody", func(o *Options) { o.BindDN, o.Password = "", "" }, checks.Pass, "", "bound as nobody, TLS 1.3"},
		{"search", func(o *Options) {
			base(o)
			o.Filter, o.ExpectEntriesMin = "(&(objectClass=person)(sn=Probe))", 1
		}, checks.Pass, "", "1 entry, TLS 1.3"},
		{"one level", func(o *Options) { base(o); o.Scope, o.Filter = "one", "(sn=Pr*)" }, checks.Pass, "", "1 entry"},
		{"base alone", func(o *Options) { base(o); o.Scope = "base" }, checks.Pass, "", "1 entry"},
		{"the server's own entry", func(o *Options) {
			o.Scope, o.Attributes, o.Expect = "base", []string{"namingContexts"}, []string{"'dc=example,dc=com' in first.namingcontexts"}
		}, checks.Pass, "", "1 entry"},
		{"up to 100", func(o *Options) { base(o); o.Attributes = []string{"sn"} }, checks.Pass, "", "100 entries"},
		{"as many as are expected", func(o *Options) { base(o); o.Attributes, o.ExpectEntriesMin = []string{"sn"}, 122 }, checks.Pass, "", "122 entries"},
		{"too few", func(o *Options) { base(o); o.Attributes, o.ExpectEntriesMin = []string{"sn"}, 123 }, checks.Fail, checks.ReasonAssertion, "122 entries, expected at least 123"},
		{"too long", base, checks.Unknown, checks.ReasonInternal, "the entries are more than the 64 KiB that a check reads"},
		{"none", func(o *Options) { base(o); o.Filter = "(sn=nobody)" }, checks.Pass, "", "0 entries"},
		{"none of one", func(o *Options) { base(o); o.Filter, o.ExpectEntriesMin = "(sn=nobody)", 1 }, checks.Fail, checks.ReasonAssertion, "0 entries, expected at least 1"},
		{"claims", func(o *Options) {
			base(o)
			o.Filter, o.Expect = "(sn=Probe)", []string{"entries == 1 && first.sn[0] == 'Probe' && tls == 'TLS 1.3' && latency < duration('5s')"}
		}, checks.Pass, "", "1 entry"},
		{"claim is false", func(o *Options) {
			base(o)
			o.Filter, o.Expect = "(sn=Probe)", []string{"first.sn == ['Other']"}
		}, checks.Fail, checks.ReasonAssertion, `is false: first.sn is ["Probe"]`},
		{"password in an attribute", func(o *Options) {
			base(o)
			o.Filter, o.FailIf = "(sn=Probe)", []string{"'userPassword' in first || first.userpassword != []"}
		}, checks.Fail, checks.ReasonAssertion, ""},
		{"slow", func(o *Options) { o.DegradedOver = time.Nanosecond }, checks.Degraded, checks.ReasonLatency, "limit"},
		{"wrong password", func(o *Options) { o.Password = "hunter22" }, checks.Fail, checks.ReasonStatus, "the server says no to BIND: Invalid Credentials (49)"},
		{"wrong base", func(o *Options) { o.Base = "dc=example,dc=org" }, checks.Fail, checks.ReasonStatus, "the server says no to SEARCH: No Such Object (32)"},
		{"bad name", func(o *Options) { o.BindDN = "probe" }, checks.Fail, checks.ReasonStatus, "the server says no to BIND: Invalid DN Syntax (34): invalid DN"},
		{"another name", func(o *Options) { o.ServerName = "mx.example.org" }, checks.Fail, checks.ReasonTLS, `the certificate is for localhost, 127.0.0.1, not "mx.example.org"`},
		{"wrong authority", func(o *Options) { o.CAFile = otherCA }, checks.Fail, checks.ReasonTLS, "the certificate is signed by an unknown authority"},
		{"TLS to plain text", func(o *Options) { o.Address = implicit }, checks.Fail, checks.ReasonReset, "while waiting for the answer to STARTTLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			r := probetest.Probing(t, &Kind, &o, long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, probetest.MailSecret)
			probetest.NoSecret(t, r, "hunter22")
			if r.Phases.Connect <= 0 || r.Outcome == checks.Pass && (r.Phases.TLS > 0) != (o.StartTLS || o.TLS) {
				t.Errorf("phases: %+v", r.Phases)
			}
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("stopped", func(t *testing.T) {
		stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

// script is a directory that answers each request that comes with the next
// of the answers.
func script(t *testing.T, answers ...[]byte) (address string) {
	t.Helper()
	return probetest.Serve(t, func(c *net.TCPConn) {
		request := make([]byte, 4096)
		for _, answer := range answers {
			if _, err := c.Read(request); err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
		io.Copy(io.Discard, c)
	})
}

// result is the answer that ends a request.
func result(id int, op byte, code int, said string) []byte {
	return message(id, ber(op, berNumber(berEnum, code), berText(""), berText(said)))
}

func TestLDAPStrangers(t *testing.T) {
	t.Parallel()
	entry := message(2, ber(opEntry, berText("cn=a"), ber(berSequence, ber(berSequence, berText("sn"), ber(berSet, berText("A"))))))
	bound := result(1, opBound, 0, "")
	endless := func(first int, piece []byte) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			request := make([]byte, 4096)
			for id := 1; id <= first; id++ {
				_, _ = c.Read(request)
				_, _ = c.Write(result(id, opBound, 0, ""))
			}
			_, _ = c.Read(request)
			for {
				if _, err := c.Write(piece); err != nil {
					return
				}
			}
		})
	}
	tls := func(o *Options) { o.StartTLS = true }
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*Options)
		timeout       time.Duration
		outcome       checks.Outcome
		reason        checks.Reason
		summary       string
	}{
		{"silent", script(t), nil, short, checks.Fail, checks.ReasonTimeout, "while waiting for the answer to BIND"},
		{"silent to STARTTLS", script(t), tls, short, checks.Fail, checks.ReasonTimeout, "while waiting for the answer to STARTTLS"},
		{"silent in the handshake", script(t, result(1, opExtendedResponse, 0, "")), tls, short, checks.Fail, checks.ReasonTimeout, "while negotiating TLS"},
		{"silent to the search", script(t, bound), nil, short, checks.Fail, checks.ReasonTimeout, "while waiting for the answer to SEARCH"},
		{"half a message", script(t, bound[:5]), nil, short, checks.Fail, checks.ReasonTimeout, "while waiting for the answer to BIND"},
		{"closes", probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) }), nil, long, checks.Fail, checks.ReasonReset, "the peer closed the connection while waiting for the answer to BIND"},
		{"closes after the bind", probetest.Serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write(bound)
			_, _ = c.Read(make([]byte, 4096))
		}), nil, long, checks.Fail, checks.ReasonReset, "while waiting for the answer to SEARCH"},
		{"no TLS", script(t, result(1, opExtendedResponse, 2, "unsupported extended operation")), tls, long, checks.Fail, checks.ReasonStatus, "the server says no to STARTTLS: Protocol Error (2): unsupported extended operation"},
		{"words before TLS", script(t, append(result(1, opExtendedResponse, 0, ""), bound...)), tls, long, checks.Fail, checks.ReasonProtocol, "the server goes on in plain text"},
		{"busy", script(t, result(0, opExtendedResponse, 52, "too busy")), nil, long, checks.Fail, checks.ReasonStatus, "the server says no to BIND: Unavailable (52): too busy"},
		{"farewell without a reason", script(t, result(0, opExtendedResponse, 0, "")), tls, long, checks.Fail, checks.ReasonProtocol, "malformed"},
		{"http", script(t, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")), nil, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak LDAP"},
		{"indefinite length", script(t, []byte{0x30, 0x80, 2, 1, 1, 0, 0}), nil, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak LDAP"},
		{"long length", script(t, []byte{0x30, 0xff, 1, 1, 1, 1, 1, 1, 1, 1}), nil, long, checks.Fail, checks.ReasonProtocol, "the peer does not speak LDAP"},
		{"1 GB", script(t, []byte{0x30, 0x84, 0x3f, 0xff, 0xff, 0xff, 2, 1, 1}), nil, long, checks.Fail, checks.ReasonProtocol, "more than the 64 KiB"},
		{"1 GB within", script(t, []byte{0x30, 9, 2, 1, 1, 0x61, 0x84, 0x3f, 0xff, 0xff, 0xff}), nil, long, checks.Fail, checks.ReasonProtocol, "malformed"},
		{"other id", script(t, result(7, opBound, 0, "")), nil, long, checks.Fail, checks.ReasonProtocol, "an answer to another request"},
		{"other kind", script(t, result(1, opDone, 0, "")), nil, long, checks.Fail, checks.ReasonProtocol, "an answer of another kind"},
		{"empty result", script(t, message(1, ber(opBound))), nil, long, checks.Fail, checks.ReasonProtocol, "a result that is none"},
		{"empty entry", script(t, bound, message(2, ber(opEntry))), nil, long, checks.Fail, checks.ReasonProtocol, "an entry that is none"},
		{"unknown code", script(t, result(1, opBound, 99999, "so there")), nil, long, checks.Fail, checks.ReasonStatus, "the server says no to BIND: Result (99999): so there"},
		{"endless entries", endless(1, entry), nil, long, checks.Unknown, checks.ReasonInternal, "the entries are more than the 64 KiB"},
		{"endless news", endless(0, message(1, ber(opIntermediate))), nil, long, checks.Fail, checks.ReasonProtocol, "more than the 64 KiB"},
		{"repeats the password", script(t, result(1, opBound, 49, "not "+probetest.MailSecret)), nil, long, checks.Fail, checks.ReasonStatus, "Invalid Credentials (49): not (redacted)"},
		{"good", script(t, bound, append(entry, result(2, opDone, 0, "")...)), nil, long, checks.Pass, "", "1 entry, plain text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := Options{Address: tt.address, BindDN: probeDN, Password: probetest.MailSecret, Base: "dc=example,dc=com"}
			if tt.change != nil {
				tt.change(&o)
			}
			r := probetest.Until(t, &Kind, &o, tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, probetest.MailSecret)
		})
	}
}

func TestLDAPOptions(t *testing.T) {
	with := func(change func(*Options), strict bool) error {
		o := &Options{Address: "ldap.example.com:389", StartTLS: true, BindDN: probeDN, Password: probetest.MailSecret, Base: "dc=example,dc=com", Filter: "(uid=probe)"}
		change(o)
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "ldap", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*Options) {}, true); err != nil {
		t.Errorf("good options: %v", err)
	}
	for _, tt := range []struct {
		key    string
		change func(*Options)
	}{
		{"address", func(o *Options) { o.Address = "ldap.example.com" }},
		{"bind_dn", func(o *Options) { o.BindDN = "" }},
		{"bind_dn", func(o *Options) { o.Password = "" }},
		{"base", func(o *Options) { o.Base = "" }},
		{"base", func(o *Options) { o.Base, o.Filter, o.Expect = "", "", []string{"entries > 0"} }},
		{"base", func(o *Options) { o.Base = "nonsense" }},
		{"base", func(o *Options) { o.Base = "dc=example,dc" }},
		{"scope", func(o *Options) { o.Scope = "all" }},
		{"filter", func(o *Options) { o.Filter = "uid=probe" }},
		{"filter", func(o *Options) { o.Filter = "(uid=probe" }},
		{"expect_entries_min", func(o *Options) { o.ExpectEntriesMin = -1 }},
		{"ca_file", func(o *Options) { o.CAFile, o.StartTLS = "x", false }},
		{"expect", func(o *Options) { o.Expect = []string{"status == 1"} }},
		{"degraded_over", func(o *Options) { o.DegradedOver = -1 }},
	} {
		err := with(tt.change, false)
		probetest.WantOption(t, err, tt.key)
	}
	for _, base := range []string{"ou=people, dc=example, dc=com", `cn=Smith\, J+uid=j,dc=example`, "<GUID=bc5ae3e8f8a84b4d9a1d0d9f4b6f1c22>", "1.2.840=x"} {
		probetest.OK(t, with(func(o *Options) { o.Base = base }, false))
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.CAFile = "/dev/null" },
		func(o *Options) { o.Password, o.PasswordFile = "", "/dev/null" },
	} {
		probetest.WantStrictFile(t, with(change, true))
	}
}

func FuzzBER(f *testing.F) {
	f.Add(result(1, opBound, 49, "no"))
	f.Add(ber(berOctets, make([]byte, 300)))
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, ok := takeBER(b)
		if !ok {
			return
		}
		if len(v.content)+len(rest) >= len(b) {
			t.Fatalf("%d and %d bytes out of %d", len(v.content), len(rest), len(b))
		}
		again, rest, ok := takeBER(ber(v.tag, v.content))
		if !ok || len(rest) > 0 || again.tag != v.tag || string(again.content) != string(v.content) {
			t.Errorf("%x became %x", v, again)
		}
		if n := v.number(); n >= 0 {
			if more, _, ok := takeBER(berNumber(v.tag, n)); !ok || more.number() != n {
				t.Errorf("%d became %d", n, more.number())
			}
		}
		if parts, ok := v.parts(); ok {
			for _, part := range parts {
				_, _ = part.parts()
			}
		}
	})
}
