//go:build linux

package checks

import (
	"errors"
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
)

const ldapProbeDN = "cn=probe,dc=example,dc=com"

// startSlapd starts a directory of 120 people with long descriptions. It
// offers STARTTLS at the first address, and TLS from the beginning at the
// second.
func startSlapd(t *testing.T) (good LDAPOptions, implicit, dir string, stop func()) {
	t.Helper()
	program := needProgram(t, "slapd", "/usr/sbin/slapd")
	dir = humbleDir(t)
	ca, cert, key := authority(t, dir, "good")
	data := filepath.Join(dir, "db")
	check(t, os.Mkdir(data, 0o700))
	if uid, gid, root := nobody(t); root {
		check(t, os.Chown(data, uid, gid))
	}
	config, entries := filepath.Join(dir, "slapd.conf"), filepath.Join(dir, "entries.ldif")
	check(t, os.WriteFile(config, fmt.Appendf(nil, `include /etc/ldap/schema/core.schema
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
		"dn: " + ldapProbeDN + "\nobjectClass: person\nsn: Probe\nuserPassword: " + mailSecret + "\n\n")
	for i := range 120 {
		fmt.Fprintf(&ldif, "dn: cn=p%d,dc=example,dc=com\nobjectClass: person\nsn: Person\ndescription: %s\n\n", i, strings.Repeat("x", 1000))
	}
	check(t, os.WriteFile(entries, []byte(ldif.String()), 0o644))
	add := exec.Command(program, "-T", "add", "-q", "-f", config, "-l", entries)
	add.Dir = dir
	humble(t, add)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	plain, secure := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	server, _ := startDatabase(t, dir, syscall.SIGTERM, program, "-d", "0", "-f", config, "-h", "ldap://"+plain+" ldaps://"+secure)
	good = LDAPOptions{Address: plain, StartTLS: true, SecureOptions: SecureOptions{CAFile: ca}, BindDN: ldapProbeDN, Password: mailSecret}
	untilPass(t, "ldap", &good)
	return good, secure, dir, func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}
}

func TestLDAP(t *testing.T) {
	good, implicit, dir, stop := startSlapd(t)
	otherCA, _, _ := authority(t, dir, "other")
	const long = 5 * time.Second
	base := func(o *LDAPOptions) { o.Base = "dc=example,dc=com" }
	for _, tt := range []struct {
		name    string
		change  func(*LDAPOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"STARTTLS", func(*LDAPOptions) {}, Pass, "", "bound, TLS 1.3"},
		{"implicit", func(o *LDAPOptions) { o.Address, o.TLS = implicit, true }, Pass, "", "bound, TLS 1.3"},
		{"plain text", func(o *LDAPOptions) { o.StartTLS, o.CAFile = false, "" }, Pass, "", "bound, plain text"},
		{"nobody", func(o *LDAPOptions) { o.BindDN, o.Password = "", "" }, Pass, "", "bound as nobody, TLS 1.3"},
		{"search", func(o *LDAPOptions) {
			base(o)
			o.Filter, o.ExpectEntriesMin = "(&(objectClass=person)(sn=Probe))", 1
		}, Pass, "", "1 entry, TLS 1.3"},
		{"one level", func(o *LDAPOptions) { base(o); o.Scope, o.Filter = "one", "(sn=Pr*)" }, Pass, "", "1 entry"},
		{"base alone", func(o *LDAPOptions) { base(o); o.Scope = "base" }, Pass, "", "1 entry"},
		{"the server's own entry", func(o *LDAPOptions) {
			o.Scope, o.Attributes, o.Expect = "base", []string{"namingContexts"}, []string{"'dc=example,dc=com' in first.namingcontexts"}
		}, Pass, "", "1 entry"},
		{"up to 100", func(o *LDAPOptions) { base(o); o.Attributes = []string{"sn"} }, Pass, "", "100 entries"},
		{"as many as are expected", func(o *LDAPOptions) { base(o); o.Attributes, o.ExpectEntriesMin = []string{"sn"}, 122 }, Pass, "", "122 entries"},
		{"too few", func(o *LDAPOptions) { base(o); o.Attributes, o.ExpectEntriesMin = []string{"sn"}, 123 }, Fail, ReasonAssertion, "122 entries, expected at least 123"},
		{"too long", base, Unknown, ReasonInternal, "the entries are more than the 64 KiB that a check reads"},
		{"none", func(o *LDAPOptions) { base(o); o.Filter = "(sn=nobody)" }, Pass, "", "0 entries"},
		{"none of one", func(o *LDAPOptions) { base(o); o.Filter, o.ExpectEntriesMin = "(sn=nobody)", 1 }, Fail, ReasonAssertion, "0 entries, expected at least 1"},
		{"claims", func(o *LDAPOptions) {
			base(o)
			o.Filter, o.Expect = "(sn=Probe)", []string{"entries == 1 && first.sn[0] == 'Probe' && tls == 'TLS 1.3' && latency < duration('5s')"}
		}, Pass, "", "1 entry"},
		{"claim is false", func(o *LDAPOptions) {
			base(o)
			o.Filter, o.Expect = "(sn=Probe)", []string{"first.sn == ['Other']"}
		}, Fail, ReasonAssertion, `is false: first.sn is ["Probe"]`},
		{"password in an attribute", func(o *LDAPOptions) {
			base(o)
			o.Filter, o.FailIf = "(sn=Probe)", []string{"'userPassword' in first || first.userpassword != []"}
		}, Fail, ReasonAssertion, ""},
		{"slow", func(o *LDAPOptions) { o.DegradedOver = time.Nanosecond }, Degraded, ReasonLatency, "limit"},
		{"wrong password", func(o *LDAPOptions) { o.Password = "hunter22" }, Fail, ReasonStatus, "the server says no to BIND: Invalid Credentials (49)"},
		{"wrong base", func(o *LDAPOptions) { o.Base = "dc=example,dc=org" }, Fail, ReasonStatus, "the server says no to SEARCH: No Such Object (32)"},
		{"bad name", func(o *LDAPOptions) { o.BindDN = "probe" }, Fail, ReasonStatus, "the server says no to BIND: Invalid DN Syntax (34): invalid DN"},
		{"wrong authority", func(o *LDAPOptions) { o.CAFile = otherCA }, Fail, ReasonTLS, "the certificate is signed by an unknown authority"},
		{"TLS to plain text", func(o *LDAPOptions) { o.Address = implicit }, Fail, ReasonReset, "while waiting for the answer to STARTTLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			r := probing(t, "ldap", &o, long)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, mailSecret)
			noSecret(t, r, "hunter22")
			if r.Phases.Connect <= 0 || r.Outcome == Pass && (r.Phases.TLS > 0) != (o.StartTLS || o.TLS) {
				t.Errorf("phases: %+v", r.Phases)
			}
			if r.Outcome != Pass && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("stopped", func(t *testing.T) {
		stop()
		wantResult(t, probing(t, "ldap", &good, long), Fail, ReasonConnect, "connection refused")
	})
}

// ldapScript is a directory that answers each request that comes with the next
// of the answers.
func ldapScript(t *testing.T, answers ...[]byte) (address string) {
	t.Helper()
	return serve(t, func(c *net.TCPConn) {
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

// ldapResult is the answer that ends a request.
func ldapResult(id int, op byte, code int, said string) []byte {
	return ldapMessage(id, ber(op, berNumber(berEnum, code), berText(""), berText(said)))
}

func TestLDAPStrangers(t *testing.T) {
	entry := ldapMessage(2, ber(opEntry, berText("cn=a"), ber(berSequence, ber(berSequence, berText("sn"), ber(berSet, berText("A"))))))
	bound := ldapResult(1, opBound, 0, "")
	endless := func(first int, piece []byte) string {
		return serve(t, func(c *net.TCPConn) {
			request := make([]byte, 4096)
			for id := 1; id <= first; id++ {
				_, _ = c.Read(request)
				_, _ = c.Write(ldapResult(id, opBound, 0, ""))
			}
			_, _ = c.Read(request)
			for {
				if _, err := c.Write(piece); err != nil {
					return
				}
			}
		})
	}
	tls := func(o *LDAPOptions) { o.StartTLS = true }
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		change        func(*LDAPOptions)
		timeout       time.Duration
		outcome       Outcome
		reason        Reason
		summary       string
	}{
		{"silent", ldapScript(t), nil, short, Fail, ReasonTimeout, "time-out after 150 ms while waiting for the answer to BIND"},
		{"silent to STARTTLS", ldapScript(t), tls, short, Fail, ReasonTimeout, "while waiting for the answer to STARTTLS"},
		{"silent in the handshake", ldapScript(t, ldapResult(1, opExtendedResponse, 0, "")), tls, short, Fail, ReasonTimeout, "while negotiating TLS"},
		{"silent to the search", ldapScript(t, bound), nil, short, Fail, ReasonTimeout, "while waiting for the answer to SEARCH"},
		{"half a message", ldapScript(t, bound[:5]), nil, short, Fail, ReasonTimeout, "while waiting for the answer to BIND"},
		{"closes", serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) }), nil, long, Fail, ReasonReset, "the peer closed the connection while waiting for the answer to BIND"},
		{"closes after the bind", serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write(bound)
			_, _ = c.Read(make([]byte, 4096))
		}), nil, long, Fail, ReasonReset, "while waiting for the answer to SEARCH"},
		{"no TLS", ldapScript(t, ldapResult(1, opExtendedResponse, 2, "unsupported extended operation")), tls, long, Fail, ReasonStatus, "the server says no to STARTTLS: Protocol Error (2): unsupported extended operation"},
		{"words before TLS", ldapScript(t, append(ldapResult(1, opExtendedResponse, 0, ""), bound...)), tls, long, Fail, ReasonProtocol, "the server goes on in plain text"},
		{"busy", ldapScript(t, ldapResult(0, opExtendedResponse, 52, "too busy")), nil, long, Fail, ReasonStatus, "the server says no to BIND: Unavailable (52): too busy"},
		{"farewell without a reason", ldapScript(t, ldapResult(0, opExtendedResponse, 0, "")), tls, long, Fail, ReasonProtocol, "malformed"},
		{"http", ldapScript(t, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")), nil, long, Fail, ReasonProtocol, "the peer does not speak LDAP"},
		{"indefinite length", ldapScript(t, []byte{0x30, 0x80, 2, 1, 1, 0, 0}), nil, long, Fail, ReasonProtocol, "the peer does not speak LDAP"},
		{"long length", ldapScript(t, []byte{0x30, 0xff, 1, 1, 1, 1, 1, 1, 1, 1}), nil, long, Fail, ReasonProtocol, "the peer does not speak LDAP"},
		{"1 GB", ldapScript(t, []byte{0x30, 0x84, 0x3f, 0xff, 0xff, 0xff, 2, 1, 1}), nil, long, Fail, ReasonProtocol, "more than the 64 KiB"},
		{"1 GB within", ldapScript(t, []byte{0x30, 9, 2, 1, 1, 0x61, 0x84, 0x3f, 0xff, 0xff, 0xff}), nil, long, Fail, ReasonProtocol, "malformed"},
		{"other id", ldapScript(t, ldapResult(7, opBound, 0, "")), nil, long, Fail, ReasonProtocol, "an answer to another request"},
		{"other kind", ldapScript(t, ldapResult(1, opDone, 0, "")), nil, long, Fail, ReasonProtocol, "an answer of another kind"},
		{"empty result", ldapScript(t, ldapMessage(1, ber(opBound))), nil, long, Fail, ReasonProtocol, "a result that is none"},
		{"empty entry", ldapScript(t, bound, ldapMessage(2, ber(opEntry))), nil, long, Fail, ReasonProtocol, "an entry that is none"},
		{"unknown code", ldapScript(t, ldapResult(1, opBound, 99999, "so there")), nil, long, Fail, ReasonStatus, "the server says no to BIND: Result (99999): so there"},
		{"endless entries", endless(1, entry), nil, long, Unknown, ReasonInternal, "the entries are more than the 64 KiB"},
		{"endless news", endless(0, ldapMessage(1, ber(opIntermediate))), nil, long, Fail, ReasonProtocol, "more than the 64 KiB"},
		{"repeats the password", ldapScript(t, ldapResult(1, opBound, 49, "not "+mailSecret)), nil, long, Fail, ReasonStatus, "Invalid Credentials (49): not (redacted)"},
		{"good", ldapScript(t, bound, append(entry, ldapResult(2, opDone, 0, "")...)), nil, long, Pass, "", "1 entry, plain text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := LDAPOptions{Address: tt.address, BindDN: ldapProbeDN, Password: mailSecret, Base: "dc=example,dc=com"}
			if tt.change != nil {
				tt.change(&o)
			}
			r := probing(t, "ldap", &o, tt.timeout)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, mailSecret)
			if r.Duration > 2*time.Second {
				t.Errorf("took %v", r.Duration)
			}
		})
	}
}

func TestLDAPOptions(t *testing.T) {
	with := func(change func(*LDAPOptions), strict bool) error {
		o := &LDAPOptions{Address: "ldap.example.com:389", StartTLS: true, BindDN: ldapProbeDN, Password: mailSecret, Base: "dc=example,dc=com", Filter: "(uid=probe)"}
		change(o)
		_, err := Compile(Check{ID: "it", Kind: "ldap", Every: time.Second, Timeout: time.Second, Options: o, Strict: strict})
		return err
	}
	if err := with(func(*LDAPOptions) {}, true); err != nil {
		t.Errorf("good options: %v", err)
	}
	for _, tt := range []struct {
		key    string
		change func(*LDAPOptions)
	}{
		{"address", func(o *LDAPOptions) { o.Address = "ldap.example.com" }},
		{"bind_dn", func(o *LDAPOptions) { o.BindDN = "" }},
		{"bind_dn", func(o *LDAPOptions) { o.Password = "" }},
		{"base", func(o *LDAPOptions) { o.Base = "" }},
		{"base", func(o *LDAPOptions) { o.Base, o.Filter, o.Expect = "", "", []string{"entries > 0"} }},
		{"scope", func(o *LDAPOptions) { o.Scope = "all" }},
		{"filter", func(o *LDAPOptions) { o.Filter = "uid=probe" }},
		{"filter", func(o *LDAPOptions) { o.Filter = "(uid=probe" }},
		{"expect_entries_min", func(o *LDAPOptions) { o.ExpectEntriesMin = -1 }},
		{"ca_file", func(o *LDAPOptions) { o.CAFile, o.StartTLS = "x", false }},
		{"expect", func(o *LDAPOptions) { o.Expect = []string{"status == 1"} }},
		{"degraded_over", func(o *LDAPOptions) { o.DegradedOver = -1 }},
	} {
		err := with(tt.change, false)
		if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Key != tt.key {
			t.Errorf("%s: got %v", tt.key, err)
		}
	}
	for _, change := range []func(*LDAPOptions){
		func(o *LDAPOptions) { o.CAFile = "/dev/null" },
		func(o *LDAPOptions) { o.Password, o.PasswordFile = "", "/dev/null" },
	} {
		if err := with(change, true); err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
}

func FuzzBER(f *testing.F) {
	f.Add(ldapResult(1, opBound, 49, "no"))
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
