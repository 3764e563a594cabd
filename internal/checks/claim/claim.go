// Package claim judges what a probe saw by a check's own expressions, in CEL
// (https://cel.dev): what must be true, what is a failure, what is degraded.
// Nothing else imports CEL.
package claim

import (
	"context"
	"errors"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Set are what the options expect, fail_if and degraded_if of one check
// say of an answer, in CEL (https://cel.dev), compiled. Nil for a check that
// has none, which so pays for none.
type Set struct {
	fail     []claim // of expect, which must be true, and of fail_if, which must not
	degraded []claim // of degraded_if
	uses     map[string]bool
}

// claim is one expression, or one of those that && joins in an expect.
type claim struct {
	key     string // the option, as messages name it: "fail_if"
	want    bool   // what a good answer makes of it
	text    string // as it was written
	secret  bool   // its text and what it saw are not shown
	program cel.Program
	ast     *cel.Ast
	// traced makes the program that remembers what each part of the
	// expression was. Only a claim that does not hold needs it, and it costs
	// as much memory as all the rest.
	traced func() (cel.Program, error)
}

// finding is what claims make of an answer; the zero value is that it is
// as it should be.
type finding struct {
	outcome checks.Outcome
	reason  checks.Reason
	problem string
}

const (
	// costMax bounds the work of one expression on one answer, in CEL's own
	// units: about one for each step, one for ten characters that a function
	// reads. A loop over a list of 1,000 items costs some 5,000, a regular
	// expression of 40 characters on 64 KiB of text 66,000. Keeping the count
	// takes time that grows with its square: 0.3 s at the bound, 7 s at five
	// times as much.
	costMax = 100_000
	// timeMax bounds the time for all expressions of one check, since what
	// a unit costs differs.
	timeMax = 250 * time.Millisecond
	// pulse is how many turns of a loop may pass before the clock is
	// looked at.
	pulse = 128
)

// Uses reports whether an expression speaks of a variable.
func (c *Set) Uses(name string) bool { return c != nil && c.uses[name] }

// judge says what the claims make of an answer. A failure is looked for
// first: what is to fail cannot be said to be degraded only.
func (c *Set) judge(ctx context.Context, seen cel.Activation) finding {
	ctx, cancel := context.WithTimeout(ctx, timeMax)
	defer cancel()
	for _, list := range [...]struct {
		claims  []claim
		outcome checks.Outcome
	}{{c.fail, checks.Fail}, {c.degraded, checks.Degraded}} {
		for i := range list.claims {
			if f := list.claims[i].judge(ctx, seen, list.outcome); f.outcome != "" {
				return f
			}
		}
	}
	return finding{}
}

func (c *claim) judge(ctx context.Context, seen cel.Activation, outcome checks.Outcome) finding {
	got, _, err := c.program.ContextEval(ctx, seen)
	if err != nil {
		return c.broken(ctx, seen, err)
	}
	truth, ok := got.(types.Bool)
	switch {
	case !ok && (c.secret || computesKey(c.ast.NativeRep().Expr(), c.ast.NativeRep())):
		return finding{checks.Fail, checks.ReasonAssertion, c.shown() + " is neither true nor false"}
	case !ok:
		return finding{checks.Fail, checks.ReasonAssertion, c.shown() + " is " + valueText(got) + ", neither true nor false"}
	case bool(truth) == c.want:
		return finding{}
	}
	problem := c.shown() + " is true"
	if !truth {
		problem = c.shown() + " is false"
	}
	if values := c.values(ctx, seen); values != "" {
		problem += ": " + values
	}
	return finding{outcome, checks.ReasonAssertion, problem}
}

// broken is the finding of an expression without a value. An answer that
// lacks what it speaks of is the product's fault, one that would take too
// much work to judge was not judged.
func (c *claim) broken(ctx context.Context, seen cel.Activation, err error) finding {
	if _, cancelled := errors.AsType[interpreter.EvalCancelledError](err); cancelled || ctx.Err() != nil {
		return finding{checks.Unknown, checks.ReasonInternal, c.key + " takes more work on this answer than is allowed: " + c.shown()}
	}
	if c.secret {
		return finding{checks.Fail, checks.ReasonAssertion, c.shown() + " has no value"}
	}
	if json, ok := seen.ResolveName("json"); ok && json == nil && mentions(c.ast, "json") {
		return finding{checks.Fail, checks.ReasonAssertion, c.shown() + " has no value: the answer is no JSON, or null"}
	}
	if cert, ok := seen.ResolveName(probe.CertificateFact); ok && cert == nil && mentions(c.ast, probe.CertificateFact) {
		why := "no certificate was seen, the connection is plain text"
		if kept, _ := seen.ResolveName("reused"); kept == true {
			why = "no certificate was seen, the connection was kept from an earlier probe"
		}
		return finding{checks.Fail, checks.ReasonAssertion, c.shown() + " has no value: " + why}
	}
	return finding{checks.Fail, checks.ReasonAssertion, c.blamed(ctx, seen, err)}
}

// shown is the expression's text for a summary.
func (c *claim) shown() string {
	if c.secret {
		return "a claim of " + c.key + " about a secret"
	}
	return Shorten(c.text)
}

// tracedBy returns a func that makes the remembering program once.
func tracedBy(env *cel.Env, ast *cel.Ast) func() (cel.Program, error) {
	return sync.OnceValues(func() (cel.Program, error) {
		return env.Program(ast, cel.EvalOptions(cel.OptTrackState), cel.CostLimit(costMax), cel.InterruptCheckFrequency(pulse))
	})
}
