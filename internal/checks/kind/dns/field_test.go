//go:build linux

package dns

import (
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// server answers each query over UDP with what answer makes of it.
func server(t *testing.T, answer func(q *dns.Msg) *dns.Msg) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	probetest.OK(t, err)
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(answer(q)) })}
	done := make(chan struct{})
	go func() { _ = s.ActivateAndServe(); close(done) }()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().String()
}

func record(t *testing.T, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(text)
	probetest.OK(t, err)
	return rr
}

func TestAnswersOfOthersAreNone(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		if q.Question[0].Name == "www.example." {
			m.Answer = []dns.RR{record(t, "b.example. 60 A 192.0.2.1"), record(t, "a.example. 60 CNAME B.example."), record(t, "WWW.example. 60 CNAME a.example.")}
			return m
		}
		m.Answer = []dns.RR{record(t, "evil.example. 60 A 192.0.2.66")}
		return m
	})
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, "A", "othername.example"), time.Minute), checks.Fail, checks.ReasonDNS, "the name has no A record")
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, "A", "www.example"), time.Minute), checks.Pass, checks.ReasonNone, "1 answer: 192.0.2.1")
}

func TestServersWithoutEDNS(t *testing.T) {
	for _, code := range []int{dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers} {
		at := server(t, func(q *dns.Msg) *dns.Msg {
			m := new(dns.Msg).SetReply(q)
			if q.IsEdns0() == nil {
				m.Answer = []dns.RR{record(t, q.Question[0].Name+" 60 A 192.0.2.1")}
				return m
			}
			m.Rcode = code
			switch code {
			case dns.RcodeFormatError:
				m.Question = nil // its header alone
			case dns.RcodeBadVers:
				m.SetEdns0(1232, false)
			}
			return m
		})
		probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, "A", "bücher.example"), time.Minute), checks.Pass, checks.ReasonNone, "1 answer: 192.0.2.1")
	}
	if got := rcodeText(dns.RcodeBadVers); got != "BADVERS" {
		t.Errorf("got %s", got)
	}
}

func TestAnswersWithASemicolon(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		m.Answer = []dns.RR{record(t, q.Question[0].Name+` 60 CAA 0 issuewild ";"`)}
		return m
	})
	expect := func(text string) func(*Options) { return func(o *Options) { o.Expect = []string{text} } }
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, "CAA", "a.example", expect(`0 issuewild ";"`)), time.Minute), checks.Pass, checks.ReasonNone, "1 answer")
	probetest.WantOptionError(t, &Kind, options(at, "A", "a.example", expect("192.0.2.1 ; said so")), "expect[0]")
}

func TestACutAnswerWithoutTCPSaysSo(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		m.Truncated = true
		return m
	})
	r := probetest.Probing(t, &Kind, options(at, "TXT", "a.example"), time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonConnect, "the answer is cut short, as too long for UDP, and over TCP: no connection: connection refused")
}
