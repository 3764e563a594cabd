package impact

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

var start = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

// feed applies results of check "a" every second from start on, the i-th with
// the outcome that f gives, and returns the time of the last.
func feed(t *Tracker, from, n int, f func(i int) checks.Outcome) time.Time {
	at := start
	for i := from; i < from+n; i++ {
		at = start.Add(time.Duration(i) * time.Second)
		t.Apply(checks.Result{Check: "a", Started: at.Add(-10 * time.Millisecond), Duration: 10 * time.Millisecond, Outcome: f(i)}, true)
	}
	return at
}

func always(o checks.Outcome) func(int) checks.Outcome { return func(int) checks.Outcome { return o } }

// everyNth fails each n-th result.
func everyNth(n int) func(int) checks.Outcome {
	return func(i int) checks.Outcome {
		if i%n == 0 {
			return checks.Fail
		}
		return checks.Pass
	}
}

func oneCheck() []checks.Check { return []checks.Check{{ID: "a", Every: time.Second}} }

func TestTrackerTellsAnIntermittentFaultFromItsOnsetToItsEnd(t *testing.T) {
	tr := NewTracker(0, oneCheck())
	now := feed(tr, 0, 1000, always(checks.Pass))
	if im := tr.At(now); im.Level != OK || im.Failures != 0 || im.Tries != 600 {
		t.Fatalf("before: %s %d/%d, want ok 0/600 (10 min at 1 s)", im.Level, im.Failures, im.Tries)
	}
	now = feed(tr, 1000, 200, everyNth(10))
	im := tr.At(now)
	if im.Level != Degraded || im.Failures != 20 || im.Tries != 600 {
		t.Fatalf("during: %s %d/%d, want degraded 20/600", im.Level, im.Failures, im.Tries)
	}
	if want := start.Add(1000 * time.Second); !im.Onset.Equal(want) {
		t.Errorf("onset %s, want the first failure at %s", im.Onset, want)
	}
	if im.Needed == 0 || im.Clean != 9 {
		t.Errorf("recovery: %d of %d, want 9 of more than 0", im.Clean, im.Needed)
	}
	needed := im.Needed
	now = feed(tr, 1200, needed-9-1, always(checks.Pass))
	if im = tr.At(now); im.Level != Degraded {
		t.Fatalf("one result before the proof: %s, want degraded", im.Level)
	}
	now = feed(tr, 1200+needed-10, 1, always(checks.Pass))
	if im = tr.At(now); im.Level != OK || !im.Changed.Equal(now) {
		t.Fatalf("after %d clean results: %s since %s, want ok since %s", needed, im.Level, im.Changed, now)
	}
	if im.Failures != 20 {
		t.Errorf("the window forgot failures at recovery: %d, want 20", im.Failures)
	}
	now = feed(tr, 1200+needed-9, 60, always(checks.Pass))
	if im = tr.At(now); im.Level != OK {
		t.Errorf("failures from before the recovery raised the alarm again: %s", im.Why)
	}
}

func TestTrackerSaysUnknownWhenNothingWasMeasured(t *testing.T) {
	tr := NewTracker(0, oneCheck())
	if im := tr.At(start); im.Level != Unknown {
		t.Errorf("before any result: %s, want unknown", im.Level)
	}
	now := feed(tr, 0, 100, always(checks.Pass))
	if im := tr.At(now.Add(3 * time.Second)); im.Level != OK {
		t.Errorf("3 intervals old: %s, want ok", im.Level)
	}
	if im := tr.At(now.Add(3*time.Second + time.Millisecond)); im.Level != Unknown || im.Stale != 1 {
		t.Errorf("more than 3 intervals old: %s, %d stale, want unknown, 1", im.Level, im.Stale)
	}
	now = feed(tr, 100, 10, always(checks.Unknown))
	im := tr.At(now)
	if im.Level != Unknown || im.Unknown != 10 || im.Tries != 100 {
		t.Errorf("we observe nothing: %s, %d unknown of %d tries, want unknown, 10, 100", im.Level, im.Unknown, im.Tries)
	}
}

func TestTrackerKeepsFiveResultsOfARareCheck(t *testing.T) {
	tr := NewTracker(10*time.Minute, []checks.Check{{ID: "a", Every: 15 * time.Minute}})
	at := start
	for range 8 {
		at = at.Add(15 * time.Minute)
		tr.Apply(checks.Result{Check: "a", Started: at, Outcome: checks.Fail}, true)
	}
	if im := tr.At(at); im.Tries != 5 || im.Level != Outage {
		t.Errorf("%d tries, %s; want 5, outage", im.Tries, im.Level)
	}
	if c := tr.Checks(at)[0]; c.Span != time.Hour {
		t.Errorf("span %s, want 1h", c.Span)
	}
}

func TestTrackerCountsAreExactAndBounded(t *testing.T) {
	tr := NewTracker(time.Minute, []checks.Check{{ID: "a", Every: time.Second}, {ID: "b", Every: time.Second}})
	rng := rand.New(rand.NewPCG(1, 2))
	type kept struct {
		at time.Time
		r  checks.Result
	}
	var all []kept
	outcomes := []checks.Outcome{checks.Pass, checks.Pass, checks.Fail, checks.Degraded, checks.Unknown}
	for i := range 5000 {
		r := checks.Result{Check: []string{"a", "b"}[rng.IntN(2)], Outcome: outcomes[rng.IntN(len(outcomes))],
			Started: start.Add(time.Duration(i) * 250 * time.Millisecond), Duration: time.Duration(rng.IntN(1000)) * time.Millisecond}
		all = append(all, kept{r.Ended(), r})
		tr.Apply(r, true)
	}
	now := start.Add(5000*250*time.Millisecond + time.Second)
	var want Counts
	var took []time.Duration
	for _, k := range all {
		if k.at.After(now.Add(-time.Minute)) {
			want.add(k.r.Outcome, 1)
			if k.r.Outcome == checks.Pass || k.r.Outcome == checks.Degraded {
				took = append(took, k.r.Duration)
			}
		}
	}
	im := tr.At(now)
	// Results of one check may end out of order by up to a second, and only
	// the oldest is looked at: a handful may stay a little longer.
	if d := im.Tries - want.Tries; d < 0 || d > 3 {
		t.Errorf("counts %+v, want %+v (at most 3 more)", im.Counts, want)
	}
	if tr.latency.n < len(took) || tr.latency.n > len(took)+3 {
		t.Errorf("histogram holds %d, want %d", tr.latency.n, len(took))
	}
	if im.P50 < 400*time.Millisecond || im.P50 > 600*time.Millisecond || im.P95 < 880*time.Millisecond || im.P95 > 1050*time.Millisecond {
		t.Errorf("p50 %s, p95 %s of latencies spread evenly up to 1 s", im.P50, im.P95)
	}
	for id, c := range tr.checks {
		// 120 of each come in a minute, twice what one a second makes: room
		// is doubled twice, and then no more.
		if cap(c.window.seen) > 400 {
			t.Errorf("window of %s has room for %d results", id, cap(c.window.seen))
		}
	}
}

func TestRestoredTrackerGoesOnAsIfNeverStopped(t *testing.T) {
	fault := func(i int) checks.Outcome {
		if i >= 300 && i < 900 && i%11 == 0 {
			return checks.Fail
		}
		return checks.Pass
	}
	whole := NewTracker(0, oneCheck())
	now := feed(whole, 0, 1000, fault)

	first := NewTracker(0, oneCheck())
	feed(first, 0, 700, fault)
	stored, err := json.Marshal(first.State())
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(stored, &state); err != nil {
		t.Fatal(err)
	}
	second := NewTracker(0, oneCheck())
	second.Restore(state)
	for i := range 700 { // the journal gives the window again; it is not judged twice
		at := start.Add(time.Duration(i) * time.Second)
		second.Apply(checks.Result{Check: "a", Started: at.Add(-10 * time.Millisecond), Duration: 10 * time.Millisecond, Outcome: fault(i)}, false)
	}
	feed(second, 700, 300, fault)
	if diff := cmp.Diff(whole.At(now), second.At(now)); diff != "" {
		t.Errorf("restored tracker differs (-whole +restored):\n%s", diff)
	}
	if diff := cmp.Diff(whole.State(), second.State()); diff != "" {
		t.Errorf("restored state differs (-whole +restored):\n%s", diff)
	}
}

func TestSlowProductIsDegradedAndSaysSo(t *testing.T) {
	tr := NewTracker(0, oneCheck())
	feed(tr, 0, 300, always(checks.Pass))
	now := feed(tr, 300, 200, func(i int) checks.Outcome {
		if i%2 == 0 {
			return checks.Degraded
		}
		return checks.Pass
	})
	im := tr.At(now)
	if im.Level != Degraded || !im.Slow || im.Failures != 0 {
		t.Errorf("%s slow=%v %d failures, want degraded by slowness", im.Level, im.Slow, im.Failures)
	}
	now = feed(tr, 500, im.Needed+5, always(checks.Pass))
	if im = tr.At(now); im.Level != OK {
		t.Errorf("after %d quick results: %s", im.Clean, im.Level)
	}
}

func TestSlowProductThatBeginsToFailIsAFailingOne(t *testing.T) {
	tr := NewTracker(0, oneCheck())
	feed(tr, 0, 300, always(checks.Pass))
	feed(tr, 300, 100, func(i int) checks.Outcome { return []checks.Outcome{checks.Pass, checks.Degraded}[i%2] })
	now := feed(tr, 400, 200, everyNth(5))
	im := tr.At(now)
	if im.Level != Degraded || im.Slow {
		t.Fatalf("%s slow=%v, want degraded by failures", im.Level, im.Slow)
	}
	now = feed(tr, 600, im.Needed-im.Clean-1, always(checks.Pass))
	if im = tr.At(now); im.Level != Degraded {
		t.Errorf("recovered after %d clean results of %d", im.Clean, im.Needed)
	}
}

func BenchmarkTrackerApply(b *testing.B) {
	tr := NewTracker(0, oneCheck())
	at := start
	for b.Loop() {
		at = at.Add(10 * time.Second)
		tr.Apply(checks.Result{Check: "a", Started: at, Duration: 20 * time.Millisecond, Outcome: checks.Pass}, true)
	}
}
