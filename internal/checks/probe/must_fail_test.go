package probe

import (
	"context"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestWhatMustFail: a failure is a pass, to be served is a failure, and what could
// not be seen is neither.
func TestWhatMustFail(t *testing.T) {
	for _, tt := range []struct{ said, want checks.Result }{
		{checks.Result{Outcome: checks.Pass, Summary: "connected"}, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: "it must fail, and did not: connected"}},
		{checks.Result{Outcome: checks.Degraded, Reason: checks.ReasonLatency, Summary: "slow"}, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: "it must fail, and did not: slow"}},
		{checks.Result{Outcome: checks.Fail, Reason: checks.ReasonConnect, Summary: "refused"}, checks.Result{Outcome: checks.Pass, Summary: "fails, as it must: refused"}},
		{checks.Result{Outcome: checks.Unknown, Reason: checks.ReasonInternal, Summary: "no socket"}, checks.Result{Outcome: checks.Unknown, Reason: checks.ReasonInternal, Summary: "no socket"}},
	} {
		kind := &Kind{Name: "k", Build: func(checks.Check) (Probe, error) {
			return func(context.Context) checks.Result { return tt.said }, nil
		}}
		c, err := Compile(kind, &checks.Check{ID: "c", Kind: "k", Every: time.Minute, Timeout: time.Minute, MustFail: true, Options: &struct{}{}})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := c.Run(t.Context()); got.Outcome != tt.want.Outcome || got.Reason != tt.want.Reason || got.Summary != tt.want.Summary {
			t.Errorf("%s: got %s %s %q", tt.said.Outcome, got.Outcome, got.Reason, got.Summary)
		}
	}
}
