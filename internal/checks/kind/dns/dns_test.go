//go:build linux

package dns

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// acmeZone is what the test's unbound knows.
const acmeZone = `
local-zone: "acme.example." static
local-data: 'acme.example. 300 SOA ns1.acme.example. admin.acme.example. 7 7200 3600 1209600 300'
local-data: 'acme.example. 300 NS ns1.acme.example.'
local-data: 'acme.example. 300 NS ns2.acme.example.'
local-data: 'acme.example. 300 MX 10 Mail.acme.example.'
local-data: 'acme.example. 300 TXT "v=spf1 -all"'
local-data: 'acme.example. 300 TXT "one; " "two"'
local-data: 'acme.example. 300 CAA 0 issue "ca.example.net"'
local-data: 'shop.acme.example. 300 A 192.0.2.1'
local-data: 'shop.acme.example. 300 A 192.0.2.2'
local-data: 'shop.acme.example. 300 AAAA 2001:db8::1'
local-data: 'www.acme.example. 300 CNAME shop.acme.example.'
local-data: '_sip._udp.acme.example. 300 SRV 10 5 5060 sip.acme.example.'
local-data-ptr: "192.0.2.1 300 shop.acme.example."
local-zone: "closed.example." always_refuse
`

// startUnbound runs a name server with that zone, on a port for UDP and TCP,
// and another for TLS.
func startUnbound(t *testing.T, cert, key string) (plain, secure string, stop func()) {
	t.Helper()
	const program = "/usr/sbin/unbound"
	probetest.NeedPackage(t, program, "unbound")
	dir := t.TempDir()
	ports := probetest.UnusedPorts(t, 2)
	zone := acmeZone
	for i := range 40 { // more than fits a datagram
		zone += fmt.Sprintf("local-data: 'large.acme.example. 300 TXT \"%02d %s\"'\n", i, strings.Repeat("x", 60))
	}
	conf := filepath.Join(dir, "unbound.conf")
	probetest.OK(t, os.WriteFile(conf, fmt.Appendf(nil, `server:
directory: "%[1]s"
chroot: ""
username: ""
pidfile: ""
use-syslog: no
do-daemonize: no
num-threads: 1
module-config: "iterator"
interface: 127.0.0.1@%[2]d
interface: 127.0.0.1@%[3]d
tls-port: %[3]d
tls-service-pem: "%[4]s"
tls-service-key: "%[5]s"
%[6]s
stub-zone:
name: "broken.example."
stub-addr: 127.0.0.1@1 # which it does not ask: do-not-query-localhost
`, dir, ports[0], ports[1], cert, key, zone), 0o600))
	stop = probetest.StartListening(t, ports[0], program, "-d", "-p", "-c", conf)
	return probetest.Local(ports[0]), probetest.Local(ports[1]), stop
}

func options(resolver, kind, name string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Type, o.Name = kind, name
	if resolver != "" {
		o.Resolver = probe.Resolvers{resolver}
	}
	for _, f := range change {
		f(o)
	}
	return o
}

func TestDNSAgainstUnbound(t *testing.T) {
	ca := probetest.NewTLSAuthority(t, "Acme Root", 100*probe.Day)
	otherCA := probetest.NewTLSAuthority(t, "Other Root", 100*probe.Day)
	cert, key := ca.Issue("ns1.acme.example", 90*probe.Day)
	plain, secure, stop := startUnbound(t, cert, key)

	expect := func(list ...string) func(*Options) { return func(o *Options) { o.Expect = list } }
	exactly := func(list ...string) func(*Options) { return func(o *Options) { o.Exactly = list } }
	rcode := func(code string) func(*Options) { return func(o *Options) { o.RCode = []string{code} } }
	least := func(n int) func(*Options) { return func(o *Options) { o.MinAnswers = n } }
	tcp := func(o *Options) { o.Transport = "tcp" }
	overTLS := func(o *Options) {
		o.Resolver, o.Transport, o.ServerName, o.CAFile = probe.Resolvers{secure}, "tls", "ns1.acme.example", ca.File
	}
	type changes []func(*Options)
	for _, tt := range []struct {
		name, kind, query string
		change            changes
		outcome           checks.Outcome
		reason            checks.Reason
		summary           string
		evidence          string
	}{
		{"A", "A", "shop.acme.example", changes{expect("192.0.2.2"), least(2)}, checks.Pass, "", "2 answers: 192.0.2.", ""},
		{"exactly", "A", "shop.acme.example.", changes{exactly("192.0.2.2", "192.0.2.1")}, checks.Pass, "", "2 answers: ", ""},
		{"AAAA", "aaaa", "shop.acme.example", changes{exactly("2001:DB8:0::1")}, checks.Pass, "", "1 answer: 2001:db8::1", ""},
		{"CNAME", "CNAME", "www.acme.example", changes{exactly("shop.acme.example")}, checks.Pass, "", "1 answer: shop.acme.example.", ""},
		{"MX", "MX", "acme.example", changes{exactly("10 mail.acme.example.")}, checks.Pass, "", "10 mail.acme.example.", ""},
		{"TXT", "TXT", "acme.example", changes{exactly("v=spf1 -all", "one; two")}, checks.Pass, "", `"one; two"`, ""},
		{"NS", "NS", "acme.example", changes{expect("NS2.acme.example")}, checks.Pass, "", "2 answers: ns", ""},
		{"SRV", "SRV", "_sip._udp.acme.example", changes{exactly("10 5 5060 sip.acme.example")}, checks.Pass, "", "10 5 5060", ""},
		{"CAA", "CAA", "acme.example", changes{exactly(`0 issue "ca.example.net"`)}, checks.Pass, "", `0 issue "ca.example.net"`, ""},
		{"SOA", "SOA", "acme.example", changes{least(1)}, checks.Pass, "", " 7 7200 3600 1209600 300", ""},
		{"PTR of an address", "PTR", "192.0.2.1", changes{exactly("shop.acme.example")}, checks.Pass, "", "1 answer: shop", ""},
		{"TCP", "A", "shop.acme.example", changes{tcp, least(2)}, checks.Pass, "", "2 answers", ""},
		{"TLS", "A", "shop.acme.example", changes{overTLS, least(2)}, checks.Pass, "", "2 answers", ""},
		{"cut short over UDP", "TXT", "large.acme.example", changes{least(40)}, checks.Pass, "", "40 answers", ""},
		{"NXDOMAIN wanted", "A", "gone.acme.example", changes{rcode("nxdomain")}, checks.Pass, "", "NXDOMAIN, as expected", ""},
		{"nothing wanted", "AAAA", "acme.example", changes{least(0)}, checks.Pass, "", "no AAAA record", ""},

		{"wrong answer", "A", "shop.acme.example", changes{expect("192.0.2.1", "192.0.2.9")}, checks.Fail, checks.ReasonAssertion, `lacks "192.0.2.9" in 2 answers: 192.0.2.`, "NOERROR, authoritative\nshop.acme.example.\t300\tIN\tA\t192.0.2."},
		{"one more", "A", "shop.acme.example", changes{exactly("192.0.2.1")}, checks.Fail, checks.ReasonAssertion, `has "192.0.2.2" beside what is expected, in 2 answers`, "192.0.2.2"},
		{"too few", "A", "shop.acme.example", changes{least(3)}, checks.Fail, checks.ReasonAssertion, "expected at least 3, has 2 answers: ", "192.0.2.2"},
		{"TXT in another case", "TXT", "acme.example", changes{expect("V=SPF1 -all")}, checks.Fail, checks.ReasonAssertion, `lacks "V=SPF1 -all"`, "one; "},
		{"no record", "AAAA", "acme.example", nil, checks.Fail, checks.ReasonDNS, "the name has no AAAA record", "NOERROR"},
		{"NXDOMAIN", "A", "gone.acme.example", nil, checks.Fail, checks.ReasonDNS, "the answer is NXDOMAIN, expected NOERROR", "authority: acme.example."},
		{"exists, NXDOMAIN wanted", "A", "shop.acme.example", changes{rcode("NXDOMAIN")}, checks.Fail, checks.ReasonDNS, "the answer is NOERROR, expected NXDOMAIN", "192.0.2.1"},
		{"REFUSED", "A", "closed.example", nil, checks.Fail, checks.ReasonDNS, "the answer is REFUSED, expected NOERROR", "REFUSED"},
		{"SERVFAIL", "A", "broken.example", nil, checks.Fail, checks.ReasonDNS, "the answer is SERVFAIL, expected NOERROR", "SERVFAIL"},
		{"TLS, unknown authority", "A", "shop.acme.example", changes{overTLS, func(o *Options) { o.CAFile = otherCA.File }}, checks.Fail, checks.ReasonTLS, "signed by an unknown authority", ""},
		{"TLS, other name", "A", "shop.acme.example", changes{overTLS, func(o *Options) { o.ServerName = "" }}, checks.Fail, checks.ReasonTLS, `the certificate is for ns1.acme.example, not "127.0.0.1"`, ""},
		{"TCP to the port for TLS", "A", "shop.acme.example", changes{tcp, func(o *Options) { o.Resolver = probe.Resolvers{secure} }}, checks.Fail, checks.ReasonReset, "the connection while waiting for the answer", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(plain, tt.kind, tt.query, tt.change...)
			r := probetest.Probing(t, &Kind, o, time.Minute)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if (r.Phases.TLS > 0) != (o.Transport == "tls") || r.Phases.Connect <= 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
			switch {
			case tt.outcome == checks.Pass:
				if r.Evidence != nil || r.Phases.FirstByte <= 0 {
					t.Errorf("evidence %+v, phases %+v of a pass", r.Evidence, r.Phases)
				}
			case r.Evidence == nil || r.Evidence.Remote != o.Resolver[0] || !strings.Contains(r.Evidence.Output, tt.evidence):
				t.Errorf("evidence %+v, want %q", r.Evidence, tt.evidence)
			}
		})
	}
	// A name server for plain text waits for the rest of what it takes for a query.
	r := probetest.Until(t, &Kind, options(plain, "A", "shop.acme.example", overTLS, func(o *Options) { o.Resolver = probe.Resolvers{plain} }), 150*time.Millisecond, "while negotiating TLS")
	probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while negotiating TLS")

	stop()
	for _, transport := range []string{"udp", "tcp"} {
		r := probetest.Probing(t, &Kind, options(plain, "A", "shop.acme.example", func(o *Options) { o.Transport = transport }), time.Minute)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonConnect, "no connection: connection refused")
	}
}

func TestDNSStrangeServers(t *testing.T) {
	const long, short = time.Minute, 150 * time.Millisecond
	reply := func(query []byte, change func(*dns.Msg)) []byte {
		var m dns.Msg
		if m.Unpack(query) != nil {
			return nil
		}
		m.Response = true
		rr, _ := dns.NewRR(m.Question[0].Name + " 60 IN A 192.0.2.1")
		m.Answer = []dns.RR{rr}
		change(&m)
		packet, _ := m.Pack()
		return packet
	}
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		answer  func(query []byte) [][]byte
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"silent", short, func([]byte) [][]byte { return nil }, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
		{"forged before the answer", long, func(q []byte) [][]byte {
			return [][]byte{
				reply(q, func(m *dns.Msg) { m.Id++; m.Answer = nil }),
				q, // no answer at all
				reply(q, func(*dns.Msg) {}),
			}
		}, checks.Pass, "", "1 answer: 192.0.2.1"},
		{"forged only", short, func(q []byte) [][]byte { return [][]byte{reply(q, func(m *dns.Msg) { m.Id++ })} }, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
		{"garbage before the answer", time.Minute, func(q []byte) [][]byte {
			good := reply(q, func(*dns.Msg) {})
			return [][]byte{
				[]byte("hello"), {},
				append([]byte{^q[0], q[1]}, good[2:len(good)-3]...), // of another id
				good[:len(good)-3],
				reply(q, func(m *dns.Msg) { m.Question[0].Name = "other.example." }),
				reply(q, func(m *dns.Msg) { m.Question = nil }),
				good,
			}
		}, checks.Pass, "", "1 answer: 192.0.2.1"},
		{"counts more than it has", short, func(q []byte) [][]byte {
			r := reply(q, func(m *dns.Msg) { m.Extra = nil })
			r[7]++ // of answers
			return [][]byte{r}
		}, checks.Fail, checks.ReasonProtocol, "the answer is malformed; no other came in "},
		{"malformed", short, func(q []byte) [][]byte { r := reply(q, func(*dns.Msg) {}); return [][]byte{r[:len(r)-3]} }, checks.Fail, checks.ReasonProtocol, "the answer is malformed"},
		{"a few bytes", short, func([]byte) [][]byte { return [][]byte{[]byte("hello")} }, checks.Fail, checks.ReasonProtocol, "the answer is malformed"},
		{"refers elsewhere", long, func(q []byte) [][]byte {
			return [][]byte{reply(q, func(m *dns.Msg) {
				ns, _ := dns.NewRR("example. 60 IN NS ns.example.")
				m.Answer, m.Ns = nil, []dns.RR{ns}
			})}
		}, checks.Fail, checks.ReasonDNS, "the server does not know the name, and refers to other name servers"},
		{"an alias that leads elsewhere", long, func(q []byte) [][]byte {
			return [][]byte{reply(q, func(m *dns.Msg) {
				to, _ := dns.NewRR(m.Question[0].Name + " 60 IN CNAME shop.cdn.example.")
				ns, _ := dns.NewRR("cdn.example. 60 IN NS ns.cdn.example.")
				m.Answer, m.Ns = []dns.RR{to}, []dns.RR{ns}
			})}
		}, checks.Fail, checks.ReasonDNS, "the name is an alias of shop.cdn.example, for which the server refers to other name servers"},
		{"no such record, and who is in charge", long, func(q []byte) [][]byte {
			return [][]byte{reply(q, func(m *dns.Msg) {
				ns, _ := dns.NewRR("example. 60 IN NS ns.example.")
				m.Answer, m.Ns, m.RecursionAvailable = nil, []dns.RR{ns}, true
			})}
		}, checks.Fail, checks.ReasonDNS, "the name has no A record"},
		{"another question", short, func(q []byte) [][]byte {
			return [][]byte{reply(q, func(m *dns.Msg) { m.Question[0].Name = "other.example." })}
		}, checks.Fail, checks.ReasonProtocol, "the answer is to another question"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			probetest.WantResult(t, probetest.Until(t, &Kind, options(probetest.Datagrams(t, tt.answer), "A", "shop.acme.example"), tt.timeout, tt.summary), tt.outcome, tt.reason, tt.summary)
		})
	}
	tcp := func(o *Options) { o.Transport = "tcp" }
	closing := probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) })
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(closing, "A", "shop.acme.example", tcp), long), checks.Fail, checks.ReasonReset, "the peer closed the connection while waiting for the answer")
	web := probetest.Serve(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(web, "A", "shop.acme.example", tcp), long), checks.Fail, checks.ReasonReset, "the peer closed the connection")
}

func TestDNSSystemResolver(t *testing.T) {
	p, err := newProber(checks.Check{Kind: "dns", Options: options("", "A", "shop.acme.example")})
	probetest.OK(t, err)
	if p.system != "/etc/resolv.conf" {
		t.Errorf("reads %q", p.system)
	}
	p.system = filepath.Join(t.TempDir(), "resolv.conf")
	probetest.WantResult(t, p.run(t.Context()), checks.Unknown, checks.ReasonInternal, "no resolver is named in ")
	probetest.OK(t, os.WriteFile(p.system, []byte("search acme.example\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n"), 0o600))
	if to, ok := p.targetOf(p.servers[0]); !ok || to.Address != "192.0.2.53:53" {
		t.Errorf("got %v %v", to, ok)
	}
}

func TestDNSOptions(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"name is not a name; write":                    func(o *Options) { o.Name = "" },
		"name is not a name":                           func(o *Options) { o.Name = "https://shop.example" },
		"name is an address; write a name, or type":    func(o *Options) { o.Name = "127.0.0.1" },
		"type is not a type":                           func(o *Options) { o.Type = "ANY" },
		"transport is not a transport":                 func(o *Options) { o.Transport = "https" },
		"resolver is empty":                            func(o *Options) { o.Resolver, o.Transport = nil, "tls" },
		"resolver is not an address with a port":       func(o *Options) { o.Resolver = probe.Resolvers{":53"} },
		"server_name means nothing without TLS":        func(o *Options) { o.ServerName = "ns1.example" },
		"ca_file means nothing without TLS":            func(o *Options) { o.CAFile = "ca.pem" },
		"ca_file cannot be read":                       func(o *Options) { o.CAFile, o.Transport, o.Dir = "ca.pem", "tls", t.TempDir() },
		"rcode is not a response code":                 func(o *Options) { o.RCode = []string{"NOERROR", "NONE"} },
		"rcode is not NOERROR, so there":               func(o *Options) { o.RCode, o.Expect = []string{"NXDOMAIN", "REFUSED"}, []string{"192.0.2.1"} },
		"matches[1] is not a regular expression":       func(o *Options) { o.Matches = []string{"^v=", "("} },
		"expect does not go with exactly":              func(o *Options) { o.Exactly, o.Expect = []string{"192.0.2.1"}, []string{"192.0.2.1"} },
		"min_answers is less than 0":                   func(o *Options) { o.MinAnswers = -1 },
		"min_answers is more than exactly has":         func(o *Options) { o.Exactly, o.MinAnswers = []string{"192.0.2.1"}, 2 },
		"expect[0] is not an answer of type TLSA":      func(o *Options) { o.Type, o.Expect = "TLSA", []string{"3 1 1 zz"} },
		"exactly[0] is not an answer of type SSHFP":    func(o *Options) { o.Type, o.Exactly = "SSHFP", []string{"4 2 123"} },
		"expect[0] is not an answer of type DNSKEY":    func(o *Options) { o.Type, o.Expect = "DNSKEY", []string{"257 3 13 a*b"} },
		"expect[1] is not an answer of type A":         func(o *Options) { o.Expect = []string{"192.0.2.1", "shop"} },
		"exactly[0] is not an answer of type MX; wr":   func(o *Options) { o.Type, o.Exactly = "MX", []string{"mail.example"} },
		"exactly[0] is not an answer of type TXT; wri": func(o *Options) { o.Type, o.Exactly = "TXT", []string{""} },
		"expect[0] is not an answer of type NS; write": func(o *Options) { o.Type, o.Expect = "NS", []string{"a.example\n$INCLUDE x"} },
	} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "dns", Every: 1, Timeout: 1, Options: options("192.0.2.1:53", "A", "shop.example", change)})
		option, ok := errors.AsType[*probe.OptionError](err)
		if !ok || !strings.HasPrefix(option.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for kind := range types {
		p := &prober{kind: kind}
		got, err := p.readAnswers("expect", []string{answerExamples[kind]})
		if err != nil || slices.Contains(got, "") {
			t.Errorf("the example for %s: %q, %v", kind, got, err)
		}
	}
}
