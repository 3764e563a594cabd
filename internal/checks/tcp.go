package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// TCPOptions are the own part of a check of kind tcp.
type TCPOptions struct {
	Address string `mapstructure:"address"` // "host:port"
	Send    string `mapstructure:"send"`    // written once connected; empty for nothing
	Expect  string `mapstructure:"expect"`  // must occur in the first 64 KiB of the answer; empty for not reading

	// Expressions of tcpVocabulary. Assert has another name than in the other
	// kinds, where it is expect: that is a text here.
	Assert     []string `mapstructure:"assert"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded
}

var tcpKind = Kind{
	Name:    "tcp",
	Summary: "A connection can be made and, if asked, the peer answers with the expected text.",
	Options: func() any { return &TCPOptions{} },
	Build:   buildTCP,
	Example: `{address: cache.example.com:6379, send: "PING\r\n", expect: +PONG}`,
	Proven:  "nginx 1.22 and its stream module",
}

type tcpProbe struct {
	target  target
	send    []byte
	expect  []byte
	anyEnd  bool // expect is the end of a line, of which expressions speak, and need not come
	claims  *claims
	timeout time.Duration
}

func buildTCP(c Check) (Probe, error) {
	o, err := optionsOf[TCPOptions](c)
	if err != nil {
		return nil, err
	}
	t, err := tcpTarget("address", o.Address)
	if err != nil {
		return nil, err
	}
	if len(o.Expect) > readMax {
		return nil, &OptionError{Key: "expect", Problem: "is longer than the 64 KiB that are read"}
	}
	said, err := tcpVocabulary.newClaims([]claimOption{{"assert", o.Assert, true}, {"fail_if", o.FailIf, false}}, claimOption{"degraded_if", o.DegradedIf, false})
	if err != nil {
		return nil, err
	}
	p := &tcpProbe{target: t, send: []byte(o.Send), expect: []byte(o.Expect), claims: said, timeout: c.Timeout}
	if len(p.expect) == 0 && said.use("received") {
		p.expect, p.anyEnd = []byte("\n"), true
	}
	return p.run, nil
}

// tcpTarget reads the "host:port" of the option key.
func tcpTarget(key, address string) (target, error) {
	const instead = "write host:port, such as db.example.com:5432"
	if address == "" {
		return target{}, &OptionError{Key: key, Problem: "is empty", Instead: instead}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return target{}, &OptionError{Key: key, Problem: "is not an address with a port", Instead: instead}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return target{}, &OptionError{Key: key, Problem: "has no port between 1 and 65535", Instead: instead}
	}
	return newTarget(host, port), nil
}

// readBuffers hold what a probe reads; kept between probes because 64 KiB
// for each would be most of the garbage.
var readBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func (p *tcpProbe) run(ctx context.Context) Result {
	if p.claims == nil {
		return p.talk(ctx, nil)
	}
	start := time.Now()
	seen := &tcpSeen{}
	r := p.talk(ctx, seen)
	seen.took = time.Since(start)
	r = p.claims.judged(ctx, r, seen)
	if r.Outcome != Pass && r.Evidence == nil {
		r.Evidence = &Evidence{Remote: seen.remote, Output: seen.received[:min(len(seen.received), 2*outputMax)]}
	}
	return r
}

// talk makes one conversation and notes what expressions may ask about it,
// if seen is not nil.
func (p *tcpProbe) talk(ctx context.Context, seen *tcpSeen) Result {
	tr := trail{timeout: p.timeout}
	conn, err := tr.dial(ctx, p.target)
	if err != nil {
		return tr.failed(ctx, err)
	}
	defer conn.Close()
	if seen != nil {
		seen.remote = tr.remote
	}
	if len(p.send) == 0 && len(p.expect) == 0 {
		return Result{Outcome: Pass, Summary: "connected", Phases: tr.phases}
	}
	defer bind(ctx, conn)()

	if len(p.send) > 0 {
		tr.stage = sending
		if _, err := conn.Write(p.send); err != nil {
			return tr.failed(ctx, err)
		}
	}
	if len(p.expect) == 0 {
		return Result{Outcome: Pass, Summary: "connected, text sent", Phases: tr.phases}
	}
	buffer := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(buffer)
	return p.listen(ctx, conn, &tr, buffer, seen)
}

// listen reads until the expected text was seen, the peer ends or 64 KiB
// came.
func (p *tcpProbe) listen(ctx context.Context, conn net.Conn, tr *trail, buffer *[]byte, seen *tcpSeen) Result {
	got := (*buffer)[:0]
	if seen != nil {
		defer func() { seen.received = strings.ToValidUTF8(string(got), "\uFFFD") }()
	}
	sent := time.Now()
	var first time.Time
	tr.stage = waiting
	for {
		if len(got) == cap(got) {
			got = append(got, 0)[:len(got)]
			*buffer = got
		}
		n, err := conn.Read(got[len(got):min(cap(got), readMax)])
		if n > 0 && first.IsZero() {
			first = time.Now()
			tr.phases.FirstByte = first.Sub(sent)
			tr.stage = reading
		}
		// The text may begin before what was read last.
		from := max(0, len(got)-len(p.expect)+1)
		got = got[:len(got)+n]
		if bytes.Contains(got[from:], p.expect) {
			tr.phases.Transfer = time.Since(first)
			return Result{Outcome: Pass, Summary: "connected, answered as expected", Phases: tr.phases}
		}
		ended := errors.Is(err, io.EOF) && len(got) > 0
		if err != nil && !ended {
			r := tr.failed(ctx, err)
			r.Evidence.Output = string(got)
			return r
		}
		if ended || len(got) >= readMax {
			tr.phases.Transfer = time.Since(first)
			if p.anyEnd {
				return Result{Outcome: Pass, Summary: "connected, answered", Phases: tr.phases}
			}
			how := fmt.Sprintf("the answer of %d bytes", len(got))
			if !ended {
				how = "what was read of the answer, its first 64 KiB,"
			}
			return Result{
				Outcome: Fail, Reason: ReasonAssertion, Phases: tr.phases,
				Summary:  how + " lacks the expected " + quoted(string(p.expect)),
				Evidence: &Evidence{Remote: tr.remote, Output: string(got[:min(len(got), 2*outputMax)])},
			}
		}
	}
}
