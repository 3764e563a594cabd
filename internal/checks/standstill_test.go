package checks

import (
	"strings"
	"testing"
	"time"
)

// A time-out is the target's as long as this process ran for most of it.
func TestStandstillExcusesTimeouts(t *testing.T) {
	const timeout = 2 * time.Second
	for _, tt := range []struct {
		name    string
		stood   time.Duration // between two beats
		noticed bool          // a beat came after it
		result  Result
		want    Outcome
	}{
		{"running all the time", 0, true, Result{Outcome: Fail, Reason: ReasonTimeout}, Fail},
		{"a short hiccup", 300 * time.Millisecond, true, Result{Outcome: Fail, Reason: ReasonTimeout}, Fail},
		{"stopped for most of it", 1900 * time.Millisecond, true, Result{Outcome: Fail, Reason: ReasonTimeout}, Unknown},
		{"the same, and no beat yet", 1900 * time.Millisecond, false, Result{Outcome: Fail, Reason: ReasonTimeout}, Unknown},
		{"refused is refused", 1900 * time.Millisecond, true, Result{Outcome: Fail, Reason: ReasonConnect}, Fail},
		{"passed all the same", 1900 * time.Millisecond, true, Result{Outcome: Pass}, Pass},
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
		if r.Outcome == Unknown && (r.Reason != ReasonInternal || !strings.Contains(r.Summary, "stood still for 1.8")) {
			t.Errorf("%s: %s %q", tt.name, r.Reason, r.Summary)
		}
	}
}
