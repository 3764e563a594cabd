package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Compiled is a check that is ready to run: its options are read and judged
// once, so that a probe does only what a probe must. Safe for concurrent use.
type Compiled struct {
	Check  *Check // not to be changed; shared with who had it compiled: there may be ten thousand
	probe  Probe
	redact redactor
	host   string    // that it asks, for the bounds of one host; empty for none
	as     *Compiled // what this is the same as, until it has taken its place; nil for another
}

// Compile makes a check ready to run. The error names the check; it wraps an
// OptionError where a key of the kind's own part is to blame.
func Compile(c Check) (*Compiled, error) { return compile(&c) }

func compile(c *Check) (*Compiled, error) {
	kind, ok := LookupKind(c.Kind)
	switch {
	case !ok:
		return nil, fmt.Errorf("compile check %q: no kind is called %q; write one of %v", c.ID, c.Kind, KindNames())
	case c.Every <= 0:
		return nil, fmt.Errorf("compile check %q: the interval %v is not more than 0", c.ID, c.Every)
	case c.Timeout <= 0 || c.Timeout > c.Every:
		return nil, fmt.Errorf("compile check %q: the time-out %v is not between 0 and the interval %v", c.ID, c.Timeout, c.Every)
	case c.Strict && c.Kind == execKind.Name:
		return nil, fmt.Errorf("compile check %q: a strict check runs no script; write this one in a configuration file", c.ID)
	case c.Strict && c.Kind == browserKind.Name: // it runs a stranger's pages, and without a sandbox where we are root
		return nil, fmt.Errorf("compile check %q: a strict check starts no browser; write this one in a configuration file", c.ID)
	}
	probe, err := kind.Build(*c)
	if err != nil {
		return nil, fmt.Errorf("compile check %q: %s: %w", c.ID, c.Kind, err)
	}
	return &Compiled{Check: c, probe: probe, redact: redactor{secretsOf(c.Options)}, host: hostOf(c.Options)}, nil
}

// Run executes one probe within the check's time-out and returns what it saw.
// It returns false if ctx ended meanwhile: the probe was cut off by its
// caller and nothing was learnt, not even by one that seems to have passed
// (to keep passes and drop failures would flatter the figures).
func (c *Compiled) Run(ctx context.Context) (Result, bool) {
	if ctx.Err() != nil {
		return Result{}, false
	}
	probing, cancel := context.WithTimeout(ctx, c.Check.Timeout)
	if c.Check.Strict {
		probing = strictly(probing)
	}
	started := time.Now()
	r := c.guard(probing)
	took := time.Since(started)
	cancel()
	if ctx.Err() != nil {
		return Result{}, false
	}
	r.Check, r.Product = c.Check.ID, c.Check.Product
	r.Started = started
	// A probe that measured itself (a script's duration_ms) is believed, but
	// cannot have taken longer than the wall says.
	if r.Duration <= 0 || r.Duration > took {
		r.Duration = took
	}
	c.clean(&r)
	return r, true
}

// clean makes a result's texts short, printable and free of secrets.
func (c *Compiled) clean(r *Result) {
	r.Summary = oneLine(r.Summary)
	if e := r.Evidence; e != nil {
		// What the cleaning drops makes room, so look at more than is kept; and
		// clean first, since a control character within a secret would hide it.
		e.Output = printable(e.Output[:min(len(e.Output), 2*outputMax)])
	}
	if r.Outcome != Pass || r.Evidence != nil || len(c.redact.secrets) > 0 {
		c.redact.result(r)
	}
	if r.Evidence != nil {
		r.Evidence.Output = clipOutput(r.Evidence.Output)
	}
}

// guard turns a panic of a probe into a result: one faulty check must not end
// the process that watches all the others.
func (c *Compiled) guard(ctx context.Context) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			r = internal(fmt.Sprintf("the probe panicked: %v", p))
			r.Evidence = &Evidence{Output: string(debug.Stack())}
		}
	}()
	return c.probe(ctx)
}

// internal is the result of a fault of our own.
func internal(summary string) Result {
	return Result{Outcome: Unknown, Reason: ReasonInternal, Summary: summary}
}

// errOptions is a fault of the caller's, not of whoever wrote the options.
var errOptions = errors.New("the options are not of this kind")

// optionsOf returns the check's options if they are of the kind that asks.
func optionsOf[T any](c Check) (*T, error) {
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
