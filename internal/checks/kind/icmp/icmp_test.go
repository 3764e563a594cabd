package icmp

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/longtest"
)

func options(host string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Host, o.Interval = host, 10*time.Millisecond
	for _, f := range change {
		f(o)
	}
	return o
}

// needEcho skips where the system lets this user send no echo requests.
func needEcho(t *testing.T) {
	t.Helper()
	r := probetest.Probing(t, &Kind, options("127.0.0.1"), time.Second)
	if r.Reason != checks.ReasonInternal {
		return
	}
	longtest.Lacks(t, "%s", r.Summary)
}

func TestICMP(t *testing.T) {
	needEcho(t)
	probetest.ResolveWith(t, map[string][]string{"metadata.example.": {"169.254.169.254"}})
	for _, tt := range []struct {
		name    string
		host    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"good", "127.0.0.1", func(*Options) {}, checks.Pass, "", "3 of 3 answered"},
		{"name", "localhost", func(*Options) {}, checks.Pass, "", "3 of 3 answered"},
		{"many", "127.0.0.1", func(o *Options) { o.Count, o.Size = 20, 1400 }, checks.Pass, "", "20 of 20 answered"},
		{"slow", "127.0.0.1", func(o *Options) { o.DegradedOver = 1 }, checks.Degraded, checks.ReasonLatency, "limit"},
		{"too slow", "127.0.0.1", func(o *Options) { o.FailOver = 1 }, checks.Fail, checks.ReasonLatency, "limit"},
		{"claims", "127.0.0.1", func(o *Options) {
			o.Expect = []string{"loss == 0.0 && sent == 3 && received == 3 && rtt < duration('500ms') && rtt_max >= rtt"}
		}, checks.Pass, "", ""},
		{"false claim", "127.0.0.1", func(o *Options) { o.FailIf = []string{"sent == 3"} }, checks.Fail, checks.ReasonAssertion, "sent == 3 is true"},
		{"metadata", "metadata.example", func(*Options) {}, checks.Unknown, checks.ReasonInternal, "refuses to connect to 169.254.169.254"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, options(tt.host, tt.change), time.Minute)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome == checks.Pass && r.Duration > time.Second {
				t.Errorf("the duration is not a round trip: %v", r.Duration)
			}
		})
	}
	t.Run("ipv6", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, options("::1"), time.Minute)
		if r.Outcome != checks.Pass && !strings.Contains(r.Summary, "address family") && !strings.Contains(r.Summary, "network is unreachable") && !strings.Contains(r.Summary, "assign") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("strict", func(t *testing.T) {
		compiled, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "icmp", Every: time.Minute, Timeout: time.Second, Strict: true, Options: options("127.0.0.1")})
		probetest.OK(t, err)
		r, _ := compiled.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "loopback addresses are not probed")
	})
	t.Run("name that is not", func(t *testing.T) {
		probetest.NameServer(t, probetest.NoSuchName)
		probetest.WantResult(t, probetest.Probing(t, &Kind, options("nobody.invalid"), time.Minute), checks.Fail, checks.ReasonDNS, "the name does not exist")
	})
}

// Loss is judged from what came back, whoever lost it.
func TestICMPLoss(t *testing.T) {
	p := &prober{o: *options("x", func(o *Options) { o.DegradedLoss, o.FailLoss = 10, 40 }), dialer: probe.NewDialer(checks.Check{Timeout: time.Second})}
	for _, tt := range []struct {
		sent, received int
		outcome        checks.Outcome
		summary        string
	}{
		{10, 10, checks.Pass, "10 of 10 answered"}, {10, 9, checks.Pass, "9 of 10"}, {10, 8, checks.Degraded, "limit 10 % lost"},
		{10, 6, checks.Degraded, "limit 10 % lost"}, {10, 5, checks.Fail, "limit 40 % lost"}, {10, 0, checks.Fail, "none of 10 echo requests was answered in 1 s"},
	} {
		r := p.judge(t.Context(), echoes{sent: tt.sent, received: tt.received, sum: time.Duration(tt.received) * time.Millisecond}, &probe.Trail{})
		if r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) {
			t.Errorf("%d of %d: %s %q", tt.received, tt.sent, r.Outcome, r.Summary)
		}
	}
}

func TestICMPOptions(t *testing.T) {
	for key, change := range map[string]func(*Options){
		"host":          func(o *Options) { o.Host = "" },
		"family":        func(o *Options) { o.Family = "ipx" },
		"count":         func(o *Options) { o.Count = 101 },
		"interval":      func(o *Options) { o.Interval = time.Millisecond },
		"size":          func(o *Options) { o.Size = 7 },
		"degraded_loss": func(o *Options) { o.DegradedLoss = -1 },
		"fail_loss":     func(o *Options) { o.DegradedLoss, o.FailLoss = 50, 20 },
		"expect":        func(o *Options) { o.Expect = []string{"loss"} },
	} {
		probetest.WantOptionError(t, &Kind, options("gateway.example.com", change), key)
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
