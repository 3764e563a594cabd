package kinds

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/kind/icmp"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// oddServer is a name server over UDP and TCP of one port that answers with what say
// makes of a query; nil is silence.
func oddServer(t *testing.T, say func(q *dns.Msg, network string) *dns.Msg) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	probetest.OK(t, err)
	conn, err := net.ListenPacket("udp", l.Addr().String())
	probetest.OK(t, err)
	handler := func(network string) dns.Handler {
		return dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			if m := say(q, network); m != nil {
				_ = w.WriteMsg(m)
			}
		})
	}
	done := make(chan struct{}, 2)
	for _, s := range []*dns.Server{{PacketConn: conn, Handler: handler("udp")}, {Listener: l, Handler: handler("tcp")}} {
		go func() { _ = s.ActivateAndServe(); done <- struct{}{} }()
	}
	t.Cleanup(func() { conn.Close(); l.Close(); <-done; <-done })
	return l.Addr().String()
}

func addressOf(t *testing.T, q *dns.Msg, owner string) *dns.Msg {
	t.Helper()
	m := new(dns.Msg).SetReply(q)
	if q.Question[0].Qtype == dns.TypeA {
		rr, err := dns.NewRR(owner + " 60 A 127.0.0.1")
		probetest.OK(t, err)
		m.Answer = append(m.Answer, rr)
	}
	return m
}

// TestOddNameServersOfACheck: what the option resolver asks is judged as kind dns judges
// it: records of another name are none, a name without an address is not one that does
// not exist, and an old server that wants no EDNS is asked without.
func TestOddNameServersOfACheck(t *testing.T) {
	t.Parallel()
	address := probetest.Serve(t, func(c *net.TCPConn) { c.Close() })
	_, port, err := net.SplitHostPort(address)
	probetest.OK(t, err)
	at := oddServer(t, func(q *dns.Msg, network string) *dns.Msg {
		name := q.Question[0].Name
		empty := new(dns.Msg).SetReply(q)
		switch name {
		case "evil.example.":
			return addressOf(t, q, "other.example.")
		case "alias.example.":
			m := addressOf(t, q, "end.example.")
			rr, err := dns.NewRR(name + " 60 CNAME END.example.")
			probetest.OK(t, err)
			m.Answer = append([]dns.RR{rr}, m.Answer...)
			return m
		case "empty.example.":
			return empty
		case "old.example.", "oldest.example.":
			if q.IsEdns0() == nil && name == "old.example." {
				return addressOf(t, q, name)
			}
			empty.Rcode, empty.Question = dns.RcodeFormatError, nil
			return empty
		case "refused.example.":
			return empty.SetRcode(q, dns.RcodeRefused)
		case "long.example.":
			if network == "udp" {
				empty.Truncated = true
				return empty
			}
			return addressOf(t, q, name)
		case "mixed.example.":
			m := addressOf(t, q, strings.ToUpper(name))
			m.Question[0].Name = strings.ToUpper(name)
			return m
		}
		return empty.SetRcode(q, dns.RcodeNameError)
	})
	for host, want := range map[string]string{
		"evil.example": "the name exists, and has no address", "alias.example": "", "empty.example": "the name exists, and has no address",
		"old.example": "", "oldest.example": "the name does not resolve: the name server says FORMERR",
		"refused.example": "the name does not resolve: the name server says REFUSED",
		"long.example":    "", "mixed.example": "", "gone.example": "the name does not exist",
	} {
		o := &tcpkind.Options{Address: host + ":" + port, WayOptions: probe.WayOptions{Resolver: probe.Resolvers{at}}}
		r := probetest.Probing(t, &tcpkind.Kind, o, time.Minute)
		if want == "" {
			probetest.WantResult(t, r, checks.Pass, "", "connected")
			continue
		}
		probetest.WantResult(t, r, checks.Fail, checks.ReasonDNS, want)
	}
}

// TestGarbageBeforeTheAnswerIsPassedOver, as every resolver does: anybody can send it.
// An answer that has less than its header counts is garbage, too.
func TestGarbageBeforeTheAnswerIsPassedOver(t *testing.T) {
	t.Parallel()
	address := probetest.Serve(t, func(c *net.TCPConn) { c.Close() })
	_, port, err := net.SplitHostPort(address)
	probetest.OK(t, err)
	at := probetest.Datagrams(t, func(packet []byte) [][]byte {
		q := new(dns.Msg)
		if q.Unpack(packet) != nil {
			return nil
		}
		m := addressOf(t, q, q.Question[0].Name)
		good, err := m.Pack()
		probetest.OK(t, err)
		m.Answer = nil
		lacking, err := m.Pack()
		probetest.OK(t, err)
		lacking[7] = 2 // answers, of which it has none: else it says that there is no address
		return [][]byte{[]byte("hello"), {}, append([]byte{^good[0]}, good[1:len(good)-3]...), good[:len(good)-3], lacking, good}
	})
	o := &tcpkind.Options{Address: "shop.example:" + port, WayOptions: probe.WayOptions{Resolver: probe.Resolvers{at}, Family: "ipv4"}}
	probetest.WantResult(t, probetest.Probing(t, &tcpkind.Kind, o, time.Minute), checks.Pass, "", "connected")
}

// TestTheNextNameServerIsAsked where one is not there, says nothing, or cannot answer;
// what one says of the name counts.
func TestTheNextNameServerIsAsked(t *testing.T) {
	t.Parallel()
	address := probetest.Serve(t, func(c *net.TCPConn) { c.Close() })
	_, port, err := net.SplitHostPort(address)
	probetest.OK(t, err)
	var asked atomic.Int32
	good := oddServer(t, func(q *dns.Msg, _ string) *dns.Msg {
		asked.Add(1)
		return addressOf(t, q, q.Question[0].Name)
	})
	says := func(code int) string {
		return oddServer(t, func(q *dns.Msg, _ string) *dns.Msg { return new(dns.Msg).SetRcode(q, code) })
	}
	silent := oddServer(t, func(*dns.Msg, string) *dns.Msg { return nil })
	nobody := "127.0.0.1:" + probetest.FreePort(t)
	for _, tt := range []struct {
		name    string
		list    probe.Resolvers
		timeout time.Duration
		want    string
	}{
		{"the first", probe.Resolvers{good, nobody}, time.Minute, ""},
		{"nobody", probe.Resolvers{nobody, good}, time.Minute, ""},
		{"SERVFAIL", probe.Resolvers{says(dns.RcodeServerFailure), good}, time.Minute, ""},
		{"REFUSED", probe.Resolvers{says(dns.RcodeRefused), "", good}, time.Minute, ""},
		{"silent", probe.Resolvers{silent, good}, 400 * time.Millisecond, ""},
		{"no such name", probe.Resolvers{says(dns.RcodeNameError), good}, time.Minute, "the name does not exist"},
		{"none", probe.Resolvers{nobody, nobody}, time.Minute, "there is no name server where it is asked for"},
	} {
		before := asked.Load()
		o := &tcpkind.Options{Address: "a.example:" + port, WayOptions: probe.WayOptions{Resolver: tt.list}}
		said := tt.want
		if said == "" {
			said = "connected"
		}
		r := probetest.Until(t, &tcpkind.Kind, o, tt.timeout, said)
		if tt.want != "" {
			probetest.WantResult(t, r, checks.Fail, checks.ReasonDNS, tt.want)
		} else {
			probetest.WantResult(t, r, checks.Pass, "", "connected")
		}
		if was := asked.Load() > before; was != (tt.want == "") {
			t.Errorf("%s: the good server was asked: %v", tt.name, was)
		}
	}
}

// TestThisMachineWithADot: "localhost." is this machine wherever a host is named, and of a name that ends
// with a dot the certificate is for the name without it.
func TestThisMachineWithADot(t *testing.T) {
	t.Parallel()
	at := oddServer(t, func(q *dns.Msg, _ string) *dns.Msg { return addressOf(t, q, q.Question[0].Name) })
	_, dnsPort, err := net.SplitHostPort(at)
	probetest.OK(t, err)
	address := probetest.Serve(t, func(c *net.TCPConn) { c.Close() })
	_, port, err := net.SplitHostPort(address)
	probetest.OK(t, err)
	var host, asked atomic.Value
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { host.Store(r.Host); asked.Store(r.TLS.ServerName) }))
	ca := probetest.NewTLSAuthority(t, "Acme Root", 1000*probe.Day)
	certFile, keyFile := ca.Issue("pay.example.com", 90*probe.Day)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	probetest.OK(t, err)
	web.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	web.StartTLS()
	t.Cleanup(web.Close)
	secure := web.Listener.Addr().(*net.TCPAddr).Port
	of := probe.WayOptions{Resolver: probe.Resolvers{"localhost.:" + dnsPort}, Family: "ipv4"}
	for _, o := range []*tcpkind.Options{
		{Address: "localhost.:" + port}, {Address: "LocalHost.:" + port}, {Address: "a.example.:" + port, WayOptions: of},
	} {
		probetest.WantResult(t, probetest.Probing(t, &tcpkind.Kind, o, time.Minute), checks.Pass, "", "connected")
	}
	o := webOptions(fmt.Sprintf("https://pay.example.com.:%d/", secure), func(o *httpkind.Options) { o.CAFile, o.WayOptions = ca.File, of })
	probetest.WantResult(t, probetest.Probing(t, &httpkind.Kind, o, time.Minute), checks.Pass, "", "HTTP 200")
	if want := fmt.Sprintf("pay.example.com.:%d", secure); host.Load() != want || asked.Load() != "pay.example.com" {
		t.Errorf("asked %v for %v", asked.Load(), host.Load())
	}
	ping := icmp.Kind.Options().(*icmp.Options)
	ping.Host = "localhost."
	if r := probetest.Probing(t, &icmp.Kind, ping, 2*time.Second); r.Reason == checks.ReasonDNS { // whether it may send depends on the machine
		t.Errorf("got %+v", r)
	}
}
