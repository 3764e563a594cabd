//go:build linux

package checks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
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
	needPackage(t, program, "unbound")
	dir := t.TempDir()
	ports := unusedPorts(t, 2)
	zone := acmeZone
	for i := range 40 { // more than fits a datagram
		zone += fmt.Sprintf("local-data: 'large.acme.example. 300 TXT \"%02d %s\"'\n", i, strings.Repeat("x", 60))
	}
	conf := filepath.Join(dir, "unbound.conf")
	check(t, os.WriteFile(conf, fmt.Appendf(nil, `server:
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
	stop = startListening(t, ports[0], program, "-d", "-p", "-c", conf)
	return local(ports[0]), local(ports[1]), stop
}

func dnsOptions(resolver, kind, name string, change ...func(*DNSOptions)) *DNSOptions {
	o := dnsKind.Options().(*DNSOptions)
	o.Resolver, o.Type, o.Name = resolver, kind, name
	for _, f := range change {
		f(o)
	}
	return o
}

func TestDNSAgainstUnbound(t *testing.T) {
	ca := newTLSAuthority(t, "Acme Root", 100*day)
	otherCA := newTLSAuthority(t, "Other Root", 100*day)
	cert, key := ca.issue("ns1.acme.example", 90*day)
	plain, secure, stop := startUnbound(t, cert, key)

	expect := func(list ...string) func(*DNSOptions) { return func(o *DNSOptions) { o.Expect = list } }
	exactly := func(list ...string) func(*DNSOptions) { return func(o *DNSOptions) { o.Exactly = list } }
	rcode := func(code string) func(*DNSOptions) { return func(o *DNSOptions) { o.RCode = code } }
	least := func(n int) func(*DNSOptions) { return func(o *DNSOptions) { o.MinAnswers = n } }
	tcp := func(o *DNSOptions) { o.Transport = "tcp" }
	overTLS := func(o *DNSOptions) {
		o.Resolver, o.Transport, o.ServerName, o.CAFile = secure, "tls", "ns1.acme.example", ca.file
	}
	type changes []func(*DNSOptions)
	for _, tt := range []struct {
		name, kind, query string
		change            changes
		outcome           Outcome
		reason            Reason
		summary           string
		evidence          string
	}{
		{"A", "A", "shop.acme.example", changes{expect("192.0.2.2"), least(2)}, Pass, "", "2 answers: 192.0.2.", ""},
		{"exactly", "A", "shop.acme.example.", changes{exactly("192.0.2.2", "192.0.2.1")}, Pass, "", "2 answers: ", ""},
		{"AAAA", "aaaa", "shop.acme.example", changes{exactly("2001:DB8:0::1")}, Pass, "", "1 answer: 2001:db8::1", ""},
		{"CNAME", "CNAME", "www.acme.example", changes{exactly("shop.acme.example")}, Pass, "", "1 answer: shop.acme.example.", ""},
		{"MX", "MX", "acme.example", changes{exactly("10 mail.acme.example.")}, Pass, "", "10 mail.acme.example.", ""},
		{"TXT", "TXT", "acme.example", changes{exactly("v=spf1 -all", "one; two")}, Pass, "", `"one; two"`, ""},
		{"NS", "NS", "acme.example", changes{expect("NS2.acme.example")}, Pass, "", "2 answers: ns", ""},
		{"SRV", "SRV", "_sip._udp.acme.example", changes{exactly("10 5 5060 sip.acme.example")}, Pass, "", "10 5 5060", ""},
		{"CAA", "CAA", "acme.example", changes{exactly(`0 issue "ca.example.net"`)}, Pass, "", `0 issue "ca.example.net"`, ""},
		{"SOA", "SOA", "acme.example", changes{least(1)}, Pass, "", " 7 7200 3600 1209600 300", ""},
		{"PTR of an address", "PTR", "192.0.2.1", changes{exactly("shop.acme.example")}, Pass, "", "1 answer: shop", ""},
		{"TCP", "A", "shop.acme.example", changes{tcp, least(2)}, Pass, "", "2 answers", ""},
		{"TLS", "A", "shop.acme.example", changes{overTLS, least(2)}, Pass, "", "2 answers", ""},
		{"cut short over UDP", "TXT", "large.acme.example", changes{least(40)}, Pass, "", "40 answers", ""},
		{"NXDOMAIN wanted", "A", "gone.acme.example", changes{rcode("nxdomain")}, Pass, "", "NXDOMAIN, as expected", ""},
		{"nothing wanted", "AAAA", "acme.example", changes{least(0)}, Pass, "", "no AAAA record", ""},

		{"wrong answer", "A", "shop.acme.example", changes{expect("192.0.2.1", "192.0.2.9")}, Fail, ReasonAssertion, `lacks "192.0.2.9" in 2 answers: 192.0.2.`, "NOERROR, authoritative\nshop.acme.example.\t300\tIN\tA\t192.0.2."},
		{"one more", "A", "shop.acme.example", changes{exactly("192.0.2.1")}, Fail, ReasonAssertion, `has "192.0.2.2" beside what is expected, in 2 answers`, "192.0.2.2"},
		{"too few", "A", "shop.acme.example", changes{least(3)}, Fail, ReasonAssertion, "expected at least 3, has 2 answers: ", "192.0.2.2"},
		{"TXT in another case", "TXT", "acme.example", changes{expect("V=SPF1 -all")}, Fail, ReasonAssertion, `lacks "V=SPF1 -all"`, "one; "},
		{"no record", "AAAA", "acme.example", nil, Fail, ReasonDNS, "the name has no AAAA record", "NOERROR"},
		{"NXDOMAIN", "A", "gone.acme.example", nil, Fail, ReasonDNS, "the answer is NXDOMAIN, expected NOERROR", "authority: acme.example."},
		{"exists, NXDOMAIN wanted", "A", "shop.acme.example", changes{rcode("NXDOMAIN")}, Fail, ReasonDNS, "the answer is NOERROR, expected NXDOMAIN", "192.0.2.1"},
		{"REFUSED", "A", "closed.example", nil, Fail, ReasonDNS, "the answer is REFUSED, expected NOERROR", "REFUSED"},
		{"SERVFAIL", "A", "broken.example", nil, Fail, ReasonDNS, "the answer is SERVFAIL, expected NOERROR", "SERVFAIL"},
		{"TLS, unknown authority", "A", "shop.acme.example", changes{overTLS, func(o *DNSOptions) { o.CAFile = otherCA.file }}, Fail, ReasonTLS, "signed by an unknown authority", ""},
		{"TLS, other name", "A", "shop.acme.example", changes{overTLS, func(o *DNSOptions) { o.ServerName = "" }}, Fail, ReasonTLS, `the certificate is for ns1.acme.example, not "127.0.0.1"`, ""},
		{"TCP to the port for TLS", "A", "shop.acme.example", changes{tcp, func(o *DNSOptions) { o.Resolver = secure }}, Fail, ReasonReset, "the connection while waiting for the answer", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := dnsOptions(plain, tt.kind, tt.query, tt.change...)
			r := probing(t, "dns", o, 5*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if (r.Phases.TLS > 0) != (o.Transport == "tls") || r.Phases.Connect <= 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
			switch {
			case tt.outcome == Pass:
				if r.Evidence != nil || r.Phases.FirstByte <= 0 {
					t.Errorf("evidence %+v, phases %+v of a pass", r.Evidence, r.Phases)
				}
			case r.Evidence == nil || r.Evidence.Remote != o.Resolver || !strings.Contains(r.Evidence.Output, tt.evidence):
				t.Errorf("evidence %+v, want %q", r.Evidence, tt.evidence)
			}
		})
	}
	// A name server for plain text waits for the rest of what it takes for a query.
	r := probing(t, "dns", dnsOptions(plain, "A", "shop.acme.example", overTLS, func(o *DNSOptions) { o.Resolver = plain }), 150*time.Millisecond)
	wantResult(t, r, Fail, ReasonTimeout, "time-out after 150 ms while negotiating TLS")

	stop()
	for _, transport := range []string{"udp", "tcp"} {
		r := probing(t, "dns", dnsOptions(plain, "A", "shop.acme.example", func(o *DNSOptions) { o.Transport = transport }), 5*time.Second)
		wantResult(t, r, Fail, ReasonConnect, "no connection: connection refused")
	}
}

// datagrams answers each datagram with those that answer makes of it.
func datagrams(t *testing.T, answer func(query []byte) [][]byte) (address string) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		query := make([]byte, 2048)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			for _, a := range answer(query[:n]) {
				_, _ = server.WriteTo(a, from)
			}
		}
	})
	t.Cleanup(func() {
		server.Close()
		wg.Wait()
	})
	return server.LocalAddr().String()
}

func TestDNSStrangeServers(t *testing.T) {
	const long, short = 5 * time.Second, 150 * time.Millisecond
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
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"silent", short, func([]byte) [][]byte { return nil }, Fail, ReasonTimeout, "time-out after 150 ms while waiting for the answer"},
		{"forged before the answer", long, func(q []byte) [][]byte {
			return [][]byte{
				reply(q, func(m *dns.Msg) { m.Id++; m.Answer = nil }),
				q, // no answer at all
				reply(q, func(*dns.Msg) {}),
			}
		}, Pass, "", "1 answer: 192.0.2.1"},
		{"forged only", short, func(q []byte) [][]byte { return [][]byte{reply(q, func(m *dns.Msg) { m.Id++ })} }, Fail, ReasonTimeout, "while waiting for the answer"},
		{"malformed", long, func(q []byte) [][]byte { r := reply(q, func(*dns.Msg) {}); return [][]byte{r[:len(r)-3]} }, Fail, ReasonProtocol, "the answer is malformed"},
		{"a few bytes", long, func([]byte) [][]byte { return [][]byte{[]byte("hello")} }, Fail, ReasonProtocol, "the answer is malformed"},
		{"another question", long, func(q []byte) [][]byte {
			return [][]byte{reply(q, func(m *dns.Msg) { m.Question[0].Name = "other.example." })}
		}, Fail, ReasonProtocol, "the answer is to another question"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantResult(t, probing(t, "dns", dnsOptions(datagrams(t, tt.answer), "A", "shop.acme.example"), tt.timeout), tt.outcome, tt.reason, tt.summary)
		})
	}
	tcp := func(o *DNSOptions) { o.Transport = "tcp" }
	closing := serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 4096)) })
	wantResult(t, probing(t, "dns", dnsOptions(closing, "A", "shop.acme.example", tcp), long), Fail, ReasonReset, "the peer closed the connection while waiting for the answer")
	web := serve(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	wantResult(t, probing(t, "dns", dnsOptions(web, "A", "shop.acme.example", tcp), long), Fail, ReasonReset, "the peer closed the connection")
}

func TestDNSSystemResolver(t *testing.T) {
	p, err := newDNSProbe(Check{Kind: "dns", Options: dnsOptions("", "A", "shop.acme.example")})
	check(t, err)
	if p.system != "/etc/resolv.conf" {
		t.Errorf("reads %q", p.system)
	}
	p.system = filepath.Join(t.TempDir(), "resolv.conf")
	wantResult(t, p.run(t.Context()), Unknown, ReasonInternal, "no resolver is named in ")
	check(t, os.WriteFile(p.system, []byte("search acme.example\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n"), 0o600))
	if to, ok := p.resolver(); !ok || to.address != "192.0.2.53:53" {
		t.Errorf("got %v %v", to, ok)
	}
}

func TestDNSOptions(t *testing.T) {
	for want, change := range map[string]func(*DNSOptions){
		"name is not a name; write":                    func(o *DNSOptions) { o.Name = "" },
		"name is not a name":                           func(o *DNSOptions) { o.Name = "https://shop.example" },
		"type is not a type":                           func(o *DNSOptions) { o.Type = "ANY" },
		"transport is not a transport":                 func(o *DNSOptions) { o.Transport = "https" },
		"resolver is empty":                            func(o *DNSOptions) { o.Resolver, o.Transport = "", "tls" },
		"resolver is not an address with a port":       func(o *DNSOptions) { o.Resolver = "192.0.2.1" },
		"server_name means nothing without TLS":        func(o *DNSOptions) { o.ServerName = "ns1.example" },
		"ca_file means nothing without TLS":            func(o *DNSOptions) { o.CAFile = "ca.pem" },
		"ca_file cannot be read":                       func(o *DNSOptions) { o.CAFile, o.Transport, o.Dir = "ca.pem", "tls", t.TempDir() },
		"rcode is not a response code":                 func(o *DNSOptions) { o.RCode = "NONE" },
		"rcode is not NOERROR, so there":               func(o *DNSOptions) { o.RCode, o.Expect = "NXDOMAIN", []string{"192.0.2.1"} },
		"expect does not go with exactly":              func(o *DNSOptions) { o.Exactly, o.Expect = []string{"192.0.2.1"}, []string{"192.0.2.1"} },
		"min_answers is less than 0":                   func(o *DNSOptions) { o.MinAnswers = -1 },
		"expect[1] is not an answer of type A":         func(o *DNSOptions) { o.Expect = []string{"192.0.2.1", "shop"} },
		"exactly[0] is not an answer of type MX; wr":   func(o *DNSOptions) { o.Type, o.Exactly = "MX", []string{"mail.example"} },
		"exactly[0] is not an answer of type TXT; wri": func(o *DNSOptions) { o.Type, o.Exactly = "TXT", []string{""} },
		"expect[0] is not an answer of type NS; write": func(o *DNSOptions) { o.Type, o.Expect = "NS", []string{"a.example\n$INCLUDE x"} },
	} {
		_, err := Compile(Check{ID: "it", Kind: "dns", Every: 1, Timeout: 1, Options: dnsOptions("192.0.2.1:53", "A", "shop.example", change)})
		option, ok := errors.AsType[*OptionError](err)
		if !ok || !strings.HasPrefix(option.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for kind := range dnsTypes {
		p := &dnsProbe{kind: kind}
		got, err := p.readAnswers("expect", []string{answerExamples[kind]})
		if err != nil || slices.Contains(got, "") {
			t.Errorf("the example for %s: %q, %v", kind, got, err)
		}
	}
}
