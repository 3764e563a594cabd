package tcp

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"

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

	const long, short = time.Minute, 150 * time.Millisecond
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
		{"another word", Options{Address: greeting, Expect: "221 "}, short, checks.Fail, checks.ReasonTimeout, `while reading the answer, which lacks the expected "221 "`},
		{"another form", Options{Address: greeting, Matches: "^221 "}, short, checks.Fail, checks.ReasonTimeout, `while reading the answer, which does not match "^221 "`},
		{"silent", Options{Address: silent, Expect: "220"}, short, checks.Fail, checks.ReasonTimeout, "while waiting"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Until(t, &Kind, &tt.options, tt.timeout, tt.summary)
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

// TestConversations: several turns, regular expressions, TLS.
func TestConversations(t *testing.T) {
	t.Parallel()
	mail := probetest.Serve(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		io.WriteString(c, "220 mail.example.com ESMTP\r\n")
		for {
			line, err := in.ReadString('\n')
			switch {
			case err != nil:
				return
			case strings.HasPrefix(line, "EHLO"):
				io.WriteString(c, "250-mail.example.com\r\n250-SIZE 1000\r\n")
				io.WriteString(c, "250 HELP\r\n")
			case strings.HasPrefix(line, "QUIT"):
				io.WriteString(c, "221 bye\r\n")
				return
			}
		}
	})
	hello := []Step{{Expect: "220 "}, {Send: "EHLO probe\r\n", Matches: `^250 \w+`}, {Send: "QUIT\r\n", Expect: "221"}}
	with := func(change func([]Step)) []Step {
		steps := slices.Clone(hello)
		change(steps)
		return steps
	}
	dir := t.TempDir()
	ca, cert, key := probetest.Authority(t, dir, "good")
	pair, err := tls.LoadX509KeyPair(cert, key)
	probetest.OK(t, err)
	secured := probetest.Serve(t, func(c *net.TCPConn) {
		over := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}})
		io.WriteString(over, "* OK ready\r\n")
		io.Copy(over, over)
	})
	caller := func(file string, insecure bool) probe.SecureOptions {
		return probe.SecureOptions{TLS: true, CAFile: file, InsecureTLS: insecure}
	}
	for _, tt := range []struct {
		name    string
		o       Options
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"whole", Options{Address: mail, Steps: hello}, checks.Pass, "", "connected, answered as expected"},
		{"and expressions", Options{Address: mail, Steps: hello, Assert: probetest.Said("received.contains('SIZE 1000') && received.endsWith('221 bye\\r\\n')")}, checks.Pass, "", "connected, answered as expected"},
		{"both in one step", Options{Address: mail, Steps: with(func(s []Step) { s[1].Expect = "SIZE" })}, checks.Pass, "", "connected, answered as expected"},
		{"what came before does not count", Options{Address: mail, Steps: with(func(s []Step) { s[2].Expect = "250" })}, checks.Fail, checks.ReasonAssertion, `step 3: the answer of 11 bytes lacks the expected "250"`},
		{"no match", Options{Address: mail, Steps: with(func(s []Step) { s[2].Matches = "^5[0-9][0-9]"; s[2].Expect = "" })}, checks.Fail, checks.ReasonAssertion, `does not match "^5[0-9][0-9]"`},
		{"hangs up early", Options{Address: mail, Steps: append(slices.Clone(hello), Step{Expect: "more"})}, checks.Fail, checks.ReasonAssertion, `step 4: the answer of 6 bytes lacks the expected "more"`},
		{"one turn by a regular expression", Options{Address: mail, Matches: `ESMTP\s*$`}, checks.Pass, "", "connected, answered as expected"},
		{"encrypted", Options{Address: secured, SecureOptions: caller(ca, false), Expect: "* OK", Assert: probetest.Said("certificate.days_left >= 0")}, checks.Pass, "", "connected, answered as expected"},
		{"encrypted, in turns", Options{Address: secured, SecureOptions: caller("", true), Steps: []Step{{Expect: "* OK"}, {Send: "ping", Expect: "ping"}}}, checks.Pass, "", "connected, answered as expected"},
		{"of nobody we know", Options{Address: secured, SecureOptions: caller("", false), Expect: "* OK"}, checks.Fail, checks.ReasonTLS, "signed by an unknown authority"},
		{"no TLS there", Options{Address: mail, SecureOptions: caller("", true)}, checks.Fail, checks.ReasonTLS, "the peer does not speak TLS"},
		{"no certificate in plain text", Options{Address: mail, Expect: "220", Assert: probetest.Said("certificate.days_left > 1")}, checks.Fail, checks.ReasonAssertion, "certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			probetest.WantResult(t, probetest.Probing(t, &Kind, &tt.o, time.Minute), tt.outcome, tt.reason, tt.summary)
		})
	}
	for key, o := range map[string]*Options{
		"steps":            {Address: mail, Send: "x", Steps: hello},
		"steps[1]":         {Address: mail, Steps: []Step{{Send: "x"}, {}}},
		"steps[0].matches": {Address: mail, Steps: []Step{{Matches: "("}}},
		"matches":          {Address: mail, Matches: "["},
		"ca_file":          {Address: mail, SecureOptions: probe.SecureOptions{CAFile: ca}},
	} {
		probetest.WantOptionError(t, &Kind, o, key)
	}
}
