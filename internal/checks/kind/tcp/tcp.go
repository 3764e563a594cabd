// Package tcp is the kind of check that connects and, if asked, says something and
// listens.
package tcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind tcp.
type Options struct {
	Address string `mapstructure:"address"` // "host:port"
	Send    string `mapstructure:"send"`    // written once connected; empty for nothing
	Expect  string `mapstructure:"expect"`  // must occur in the first 64 KiB of the answer; empty for not reading

	// Expressions of vocabulary. Assert has another name than in the other
	// kinds, where it is expect: that is a text here.
	Assert     []string `mapstructure:"assert"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "tcp",
	Summary: "A connection can be made and, if asked, the peer answers with the expected text.",
	Options: func() any { return &Options{} },
	Build:   build,
	Example: `{address: cache.example.com:6379, send: "PING\r\n", expect: +PONG}`,
	Proven:  "nginx 1.22 and its stream module",
}

type prober struct {
	target probe.Target
	send   []byte
	expect []byte
	anyEnd bool // expect is the end of a line, of which expressions speak, and need not come
	claims *claim.Set
	dialer probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	t, err := probe.ReadTarget("address", o.Address)
	if err != nil {
		return nil, err
	}
	if len(o.Expect) > probe.ReadMax {
		return nil, &probe.OptionError{Key: "expect", Problem: "is longer than the 64 KiB that are read"}
	}
	said, err := vocabulary.CompileAs("assert", o.Assert, o.FailIf, o.DegradedIf)
	if err != nil {
		return nil, err
	}
	p := &prober{target: t, send: []byte(o.Send), expect: []byte(o.Expect), claims: said, dialer: probe.NewDialer(c)}
	if len(p.expect) == 0 && said.Uses("received") {
		p.expect, p.anyEnd = []byte("\n"), true
	}
	return p.run, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	if p.claims == nil {
		return p.talk(ctx, nil)
	}
	start := time.Now()
	seen := &seen{}
	r := p.talk(ctx, seen)
	seen.took = time.Since(start)
	r = p.claims.Judged(ctx, r, seen)
	if r.Outcome != checks.Pass && r.Evidence == nil {
		r.Evidence = &checks.Evidence{Remote: seen.remote, Output: seen.received[:min(len(seen.received), 2*probe.OutputMax)]}
	}
	return r
}

// talk makes one conversation and notes what expressions may ask about it,
// if seen is not nil.
func (p *prober) talk(ctx context.Context, seen *seen) checks.Result {
	tr := p.dialer.Trail()
	conn, err := tr.Dial(ctx, p.target)
	if err != nil {
		return tr.Failed(ctx, err)
	}
	defer conn.Close()
	if seen != nil {
		seen.remote = tr.Remote
	}
	if len(p.send) == 0 && len(p.expect) == 0 {
		return checks.Result{Outcome: checks.Pass, Summary: "connected", Phases: tr.Phases}
	}
	defer probe.Bind(ctx, conn)()

	if len(p.send) > 0 {
		tr.Stage = probe.Sending
		if _, err := conn.Write(p.send); err != nil {
			return tr.Failed(ctx, err)
		}
	}
	if len(p.expect) == 0 {
		return checks.Result{Outcome: checks.Pass, Summary: "connected, text sent", Phases: tr.Phases}
	}
	buffer := probe.ReadBuffers.Get().(*[]byte)
	defer probe.ReadBuffers.Put(buffer)
	return p.listen(ctx, conn, &tr, buffer, seen)
}

// listen reads until the expected text was seen, the peer ends or 64 KiB
// came.
func (p *prober) listen(ctx context.Context, conn net.Conn, tr *probe.Trail, buffer *[]byte, seen *seen) checks.Result {
	got := (*buffer)[:0]
	if seen != nil {
		defer func() { seen.received = strings.ToValidUTF8(string(got), "\uFFFD") }()
	}
	sent := time.Now()
	var first time.Time
	tr.Stage = probe.Waiting
	for {
		if len(got) == cap(got) {
			got = append(got, 0)[:len(got)]
			*buffer = got
		}
		n, err := conn.Read(got[len(got):min(cap(got), probe.ReadMax)])
		if n > 0 && first.IsZero() {
			first = time.Now()
			tr.Phases.FirstByte = first.Sub(sent)
			tr.Stage = probe.Reading
		}
		// The text may begin before what was read last.
		from := max(0, len(got)-len(p.expect)+1)
		got = got[:len(got)+n]
		if bytes.Contains(got[from:], p.expect) {
			tr.Phases.Transfer = time.Since(first)
			return checks.Result{Outcome: checks.Pass, Summary: "connected, answered as expected", Phases: tr.Phases}
		}
		ended := errors.Is(err, io.EOF) && len(got) > 0
		if err != nil && !ended {
			r := tr.Failed(ctx, err)
			r.Evidence.Output = string(got)
			return r
		}
		if ended || len(got) >= probe.ReadMax {
			tr.Phases.Transfer = time.Since(first)
			if p.anyEnd {
				return checks.Result{Outcome: checks.Pass, Summary: "connected, answered", Phases: tr.Phases}
			}
			how := fmt.Sprintf("the answer of %d bytes", len(got))
			if !ended {
				how = "what was read of the answer, its first 64 KiB,"
			}
			return checks.Result{
				Outcome: checks.Fail, Reason: checks.ReasonAssertion, Phases: tr.Phases,
				Summary:  how + " lacks the expected " + probe.Quoted(string(p.expect)),
				Evidence: &checks.Evidence{Remote: tr.Remote, Output: string(got[:min(len(got), 2*probe.OutputMax)])},
			}
		}
	}
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"latency":  claim.Duration,
	"received": claim.String,
})

// seen is a peer's answer as expressions see it.
type seen struct {
	remote   string // the address that answered
	received string
	took     time.Duration
}

// ResolveName returns a variable's value.
func (s *seen) ResolveName(name string) (any, bool) {
	switch name {
	case "latency":
		return s.took, true
	case "received":
		return s.received, true
	}
	return nil, false
}
