// Package tcp is the kind of check that connects and, if asked, says something and
// listens.
package tcp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind tcp.
type Options struct {
	Address string `mapstructure:"address"`                 // "host:port"
	Send    string `mapstructure:"send"`                    // written once connected; empty for nothing
	Expect  string `mapstructure:"expect" empty:"refused"`  // must occur in the first 64 KiB of the answer; empty for not reading
	Matches string `mapstructure:"matches" empty:"refused"` // regular expression that the answer must match, beside Expect

	// Steps are a conversation, in place of Send, Expect and Matches: what the peer
	// says counts for a step from where the step before found what it waited for.
	Steps []Step `mapstructure:"steps"`

	probe.SecureOptions `mapstructure:",squash"`

	// Expressions of vocabulary. Assert has another name than in the other
	// kinds, where it is expect: that is a text here.
	Assert     []string `mapstructure:"assert"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded

	probe.WayOptions `mapstructure:",squash"`
}

// Step is one turn of a conversation.
type Step struct {
	Send    string `mapstructure:"send"`
	Expect  string `mapstructure:"expect" empty:"refused"`
	Matches string `mapstructure:"matches" empty:"refused"`
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
	tls    *tls.Config // nil for plain text
	steps  []step
	anyEnd bool // the last step waits for the end of a line, of which expressions speak, and which need not come
	claims *claim.Set
	dialer probe.Dialer
}

// step is a Step, compiled.
type step struct {
	name    string // for summaries: "step 2: "; empty where there is one only
	send    []byte
	expect  []byte         // nil: not waited for
	matches *regexp.Regexp // nil: not waited for
}

func (s *step) waits() bool { return len(s.expect) > 0 || s.matches != nil }

// readSteps compiles the conversation.
func readSteps(o *Options) ([]step, error) {
	list := o.Steps
	switch {
	case len(list) == 0:
		list = []Step{{o.Send, o.Expect, o.Matches}}
	case o.Send+o.Expect+o.Matches != "":
		return nil, &probe.OptionError{Key: "steps", Problem: "does not go with send, expect and matches", Instead: "write them as the first step"}
	case len(list) > probe.StepsMax:
		return nil, &probe.OptionError{Key: "steps", Problem: fmt.Sprintf("has more than %d", probe.StepsMax), Instead: "write a script"}
	}
	var steps []step
	for i, said := range list {
		s, key := step{send: []byte(said.Send), expect: []byte(said.Expect)}, ""
		if len(o.Steps) > 0 {
			key = fmt.Sprintf("steps[%d].", i)
			s.name = fmt.Sprintf("step %d: ", i+1)
			if said == (Step{}) {
				return nil, &probe.OptionError{Key: strings.TrimSuffix(key, "."), Problem: "says nothing and waits for nothing", Instead: `write send: "QUIT\r\n" or expect: "220 "`}
			}
		}
		if len(said.Expect) > probe.ReadMax {
			return nil, &probe.OptionError{Key: key + "expect", Problem: "is longer than the 64 KiB that are read"}
		}
		if said.Matches != "" {
			var err error
			if s.matches, err = regexp.Compile("(?m)" + said.Matches); err != nil {
				return nil, &probe.OptionError{Key: key + "matches", Problem: "is no regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "), Instead: "they are those of Go: https://pkg.go.dev/regexp/syntax"}
			}
		}
		steps = append(steps, s)
	}
	return steps, nil
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
	steps, err := readSteps(o)
	if err != nil {
		return nil, err
	}
	secured, err := o.SecureOptions.Config(c, t)
	if err != nil {
		return nil, err
	}
	said, err := vocabulary.CompileAs("assert", o.Assert, o.FailIf, o.DegradedIf)
	if err != nil {
		return nil, err
	}
	p := &prober{target: t, tls: secured, steps: steps, claims: said, dialer: probe.NewDialer(c)}
	if last := &steps[len(steps)-1]; !last.waits() && said.Uses("received") {
		last.expect, p.anyEnd = []byte("\n"), true
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
	conn, err := tr.Connect(ctx, p.target, p.tls)
	if err != nil {
		return tr.Failed(ctx, err)
	}
	defer conn.Close()
	if seen != nil {
		seen.remote, seen.certificate = tr.Remote, tr.Certificate
	}
	if only := &p.steps[0]; len(p.steps) == 1 && len(only.send) == 0 && !only.waits() {
		return checks.Result{Outcome: checks.Pass, Summary: "connected", Phases: tr.Phases}
	}
	defer probe.Bind(ctx, conn)()
	buffer := probe.ReadBuffers.Get().(*[]byte)
	defer probe.ReadBuffers.Put(buffer)
	t := &talk{prober: p, conn: conn, tr: &tr, buffer: buffer, got: (*buffer)[:0]}
	if seen != nil {
		defer func() { seen.received = strings.ToValidUTF8(string(t.got), "\uFFFD") }()
	}
	summary := "connected"
	for i := range p.steps {
		step := &p.steps[i]
		if len(step.send) > 0 {
			tr.Stage, summary = probe.Sending, "connected, text sent"
			if _, err := conn.Write(step.send); err != nil {
				return t.named(step, tr.Failed(ctx, err))
			}
		}
		if !step.waits() {
			continue
		}
		if r, ok := t.listen(ctx, step); !ok {
			return t.named(step, r)
		}
		if summary = "connected, answered as expected"; t.unsaid {
			summary = "connected, answered"
		}
	}
	return checks.Result{Outcome: checks.Pass, Summary: summary, Phases: tr.Phases}
}

// talk is one conversation under way.
type talk struct {
	*prober
	conn   net.Conn
	tr     *probe.Trail
	buffer *[]byte
	got    []byte // all that came
	from   int    // where in it the present step begins
	unsaid bool   // what expressions speak of ended without the end of a line
}

// named is a result with the name of its step.
func (t *talk) named(step *step, r checks.Result) checks.Result {
	r.Summary = step.name + r.Summary
	if r.Evidence != nil && r.Evidence.Output == "" {
		r.Evidence.Output = string(t.got[:min(len(t.got), 2*probe.OutputMax)])
	}
	return r
}

// found reports whether what a step waits for has come, looking at what came
// since; and where it ends.
func (t *talk) found(step *step, since int) (end int, ok bool) {
	end = t.from
	if len(step.expect) > 0 {
		// The text may begin before what was read last.
		begin := max(t.from, since-len(step.expect)+1)
		at := bytes.Index(t.got[begin:], step.expect)
		if at < 0 && step.matches != nil { // it may have come before what else is waited for
			begin = t.from
			at = bytes.Index(t.got[begin:], step.expect)
		}
		if at < 0 {
			return 0, false
		}
		end = begin + at + len(step.expect)
	}
	if step.matches != nil {
		at := step.matches.FindIndex(t.got[t.from:])
		if at == nil {
			return 0, false
		}
		end = max(end, t.from+at[1])
	}
	return end, true
}

// listen reads until what a step waits for was seen, the peer ends or 64 KiB
// came. It returns false with the result if that was in vain.
func (t *talk) listen(ctx context.Context, step *step) (checks.Result, bool) {
	if end, ok := t.found(step, t.from); ok {
		t.from = end
		return checks.Result{}, true
	}
	sent := time.Now()
	var first time.Time
	t.tr.Stage = probe.Waiting
	for {
		if len(t.got) == cap(t.got) {
			t.got = append(t.got, 0)[:len(t.got)]
			*t.buffer = t.got
		}
		n, err := t.conn.Read(t.got[len(t.got):min(cap(t.got), probe.ReadMax)])
		if n > 0 && first.IsZero() {
			first = time.Now()
			t.tr.Phases.FirstByte += first.Sub(sent)
			t.tr.Stage = probe.Reading
		}
		since := len(t.got)
		t.got = t.got[:len(t.got)+n]
		if end, ok := t.found(step, since); ok {
			t.tr.Phases.Transfer += time.Since(first)
			t.from = end
			return checks.Result{}, true
		}
		ended := errors.Is(err, io.EOF) && len(t.got) > t.from
		if err != nil && !ended {
			r := t.tr.Failed(ctx, err)
			if r.Evidence != nil {
				r.Evidence.Output = string(t.got)
			}
			if r.Outcome == checks.Fail && len(t.got) > t.from {
				r.Summary += ", which " + t.lacking(step)
			}
			return r, false
		}
		if ended || len(t.got) >= probe.ReadMax {
			t.tr.Phases.Transfer += time.Since(first)
			if t.anyEnd && step == &t.steps[len(t.steps)-1] {
				t.unsaid = true
				return checks.Result{}, true
			}
			return t.lacks(step, ended), false
		}
	}
}

// lacking says what an answer is without that a step waits for, in words that complete
// "the answer ...".
func (t *talk) lacking(step *step) string {
	if step.matches != nil && (len(step.expect) == 0 || bytes.Contains(t.got[t.from:], step.expect)) {
		return "does not match " + probe.Quoted(strings.TrimPrefix(step.matches.String(), "(?m)"))
	}
	return "lacks the expected " + probe.Quoted(string(step.expect))
}

// lacks is the result of an answer without what a step waits for.
func (t *talk) lacks(step *step, ended bool) checks.Result {
	how := fmt.Sprintf("the answer of %d bytes", len(t.got)-t.from)
	if !ended {
		how = "what was read of the answer, its first 64 KiB,"
	}
	return checks.Result{
		Outcome: checks.Fail, Reason: checks.ReasonAssertion, Phases: t.tr.Phases, Summary: how + " " + t.lacking(step),
		Evidence: &checks.Evidence{Remote: t.tr.Remote, Output: string(t.got[:min(len(t.got), 2*probe.OutputMax)])},
	}
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"latency":  claim.Duration,
	"received": claim.String,

	probe.CertificateFact: claim.Any,
})

// seen is a peer's answer as expressions see it.
type seen struct {
	remote   string // the address that answered
	received string
	took     time.Duration

	certificate func() any // nil before there is a connection
}

// ResolveName returns a variable's value.
func (s *seen) ResolveName(name string) (any, bool) {
	switch name {
	case "latency":
		return s.took, true
	case "received":
		return s.received, true
	case probe.CertificateFact:
		return s.certificate(), true
	}
	return nil, false
}
