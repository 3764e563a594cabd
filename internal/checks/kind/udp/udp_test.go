package udp

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// echo answers each datagram with itself, behind a byte that is no text, and
// nothing to "silence".
func echo(t *testing.T) string {
	t.Helper()
	return probetest.Datagrams(t, func(query []byte) [][]byte {
		if string(query) == "silence" {
			return nil
		}
		return [][]byte{append([]byte{0xff}, query...)}
	})
}

func TestUDP(t *testing.T) {
	at := echo(t)
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		options Options
		timeout time.Duration
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"any answer", Options{Send: "hello"}, long, checks.Pass, "", "answered"},
		{"expected", Options{Send: "hello", Expect: "hell"}, long, checks.Pass, "", "answered"},
		{"another one", Options{Send: "hello", Expect: "bye"}, long, checks.Fail, checks.ReasonAssertion, `"bye" is not in the answer`},
		{"bytes", Options{SendHex: "00 01\nfe", Assert: []string{"hex == 'ff0001fe' && size == 4 && latency > duration('0s')"}}, long, checks.Pass, "", "answered"},
		{"false claim", Options{Send: "hello", Assert: []string{"received.contains('bye')"}}, long, checks.Fail, checks.ReasonAssertion, "is false"},
		{"degraded claim", Options{Send: "hello", DegradedIf: []string{"size > 2"}}, long, checks.Degraded, checks.ReasonAssertion, "size > 2 is true"},
		{"slow", func() Options { o := Options{Send: "hello"}; o.DegradedOver = 1; return o }(), long, checks.Degraded, checks.ReasonLatency, "limit 0.001 µs"},
		{"silence", Options{Send: "silence"}, 200 * time.Millisecond, checks.Fail, checks.ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Address = at
			r := probetest.Until(t, &Kind, &tt.options, tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != at) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{Address: probetest.Refused(t), Send: "hello"}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonConnect, "connection refused")
	})
	t.Run("a name", func(t *testing.T) {
		probetest.ResolveWith(t, map[string][]string{"xn--bcher-kva.example.": {"127.0.0.1"}})
		_, port, _ := net.SplitHostPort(at)
		probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{Address: "bücher.example:" + port, Send: "hello"}, long), checks.Pass, "", "answered")
	})
}

func TestUDPOptions(t *testing.T) {
	good := func() *Options { return &Options{Address: "192.0.2.1:9", Send: "x"} }
	for key, change := range map[string]func(*Options){
		"address":  func(o *Options) { o.Address = "192.0.2.1" },
		"send":     func(o *Options) { o.Send = "" },
		"send_hex": func(o *Options) { o.SendHex = "01" },
		"assert":   func(o *Options) { o.Assert = []string{"code == 1"} },
		"family":   func(o *Options) { o.Family = "ipv6" },
	} {
		t.Run(key, func(t *testing.T) {
			o := good()
			change(o)
			probetest.WantOptionError(t, &Kind, o, key)
		})
	}
	probetest.WantOptionError(t, &Kind, &Options{Address: "192.0.2.1:9", SendHex: "0"}, "send_hex")
	probetest.WantOptionError(t, &Kind, &Options{Address: "192.0.2.1:9", Send: strings.Repeat("x", sendMax+1)}, "send")
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "c", Kind: "udp", Every: time.Minute, Timeout: time.Second, Strict: true, Options: &Options{Address: "127.0.0.1:9", Send: "x"}})
	probetest.OK(t, err)
	if r, _ := c.Run(t.Context()); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "refuses to connect") {
		t.Errorf("a strict check asks this machine: %+v", r)
	}
}
