package tcp

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestTCPExpressions(t *testing.T) {
	banner := probetest.Serve(t, func(c *net.TCPConn) {
		io.WriteString(c, "220 mail ")
		io.WriteString(c, "ready\r\nand more")
		probetest.UntilClosed(c)
	})
	short := probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, "busy") })
	for _, tt := range []struct {
		name    string
		o       Options
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"first line", Options{Address: banner, Assert: probetest.Said("received.startsWith('220 mail ready') && latency < duration('5s')")}, checks.Pass, "", "connected, answered"},
		{"wrong line", Options{Address: short, Assert: probetest.Said("received.startsWith('220')")}, checks.Fail, checks.ReasonAssertion, `received is "busy"`},
		{"fail if", Options{Address: short, FailIf: probetest.Said("received == 'busy'")}, checks.Fail, checks.ReasonAssertion, `received == 'busy' is true: received is "busy"`},
		{"degraded", Options{Address: banner, Expect: "220", DegradedIf: probetest.Said("latency > duration('1ns')")}, checks.Degraded, checks.ReasonAssertion, "latency is "},
		{"text first", Options{Address: short, Expect: "220", Assert: probetest.Said("received == 'x'")}, checks.Fail, checks.ReasonAssertion, `lacks the expected "220"`},
		{"no reading", Options{Address: banner, Assert: probetest.Said("latency < duration('5s')")}, checks.Pass, "", "connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, &tt.o, 10*time.Second)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Remote != tt.o.Address) {
				t.Errorf("evidence %+v, want the address %s", r.Evidence, tt.o.Address)
			}
		})
	}
}

func TestTCP(t *testing.T) {
	greeting := probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, "220 mail.example.com ESMTP\r\n"); probetest.UntilClosed(c) })
	echo := probetest.Serve(t, func(c *net.TCPConn) { io.Copy(c, c) })
	brief := probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, "go away") })
	closing := probetest.Serve(t, func(*net.TCPConn) {})
	silent := probetest.Serve(t, func(c *net.TCPConn) { probetest.UntilClosed(c) })
	endless := probetest.Serve(t, func(c *net.TCPConn) {
		for {
			if _, err := io.WriteString(c, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	slow := probetest.Serve(t, func(c *net.TCPConn) {
		for _, part := range []string{"PO", "N", "G"} {
			io.WriteString(c, part)
			_, _ = c.Read(make([]byte, 1)) // one byte of the request for each part
		}
		probetest.UntilClosed(c)
	})
	refused := probetest.Refused(t)

	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name    string
		options Options
		timeout time.Duration
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"connect", Options{Address: silent}, long, checks.Pass, "", "connected"},
		{"greeting", Options{Address: greeting, Expect: "220 "}, long, checks.Pass, "", "answered as expected"},
		{"send", Options{Address: echo, Send: "PING\r\n", Expect: "PING"}, long, checks.Pass, "", "answered"},
		{"in parts", Options{Address: slow, Send: "abc", Expect: "PONG"}, long, checks.Pass, "", "answered"},
		{"refused", Options{Address: refused}, long, checks.Fail, checks.ReasonConnect, "connection refused"},
		{"other text", Options{Address: brief, Expect: "220"}, long, checks.Fail, checks.ReasonAssertion, `7 bytes lacks the expected "220"`},
		{"endless", Options{Address: endless, Expect: "220"}, long, checks.Fail, checks.ReasonAssertion, "first 64 KiB"},
		{"nothing", Options{Address: closing, Expect: "220"}, long, checks.Fail, checks.ReasonReset, "the peer closed the connection"},
		{"silent", Options{Address: silent, Expect: "220"}, short, checks.Fail, checks.ReasonTimeout, "time-out after 150 ms while waiting"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, &tt.options, tt.timeout)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Phases.Connect <= 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
		})
	}
	for _, address := range []string{"", "db.example.com", "db:0", "db:http", ":80"} {
		if _, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "tcp", Every: 1, Timeout: 1, Options: &Options{Address: address}}); err == nil {
			t.Errorf("address %q is accepted", address)
		}
	}
}
