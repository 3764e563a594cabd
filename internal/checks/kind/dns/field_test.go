//go:build linux

package dns

import (
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
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

// TestOddAnswers: what servers answer that are not as they should be, and names
// that lead elsewhere.
func TestOddAnswers(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		name := q.Question[0].Name
		switch name {
		case "chaos.example.":
			m.Answer = []dns.RR{record(t, name+" 60 CH A 192.0.2.1")}
		case "circle.example.":
			m.Answer = []dns.RR{record(t, name+" 60 CNAME b.example."), record(t, "b.example. 60 CNAME CIRCLE.example.")}
		case "itself.example.":
			m.Answer = []dns.RR{record(t, name+" 60 CNAME "+name)}
		case "empty.example.":
			m.Answer = []dns.RR{record(t, name+" 60 CNAME b.example."), record(t, "b.example. 60 CNAME c.example.")}
		case "gone.example.":
			m.Answer, m.Rcode = []dns.RR{record(t, name+" 60 CNAME b.example.")}, dns.RcodeNameError
		case "mute.example.":
			m.Question = nil
		}
		return m
	})
	for name, want := range map[string]string{
		"chaos.example":  "the name has no A record",
		"circle.example": "the name has no A record: its aliases (CNAME) lead in a circle",
		"itself.example": "the name has no A record: its aliases (CNAME) lead in a circle",
		"empty.example":  "the name is an alias of c.example, which has no A record",
		"gone.example":   "the answer is NXDOMAIN of b.example, which the name is an alias of, expected NOERROR",
	} {
		probetest.WantResult(t, probetest.Probing(t, &Kind, options(at, "A", name), time.Minute), checks.Fail, checks.ReasonDNS, want)
	}
	const mute = "the answer does not repeat the question"
	probetest.WantResult(t, probetest.Until(t, &Kind, options(at, "A", "mute.example"), 150*time.Millisecond, mute), checks.Fail, checks.ReasonProtocol, mute)
}

// TestSeveralCodesAndPatterns: any of some codes is right, and answers are looked
// for by regular expressions.
func TestSeveralCodesAndPatterns(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		if name := q.Question[0].Name; name == "gone.example." {
			m.Rcode = dns.RcodeNameError
		} else {
			m.Answer = []dns.RR{record(t, name+` 60 TXT "v=spf1 include:a.example " "-all"`), record(t, name+` 60 TXT "other"`)}
		}
		return m
	})
	codes := func(list ...string) func(*Options) { return func(o *Options) { o.RCode = list } }
	matching := func(list ...string) func(*Options) { return func(o *Options) { o.Matches = list } }
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		says    string
	}{
		{"gone.example", codes("nxdomain", "NOERROR"), checks.Pass, checks.ReasonNone, "NXDOMAIN, as expected"},
		{"here.example", codes("NXDOMAIN", "NOERROR"), checks.Pass, checks.ReasonNone, "2 answers"},
		{"gone.example", codes("NOERROR", "REFUSED"), checks.Fail, checks.ReasonDNS, "the answer is NXDOMAIN, expected NOERROR or REFUSED"},
		{"here.example", matching("^v=spf1 .* -all$", "other"), checks.Pass, checks.ReasonNone, "2 answers"},
		{"here.example", matching("^v=spf1", "^v=DMARC1"), checks.Fail, checks.ReasonAssertion, `nothing matches "^v=DMARC1" in 2 answers`},
	} {
		r := probetest.Probing(t, &Kind, options(at, "TXT", tt.name, tt.change), time.Minute)
		probetest.WantResult(t, r, tt.outcome, tt.reason, tt.says)
	}
}

// TestRecordsAsTheyAreWritten: the ways in which a record of the newer types may be
// written are one.
func TestRecordsAsTheyAreWritten(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		m.Answer = []dns.RR{record(t, q.Question[0].Name+map[uint16]string{
			dns.TypeHTTPS: ` 60 HTTPS 1 WWW.Example. alpn="h2,h3" port="8443" ipv4hint="192.0.2.1"`,
			dns.TypeTLSA:  " 60 TLSA 3 1 1 ABCDEF",
			dns.TypeCAA:   ` 60 CAA 0 issue "ca.example"`,
			dns.TypeNAPTR: ` 60 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:Info@example.com!" .`,
		}[q.Question[0].Qtype])}
		return m
	})
	for kind, written := range map[string]string{
		"HTTPS": "1 www.example. ipv4hint=192.0.2.1 port=8443 alpn=h2,h3",
		"TLSA":  "3 1 1 abcdef",
		"CAA":   `0 ISSUE "ca.example"`,
		"NAPTR": `100 10 "u" "E2U+sip" "!^.*$!sip:Info@example.com!" .`,
	} {
		r := probetest.Probing(t, &Kind, options(at, kind, "a.example", func(o *Options) { o.Exactly = []string{written} }), time.Minute)
		probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "1 answer: ")
	}
}

// TestCutShortEverywhere: an answer that is not whole over TCP either is no answer.
func TestCutShortEverywhere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	probetest.OK(t, err)
	s := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		m.Truncated = true
		_ = w.WriteMsg(m)
	})}
	done := make(chan struct{})
	go func() { _ = s.ActivateAndServe(); close(done) }()
	t.Cleanup(func() { l.Close(); <-done })
	r := probetest.Probing(t, &Kind, options(l.Addr().String(), "A", "a.example", func(o *Options) { o.Transport = "tcp" }), time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonProtocol, "the answer is cut short over TCP as well")
}

// TestResolversWithoutAPort: the usual one of the transport is meant.
func TestResolversWithoutAPort(t *testing.T) {
	for transport, want := range map[string]string{"udp": "192.0.2.1:53", "tls": "192.0.2.1:853"} {
		p, err := newProber(checks.Check{ID: "it", Kind: "dns", Every: 1, Timeout: 1, Options: options("192.0.2.1", "A", "a.example", func(o *Options) { o.Transport = transport })})
		probetest.OK(t, err)
		if p.servers[0].target.Address != want {
			t.Errorf("%s: %s, want %s", transport, p.servers[0].target.Address, want)
		}
	}
}

// TestTheNextServerIsAsked where one is not there, says nothing or cannot answer; what
// one says of the name counts, and so does a code that is expected.
func TestTheNextServerIsAsked(t *testing.T) {
	good := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(q)
		m.Answer = []dns.RR{record(t, q.Question[0].Name+" 60 A 192.0.2.1")}
		return m
	})
	says := func(code int) string {
		return server(t, func(q *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(q, code) })
	}
	refuses, knowsNot := says(dns.RcodeRefused), says(dns.RcodeNameError)
	silent := probetest.Datagrams(t, func([]byte) [][]byte { return nil })
	nobody := "127.0.0.1:" + probetest.FreePort(t)
	codes := func(list ...string) func(*Options) { return func(o *Options) { o.RCode = list } }
	for _, tt := range []struct {
		list    probe.Resolvers
		change  func(*Options)
		timeout time.Duration
		outcome checks.Outcome
		says    string
	}{
		{probe.Resolvers{good, nobody}, codes(), time.Minute, checks.Pass, "1 answer: 192.0.2.1"},
		{probe.Resolvers{nobody, good}, codes(), time.Minute, checks.Pass, "1 answer: 192.0.2.1; " + nobody + " cannot be asked: no connection: connection refused"},
		{probe.Resolvers{refuses, "", good}, codes(), time.Minute, checks.Pass, "1 answer: 192.0.2.1; " + refuses + " says REFUSED"},
		{probe.Resolvers{silent, good}, codes(), 400 * time.Millisecond, checks.Pass, "1 answer: 192.0.2.1; " + silent + " does not answer"},
		{probe.Resolvers{refuses, good}, codes("REFUSED"), time.Minute, checks.Pass, "REFUSED, as expected"},
		{probe.Resolvers{knowsNot, good}, codes(), time.Minute, checks.Fail, "the answer is NXDOMAIN, expected NOERROR"},
		{probe.Resolvers{refuses, nobody}, codes(), time.Minute, checks.Fail, "no connection: connection refused; " + refuses + " says REFUSED"},
	} {
		r := probetest.Until(t, &Kind, options("", "A", "a.example", tt.change, func(o *Options) { o.Resolver = tt.list }), tt.timeout, tt.says)
		if r.Outcome != tt.outcome || r.Summary != tt.says {
			t.Errorf("%v: %s %q, want %s %q", tt.list, r.Outcome, r.Summary, tt.outcome, tt.says)
		}
	}
	probetest.WantOptionError(t, &Kind, options("", "A", "a.example", func(o *Options) { o.Resolver = probe.Resolvers{"192.0.2.1", "192.0.2.2:99999"} }), "resolver[1]")
}
