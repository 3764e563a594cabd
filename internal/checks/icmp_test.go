package checks

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

func icmpOptions(host string, change ...func(*ICMPOptions)) *ICMPOptions {
	o := icmpKind.Options().(*ICMPOptions)
	o.Host, o.Interval = host, 10*time.Millisecond
	for _, f := range change {
		f(o)
	}
	return o
}

// needEcho skips where the system lets this user send no echo requests.
func needEcho(t *testing.T) {
	t.Helper()
	r := probing(t, "icmp", icmpOptions("127.0.0.1"), time.Second)
	if r.Reason != ReasonInternal {
		return
	}
	if os.Getenv("STATUSBOT_TEST_EXTRAS") == "1" {
		t.Fatal(r.Summary)
	}
	t.Skip(r.Summary)
}

func TestICMP(t *testing.T) {
	needEcho(t)
	for _, tt := range []struct {
		name    string
		host    string
		change  func(*ICMPOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"good", "127.0.0.1", func(*ICMPOptions) {}, Pass, "", "3 of 3 answered"},
		{"name", "localhost", func(*ICMPOptions) {}, Pass, "", "3 of 3 answered"},
		{"many", "127.0.0.1", func(o *ICMPOptions) { o.Count, o.Size = 20, 1400 }, Pass, "", "20 of 20 answered"},
		{"slow", "127.0.0.1", func(o *ICMPOptions) { o.DegradedOver = 1 }, Degraded, ReasonLatency, "limit"},
		{"too slow", "127.0.0.1", func(o *ICMPOptions) { o.FailOver = 1 }, Fail, ReasonLatency, "limit"},
		{"claims", "127.0.0.1", func(o *ICMPOptions) {
			o.Expect = []string{"loss == 0.0 && sent == 3 && received == 3 && rtt < duration('500ms') && rtt_max >= rtt"}
		}, Pass, "", ""},
		{"false claim", "127.0.0.1", func(o *ICMPOptions) { o.FailIf = []string{"sent == 3"} }, Fail, ReasonAssertion, "sent == 3 is true"},
		{"metadata", "169.254.169.254", func(*ICMPOptions) {}, Unknown, ReasonInternal, "refuses to connect to 169.254.169.254"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "icmp", icmpOptions(tt.host, tt.change), 5*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome == Pass && r.Duration > time.Second {
				t.Errorf("the duration is not a round trip: %v", r.Duration)
			}
		})
	}
	t.Run("ipv6", func(t *testing.T) {
		r := probing(t, "icmp", icmpOptions("::1"), 5*time.Second)
		if r.Outcome != Pass && !strings.Contains(r.Summary, "address family") && !strings.Contains(r.Summary, "network is unreachable") && !strings.Contains(r.Summary, "assign") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("strict", func(t *testing.T) {
		compiled, err := Compile(Check{ID: "it", Kind: "icmp", Every: time.Minute, Timeout: time.Second, Strict: true, Options: icmpOptions("127.0.0.1")})
		check(t, err)
		r, _ := compiled.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "loopback addresses are not probed")
	})
	t.Run("name that is not", func(t *testing.T) {
		nameServer(t, noSuchName)
		wantResult(t, probing(t, "icmp", icmpOptions("nobody.invalid"), 5*time.Second), Fail, ReasonDNS, "the name does not exist")
	})
}

// Loss is judged from what came back, whoever lost it.
func TestICMPLoss(t *testing.T) {
	p := &icmpProbe{o: *icmpOptions("x", func(o *ICMPOptions) { o.DegradedLoss, o.FailLoss = 10, 40 }), timeout: time.Second}
	for _, tt := range []struct {
		sent, received int
		outcome        Outcome
		summary        string
	}{
		{10, 10, Pass, "10 of 10 answered"}, {10, 9, Pass, "9 of 10"}, {10, 8, Degraded, "limit 10 % lost"},
		{10, 6, Degraded, "limit 10 % lost"}, {10, 5, Fail, "limit 40 % lost"}, {10, 0, Fail, "none of 10 echo requests was answered in 1 s"},
	} {
		r := p.judge(t.Context(), echoes{sent: tt.sent, received: tt.received, sum: time.Duration(tt.received) * time.Millisecond}, &trail{})
		if r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) {
			t.Errorf("%d of %d: %s %q", tt.received, tt.sent, r.Outcome, r.Summary)
		}
	}
}

func TestICMPOptions(t *testing.T) {
	for key, change := range map[string]func(*ICMPOptions){
		"host":          func(o *ICMPOptions) { o.Host = "" },
		"family":        func(o *ICMPOptions) { o.Family = "ipx" },
		"count":         func(o *ICMPOptions) { o.Count = 101 },
		"interval":      func(o *ICMPOptions) { o.Interval = time.Millisecond },
		"size":          func(o *ICMPOptions) { o.Size = 7 },
		"degraded_loss": func(o *ICMPOptions) { o.DegradedLoss = -1 },
		"fail_loss":     func(o *ICMPOptions) { o.DegradedLoss, o.FailLoss = 50, 20 },
		"expect":        func(o *ICMPOptions) { o.Expect = []string{"loss"} },
	} {
		wantOptionError(t, "icmp", icmpOptions("gateway.example.com", change), key)
	}
}

func FuzzEcho(f *testing.F) {
	f.Add(echoPacket(ipv4.ICMPTypeEchoReply, 1, 2, 3, 56))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var kind icmp.Type = ipv4.ICMPTypeEchoReply
		if seq, ok := readEcho(b, kind, 3); ok && (seq < 0 || seq > 0xffff) {
			t.Errorf("number %d", seq)
		}
	})
}
