package impact

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

// two feeds checks "a" and "b" every second, with the outcomes given.
func two(t *Tracker, from, n int, a, b func(int) checks.Outcome) time.Time {
	at := start
	for i := from; i < from+n; i++ {
		at = start.Add(time.Duration(i) * time.Second)
		t.Apply(checks.Result{Check: "a", Started: at, Duration: 10 * time.Millisecond, Outcome: a(i)}, true)
		t.Apply(checks.Result{Check: "b", Started: at, Duration: 30 * time.Millisecond, Outcome: b(i)}, true)
	}
	return at
}

// What counts after a check went is what would count if it had never been.
func TestRedefineForgetsWhatWent(t *testing.T) {
	a, b := checks.Check{ID: "a", Every: time.Second}, checks.Check{ID: "b", Every: time.Second}
	both, alone := NewTracker(0, []checks.Check{a, b}), NewTracker(0, []checks.Check{a})
	never := func(int) checks.Outcome { return checks.Pass }
	rarely := func(i int) checks.Outcome {
		if i%200 == 7 {
			return checks.Fail
		}
		return checks.Pass
	}
	now := two(both, 0, 900, rarely, never)
	two(alone, 0, 900, rarely, never)
	both.Redefine([]checks.Check{a})
	if diff := cmp.Diff(alone.At(now), both.At(now), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Clean" }, cmp.Ignore())); diff != "" {
		t.Errorf("alone against redefined:\n%s", diff)
	}
	if got, want := both.evidence.sum(now), alone.evidence.sum(now); got != want {
		t.Errorf("evidence %+v, want %+v", got, want)
	}
	if got, want := both.recent.sum(now), alone.recent.sum(now); got != want {
		t.Errorf("recent %+v, want %+v", got, want)
	}
}

func TestRedefineKeepsWhatStays(t *testing.T) {
	a, b := checks.Check{ID: "a", Every: time.Second}, checks.Check{ID: "b", Every: time.Second}
	tr := NewTracker(0, []checks.Check{a})
	now := feed(tr, 0, 900, everyNth(10))
	before := tr.At(now)
	tr.Redefine([]checks.Check{b, a})
	after := tr.At(now)
	if after.Level != Degraded || after.Counts != before.Counts || !after.Onset.Equal(before.Onset) || after.Measured != 1 || after.Stale != 1 {
		t.Errorf("got %+v, before %+v", after, before)
	}
	tr.Redefine(nil)
	if im := tr.At(now); im.Level != Unknown || im.Tries != 0 || im.P50 != 0 {
		t.Errorf("without a check: %+v", im)
	}
}

// Results from before a recovery do not come back as evidence.
func TestRedefineAfterARecovery(t *testing.T) {
	a, b := checks.Check{ID: "a", Every: time.Second}, checks.Check{ID: "b", Every: time.Second}
	tr := NewTracker(0, []checks.Check{a, b})
	two(tr, 0, 100, everyNth(3), everyNth(3))
	now := start
	n := 100
	for ; tr.State().Level.Hurt(); n++ {
		now = two(tr, n, 1, always(checks.Pass), always(checks.Pass))
	}
	tr.Redefine([]checks.Check{a})
	if got := tr.evidence.sum(now); got.Failures != 0 {
		t.Errorf("evidence %+v of a trouble that is over", got)
	}
	feed(tr, n, 5, everyNth(5)) // one more failure is no relapse
	if im := tr.At(now); im.Level != OK {
		t.Errorf("got %s: %s", im.Level, im.Why)
	}
}
