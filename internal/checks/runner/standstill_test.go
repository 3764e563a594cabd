package runner

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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

// Who reads that probes started late reads for how long the process itself stood still since that was said last.
func TestLateProbesSayAStandstill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, log := observer.New(zap.WarnLevel)
		r := newRunner(nil, func([]checks.Result) {}, Config{FlushEvery: time.Second, Log: zap.New(core)})
		done := make(chan struct{})
		go r.flush(done)
		synctest.Wait()
		for _, stood := range []time.Duration{20 * time.Second, 0} {
			r.late.Add(3)
			r.still.total.Add(int64(stood))
			r.still.last.Store(int64(time.Since(r.still.epoch) + 2*sayLateEvery)) // it beats till then
			time.Sleep(2 * sayLateEvery)
			said := log.TakeAll()
			if len(said) != 1 || said[0].ContextMap()["stood_still"] != stood {
				t.Errorf("stood still for %v, and said %v", stood, said)
			}
		}
		close(done)
		synctest.Wait()
	})
}
