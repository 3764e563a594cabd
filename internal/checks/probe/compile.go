package probe

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Compiled is a check that is ready to run: its options are read and judged
// once, so that a probe does only what a probe must. Safe for concurrent use.
type Compiled struct {
	Check *checks.Check // not to be changed; shared with who had it compiled: there may be ten thousand
	Host  string        // that it asks, for the bounds of one host; empty for none

	kind   *Kind // shared by all checks of the kind
	probe  Probe
	redact *redact.Redactor // nil if it knows no secrets, as of most
	files  *fileSecrets     // that hold secrets of its own, read when there is a result to clean; nil for most
}

// Cost is what its probes cost most of.
func (c *Compiled) Cost() Cost { return c.kind.Cost }

// NewCompiled is a check that probes as it is told, for tests of who runs
// checks.
func NewCompiled(c *checks.Check, kind *Kind, probe Probe) *Compiled {
	return &Compiled{Check: c, kind: kind, probe: probe}
}

// Compile makes a check of the kind ready to run. The error names the check;
// it wraps an OptionError where a key of the kind's own part is to blame.
func Compile(kind *Kind, c *checks.Check) (*Compiled, error) {
	switch {
	case c.Every <= 0:
		return nil, fmt.Errorf("compile check %q: the interval %v is not more than 0", c.ID, c.Every)
	case c.Timeout <= 0 || c.Timeout > c.Every:
		return nil, fmt.Errorf("compile check %q: the time-out %v is not between 0 and the interval %v", c.ID, c.Timeout, c.Every)
	case c.Passive != kind.Passive:
		return nil, fmt.Errorf("compile check %q: it says passive=%v, and its kind %s does not", c.ID, c.Passive, kind.Name) // unreachable unless whoever read it forgot
	case c.Strict && kind.NotStrict != "":
		return nil, fmt.Errorf("compile check %q: a strict check %s; write this one in a configuration file", c.ID, kind.NotStrict)
	}
	probe, err := kind.Compile(*c)
	if err != nil {
		return nil, fmt.Errorf("compile check %q: %s: %w", c.ID, c.Kind, err)
	}
	compiled := &Compiled{Check: c, Host: HostOf(c.Options), kind: kind, probe: probe, files: secretFiles(c)}
	switch own := redact.With(c.Options, c.Secrets); {
	case compiled.files != nil:
		compiled.files.own = own
	case len(own) > 0:
		known := redact.For(own)
		compiled.redact = &known
	}
	return compiled, nil
}

// For returns the same for a definition that is alike, so that the list of the
// old one can be let go.
func (c *Compiled) For(alike *checks.Check) *Compiled {
	anew := *c
	anew.Check = alike
	return &anew
}

// Run executes one probe within the check's time-out and returns what it saw.
// It returns false if ctx ended meanwhile: the probe was cut off by its
// caller and nothing was learnt, not even by one that seems to have passed
// (to keep passes and drop failures would flatter the figures).
func (c *Compiled) Run(ctx context.Context) (checks.Result, bool) {
	if ctx.Err() != nil {
		return checks.Result{}, false
	}
	probing, cancel := context.WithTimeout(ctx, c.Check.Timeout)
	started := time.Now()
	r := c.guard(probing)
	if c.Check.MustFail {
		turnRound(&r)
	}
	took := time.Since(started)
	cancel()
	if ctx.Err() != nil {
		return checks.Result{}, false
	}
	r.Check, r.Product = c.Check.ID, c.Check.Product
	r.Started = started
	// A probe that measured itself (a script's duration_ms) is believed, but
	// cannot have taken longer than the wall says.
	if r.Duration <= 0 || r.Duration > took {
		r.Duration = took
	}
	c.Clean(&r)
	return r, true
}

// turnRound makes a failure a pass, and that the peer served a failure. What could
// not be observed stays that.
func turnRound(r *checks.Result) {
	switch r.Outcome {
	case checks.Pass, checks.Degraded:
		r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonAssertion, "it must fail, and did not: "+r.Summary
	case checks.Fail:
		r.Outcome, r.Reason, r.Summary = checks.Pass, checks.ReasonNone, "fails, as it must: "+r.Summary
	}
}

// Clean makes a result's texts short, printable and free of secrets.
func (c *Compiled) Clean(r *checks.Result) {
	r.Summary = wholeLine(r.Summary) // cut below: what is masked first cannot be cut into something that is not known
	if e := r.Evidence; e != nil {
		// What the cleaning drops makes room, so look at more than is kept; and
		// clean first, since a control character within a secret would hide it.
		e.Output = redact.Printable(e.Output[:min(len(e.Output), 2*OutputMax)])
	}
	HideIn(r, c.redactor())
	if r.Evidence != nil {
		r.Evidence.Output = ClipOutput(r.Evidence.Output)
	}
}

// guard turns a panic of a probe into a result: one faulty check must not end
// the process that watches all the others.
func (c *Compiled) guard(ctx context.Context) (r checks.Result) {
	defer func() {
		if p := recover(); p != nil {
			r = Internal(fmt.Sprintf("the probe panicked: %v", p))
			r.Evidence = &checks.Evidence{Output: string(debug.Stack())}
		}
	}()
	return c.probe(ctx)
}

// Internal is the result of a fault of our own.
func Internal(summary string) checks.Result {
	return checks.Result{Outcome: checks.Unknown, Reason: checks.ReasonInternal, Summary: summary}
}

// errOptions is a fault of the caller's, not of whoever wrote the options.
var errOptions = errors.New("the options are not of this kind")

// OptionsOf returns the check's options if they are of the kind that asks.
func OptionsOf[T any](c checks.Check) (*T, error) {
	switch o := c.Options.(type) {
	case *T:
		if o != nil {
			return o, nil
		}
	case T:
		return &o, nil
	}
	return nil, fmt.Errorf("%w: %T", errOptions, c.Options)
}
