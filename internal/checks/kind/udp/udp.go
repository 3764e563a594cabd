// Package udp is the kind of check that sends one datagram and waits for an
// answer.
package udp

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"syscall"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind udp.
type Options struct {
	Address string `mapstructure:"address"`                // "host:port"
	Send    string `mapstructure:"send"`                   // the datagram, as text
	SendHex string `mapstructure:"send_hex"`               // the datagram, in hexadecimal; blanks do not count
	Expect  string `mapstructure:"expect" empty:"refused"` // text that the answer holds; empty for any answer

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	Assert     []string `mapstructure:"assert"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "udp",
	Summary: "A datagram is answered and, if asked, with the expected text.",
	Options: func() any { return &Options{} },
	Build:   build,
	Example: `{address: "game.example.com:27015", send_hex: "ff ff ff ff 54 53 6f 75 72 63 65 20 45 6e 67 69 6e 65 20 51 75 65 72 79 00", expect: Arena, degraded_over: 200ms}`,
	Proven:  "a server on Go's net, which repeats what it hears",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"received": claim.String,
	"hex":      claim.String,
	"size":     claim.Int,
	"latency":  claim.Duration,
})

// sendMax is how long a datagram may be, in bytes (RFC 768, less the header of
// IPv4).
const sendMax = 65507

type prober struct {
	target probe.Target
	send   []byte
	expect string
	claims *claim.Set
	limits probe.Limits
	dialer probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{expect: o.Expect, send: []byte(o.Send), dialer: probe.NewDialer(c)}
	if p.target, err = probe.ReadTarget("address", o.Address); err != nil {
		return nil, err
	}
	switch {
	case o.Send != "" && o.SendHex != "":
		return nil, &probe.OptionError{Key: "send_hex", Problem: "is given beside send", Instead: "write one of them"}
	case o.SendHex != "":
		if p.send, err = hex.DecodeString(strings.Join(strings.Fields(o.SendHex), "")); err != nil {
			return nil, &probe.OptionError{Key: "send_hex", Problem: "is not hexadecimal", Instead: `write two digits for each byte, such as "01 ff"`}
		}
	case o.Send == "":
		return nil, &probe.OptionError{Key: "send", Problem: "is empty", Instead: "write what the server answers to; it cannot be asked otherwise"}
	}
	if len(p.send) > sendMax {
		return nil, &probe.OptionError{Key: "send", Problem: "is longer than a datagram, 65,507 bytes"}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	p.claims, err = vocabulary.CompileAs("assert", o.Assert, o.FailIf, o.DegradedIf)
	return p.run, err
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	got, err := p.ask(ctx, tr)
	took := time.Since(start)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			tr.Stage = probe.Connecting // over UDP the refusal comes when the answer is read
		}
		r := tr.Failed(ctx, err)
		r.Duration = took
		return r
	}
	text := strings.ToValidUTF8(string(got), "\uFFFD")
	if p.expect != "" && !strings.Contains(string(got), p.expect) {
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: probe.Quoted(p.expect) + " is not in the answer", Phases: tr.Phases, Duration: took,
			Evidence: &checks.Evidence{Remote: tr.Remote, Output: probe.Head(got)}}
	}
	r := p.limits.Judge("answered", took, tr)
	return p.claims.Concluded(ctx, r, tr.Remote, claim.Facts{"received": text, "hex": hex.EncodeToString(got), "size": len(got)}, probe.Head(got))
}

// ask sends the datagram and returns the first answer.
func (p *prober) ask(ctx context.Context, tr *probe.Trail) ([]byte, error) {
	conn, err := tr.DialOn(ctx, "udp", p.target)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()
	tr.Stage = probe.Sending
	sent := time.Now()
	if _, err := conn.Write(p.send); err != nil {
		return nil, err
	}
	tr.Stage = probe.Waiting
	buffer := probe.ReadBuffers.Get().(*[]byte)
	defer probe.ReadBuffers.Put(buffer)
	if cap(*buffer) < probe.ReadMax {
		*buffer = make([]byte, probe.ReadMax)
	}
	whole := (*buffer)[:cap(*buffer)]
	n, err := conn.Read(whole)
	tr.Phases.FirstByte = time.Since(sent)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), whole[:n]...), nil
}
