package runner

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// A time-out is the target's as long as this process ran for most of it.
func TestStandstillExcusesTimeouts(t *testing.T) {
	const timeout = 2 * time.Second
	for _, tt := range []struct {
		name    string
		stood   time.Duration // between two beats
		noticed bool          // a beat came after it
		result  checks.Result
		want    checks.Outcome
	}{
		{"running all the time", 0, true, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}, checks.Fail},
		{"a short hiccup", 300 * time.Millisecond, true, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}, checks.Fail},
		{"stopped for most of it", 1900 * time.Millisecond, true, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}, checks.Unknown},
		{"the same, and no beat yet", 1900 * time.Millisecond, false, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}, checks.Unknown},
		{"refused is refused", 1900 * time.Millisecond, true, checks.Result{Outcome: checks.Fail, Reason: checks.ReasonConnect}, checks.Fail},
		{"passed all the same", 1900 * time.Millisecond, true, checks.Result{Outcome: checks.Pass}, checks.Pass},
	} {
		s := newStandstill()
		before := s.soFar()
		s.epoch = s.epoch.Add(-tt.stood) // as long ago as it stood still
		if tt.noticed {
			now := int64(time.Since(s.epoch))
			s.total.Add(missed(now - s.last.Load()))
			s.last.Store(now)
		}
		r := tt.result
		r.Duration = timeout
		s.excuse(&r, before, timeout)
		if r.Outcome != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, r.Outcome, tt.want)
		}
		if r.Outcome == checks.Unknown && (r.Reason != checks.ReasonInternal || !strings.Contains(r.Summary, "stood still for 1.8")) {
			t.Errorf("%s: %s %q", tt.name, r.Reason, r.Summary)
		}
	}
}
