package dns

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestAServerThatDropsEDNS is asked without it; what was lost, or came late, is
// told from that.
func TestAServerThatDropsEDNS(t *testing.T) {
	const soon, never = 20 * time.Millisecond, time.Hour
	reply := func(q *dns.Msg) []byte {
		m := new(dns.Msg).SetReply(q)
		m.Answer = []dns.RR{record(t, q.Question[0].Name+" 60 A 192.0.2.1")}
		packet, err := m.Pack()
		probetest.OK(t, err)
		return packet
	}
	const note = "asked without EDNS"
	for _, tt := range []struct {
		name    string
		answer  func(seen []*dns.Msg) [][]byte // the last is the one that came
		recheck time.Duration
		outcome checks.Outcome
		summary string
		noted   bool
		second  int // queries with EDNS of the second probe
	}{
		{"drops it", func(seen []*dns.Msg) [][]byte {
			if q := seen[len(seen)-1]; q.IsEdns0() == nil {
				return [][]byte{reply(q)}
			}
			return nil
		}, soon, checks.Pass, "1 answer: 192.0.2.1", true, 0},
		{"lost", func(seen []*dns.Msg) [][]byte {
			if len(seen) == 1 {
				return nil
			}
			return [][]byte{reply(seen[len(seen)-1])}
		}, never, checks.Fail, "no answer to the query, though the server answers others: it was lost", false, 1},
		{"slow", func(seen []*dns.Msg) [][]byte {
			if len(seen) == 1 {
				return nil
			}
			return [][]byte{reply(seen[len(seen)-2])}
		}, never, checks.Pass, "1 answer: 192.0.2.1", false, -1},
		{"slow, and after the other", func(seen []*dns.Msg) [][]byte {
			if len(seen) == 1 {
				return nil
			}
			return [][]byte{reply(seen[len(seen)-1]), reply(seen[len(seen)-2])}
		}, never, checks.Pass, "1 answer: 192.0.2.1", false, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var seen []*dns.Msg
			at := probetest.Datagrams(t, func(packet []byte) [][]byte {
				q := new(dns.Msg)
				if q.Unpack(packet) != nil {
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, q)
				return tt.answer(seen)
			})
			p, err := newProber(checks.Check{Kind: "dns", Timeout: time.Minute, Options: options(at, "A", "shop.example")})
			probetest.OK(t, err)
			p.silence, p.recheck = soon, tt.recheck
			r := p.run(t.Context())
			if r.Outcome != tt.outcome || !strings.HasPrefix(r.Summary, tt.summary) || strings.Contains(r.Summary, note) != tt.noted {
				t.Errorf("%s %q", r.Outcome, r.Summary)
			}
			if tt.outcome == checks.Fail && r.Reason != checks.ReasonTimeout {
				t.Errorf("reason %s", r.Reason)
			}
			if tt.second < 0 {
				return
			}
			mu.Lock()
			before := len(seen)
			mu.Unlock()
			p.silence = never
			if r := p.run(t.Context()); r.Outcome != checks.Pass || strings.Contains(r.Summary, note) != tt.noted {
				t.Errorf("the second probe: %s %q", r.Outcome, r.Summary)
			}
			mu.Lock()
			defer mu.Unlock()
			with := 0
			for _, q := range seen[before:] {
				if q.IsEdns0() != nil {
					with++
				}
			}
			if with != tt.second || len(seen) != before+1 {
				t.Errorf("the second probe asked %d times, %d of them with EDNS", len(seen)-before, with)
			}
		})
	}
}

// TestAnAnswerFromAnotherPort is nobody's.
func TestAnAnswerFromAnotherPort(t *testing.T) {
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	probetest.OK(t, err)
	defer other.Close()
	at := probetest.Datagrams(t, func([]byte) [][]byte { return nil })
	p, err := newProber(checks.Check{Kind: "dns", Timeout: time.Minute, Options: options(at, "A", "shop.example")})
	probetest.OK(t, err)
	tr := p.dialer.Trail()
	s := p.servers[0]
	x, done, err := (&asked{prober: p, nameServer: s, to: s.target, tr: &tr}).open(t.Context(), "udp")
	probetest.OK(t, err)
	defer done()
	query := p.query
	probetest.OK(t, x.send(&query))
	packet, err := new(dns.Msg).SetReply(&query).Pack()
	probetest.OK(t, err)
	_, err = other.WriteTo(packet, x.talk.LocalAddr())
	probetest.OK(t, err)
	if answer, err := x.readFor(t.Context(), 20*time.Millisecond, &query); err == nil {
		t.Errorf("taken: %v", answer)
	}
}

func TestAnExtendedErrorIsSaid(t *testing.T) {
	at := server(t, func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
		m.SetEdns0(1232, false)
		m.IsEdns0().Option = []dns.EDNS0{
			&dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeNoReachableAuthority, ExtraText: "at delegation shop.example."}, &dns.EDNS0_EDE{InfoCode: 4711}}
		return m
	})
	r := probetest.Probing(t, &Kind, options(at, "A", "shop.example"), time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonDNS, "the answer is SERVFAIL (No Reachable Authority: at delegation shop.example., extended error 4711), expected NOERROR")
}
