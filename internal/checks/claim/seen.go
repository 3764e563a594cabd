package claim

import (
	"context"

	"cel.dev/cel-go/cel"

	"github.com/statusbot/statusbot/internal/checks"
)

// Seen is what a probe saw, as expressions speak of it.
type Seen interface {
	// ResolveName returns a variable's value.
	ResolveName(name string) (value any, ok bool)
}

// activation is what was seen, for CEL.
type activation struct{ Seen }

// Parent is nil: there is nothing else to know.
func (activation) Parent() cel.Activation { return nil }

// Facts is an exchange of a kind with few facts, as expressions see it.
type Facts map[string]any // :: name of the variable -> value

// ResolveName returns a variable's value.
func (s Facts) ResolveName(name string) (any, bool) {
	value, ok := s[name]
	return value, ok
}

// Concluded judges an exchange that went as the protocol has it and was judged
// by how long it took: by the check's expressions. Remote is who answered, and
// output what a person may want to see if that is no pass.
func (c *Set) Concluded(ctx context.Context, r checks.Result, remote string, seen Facts, output string) checks.Result {
	if c != nil {
		seen["latency"] = r.Duration
		r = c.Judged(ctx, r, seen)
	}
	if r.Outcome != checks.Pass {
		r.Evidence = &checks.Evidence{Remote: remote, Output: output}
	}
	return r
}

// Partial is something seen that may not be whole.
type Partial interface {
	Seen
	// Lacks says why expressions that use some variables cannot be judged by
	// it, or nothing if they can.
	Lacks(uses func(name string) bool) string
}

// Judged returns a result that may be a pass or degraded as the check's
// expressions leave it. What is worse already stays.
func (c *Set) Judged(ctx context.Context, r checks.Result, seen Seen) checks.Result {
	if c == nil || r.Outcome != checks.Pass && r.Outcome != checks.Degraded {
		return r
	}
	f := c.judge(ctx, activation{seen})
	if s, ok := seen.(Partial); ok {
		if why := s.Lacks(c.Uses); why != "" {
			f = finding{checks.Unknown, checks.ReasonInternal, why}
		}
	}
	if f.outcome == "" || f.outcome == r.Outcome {
		return r
	}
	r.Outcome, r.Reason, r.Summary = f.outcome, f.reason, f.problem
	return r
}
