package impact

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// setBack is a life whose clock was set back by that much at an instant: in the
// order of the journal, where what was under way still ends by the old one.
func setBack(list []checks.Result, at time.Time, by time.Duration) []checks.Result {
	out := slices.Clone(list)
	for i := range out {
		if out[i].Started.After(at) {
			out[i].Started = out[i].Started.Add(-by)
		}
	}
	return out
}

// steps are by how much clocks are set back.
var stepsBack = []time.Duration{3 * time.Minute, 10 * time.Minute, time.Hour, 26 * time.Hour}

// TestAClockThatIsSetBackBlindsNothing sets it back before a trouble begins,
// within one, and before what is slow: all are told as they would be.
func TestAClockThatIsSetBackBlindsNothing(t *testing.T) {
	plain := life(1)
	for _, by := range stepsBack {
		for _, at := range []time.Duration{50 * time.Minute, 75 * time.Minute, 130 * time.Minute} {
			list, soon := setBack(plain, propertyStart.Add(at), by), until(plain, propertyStart.Add(at+3*time.Minute))
			tr := NewTracker(Config{}, lifeChecks())
			var got []string
			for i, r := range list {
				if tr.Apply(r, true) {
					im := tr.At(r.Ended())
					got = append(got, fmt.Sprint(im.Level, " slow=", im.Slow))
				}
				if im := tr.At(r.Ended()); i == soon && (im.Measured != 3 || im.AsOf.After(r.Ended())) {
					t.Errorf("back by %s after %s, 3 min later: measured by %d checks as of %s, it is %s", by, at, im.Measured, im.AsOf, r.Ended())
				}
			}
			got = slices.Compact(slices.DeleteFunc(got, func(s string) bool { return s == "outage slow=false" }))
			if want := []string{"degraded slow=false", "ok slow=false", "degraded slow=true", "ok slow=false"}; !slices.Equal(got, want) {
				t.Errorf("back by %s after %s: %v, want %v", by, at, got, want)
			}
			end := list[len(list)-1].Ended()
			if im := tr.At(end); im.Tries > 3*60*4 || im.From.After(end) || im.Changed.After(end) {
				t.Errorf("back by %s after %s: at the end %+v", by, at, im)
			}
		}
	}
}

// TestATroubleOutlastsASetBack is told as it was, and from no instant that is
// still to come.
func TestATroubleOutlastsASetBack(t *testing.T) {
	at := propertyStart.Add(75 * time.Minute)
	for _, by := range stepsBack {
		list := setBack(life(1), at, by)
		tr := NewTracker(Config{}, lifeChecks())
		n := until(life(1), at.Add(3*time.Minute))
		apply(tr, list[:n])
		now := list[n-1].Ended()
		im := tr.At(now)
		if !im.Level.Hurt() || im.Onset.After(now) || im.LastBad.After(now) || im.From.After(now) || im.Tries == 0 {
			t.Errorf("back by %s, at %s: %s since %s, last bad %s, %d tries from %s", by, now, im.Level, im.Onset, im.LastBad, im.Tries, im.From)
		}
	}
}

// TestDownStaysDownOverASetBack: where all fails, no "answers" is told by it.
func TestDownStaysDownOverASetBack(t *testing.T) {
	tr := NewTracker(Config{}, lifeChecks())
	list := life(1)
	for i := range list {
		if list[i].Ended().After(propertyStart.Add(55 * time.Minute)) {
			list[i].Outcome = checks.Fail
		}
	}
	for i, r := range setBack(list, propertyStart.Add(65*time.Minute), time.Hour)[:until(list, propertyStart.Add(80*time.Minute))] {
		tr.Apply(r, true)
		if list[i].Ended().After(propertyStart.Add(60*time.Minute)) && !tr.now.Trouble.Outage {
			t.Fatalf("no longer down after %s: %s", list[i].Ended().Sub(propertyStart), tr.now.Trouble.Why)
		}
	}
}

// TestARestartWithinASetBackChangesNothing cuts at each of the results between
// which it shows, and later.
func TestARestartWithinASetBackChangesNothing(t *testing.T) {
	at := propertyStart.Add(75 * time.Minute)
	plain := life(0)
	for _, by := range stepsBack {
		list := setBack(plain, at, by)
		first, last := until(plain, at.Add(-20*time.Second)), until(plain, at.Add(2*time.Minute))
		cuts := []int{until(plain, at.Add(5*time.Minute)), until(plain, at.Add(11*time.Minute)), until(plain, at.Add(40*time.Minute))}
		for i := first; i < last; i += longtest.Of(45, 9) {
			cuts = append(cuts, i)
		}
		for _, cut := range cuts {
			straight, after := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
			apply(straight, list[:cut])
			if err := after.Restore(state(t, straight)); err != nil {
				t.Fatal(err)
			}
			oldest := list[cut-1].Ended().Add(-KeepResults - time.Minute)
			from := slices.IndexFunc(list, func(r checks.Result) bool { return r.Ended().After(oldest) }) // as the journal finds it
			for _, r := range list[from:cut] {
				after.Apply(r, false)
			}
			for _, more := range []time.Duration{0, 30 * time.Second, 4 * time.Minute, 30 * time.Minute} {
				to := until(plain, plain[cut].Ended().Add(more))
				apply(straight, list[cut:to])
				apply(after, list[cut:to])
				cut = to
				same(t, fmt.Sprintf("back by %s, restart at %d (%s), %s later", by, cut, plain[cut].Ended().Sub(at), more), straight, after, list[to-1].Ended())
			}
			if t.Failed() {
				return
			}
		}
	}
}

// TestWhatComesLateIsNoClock: a store or a place that catches up, what is given
// twice, and what somebody pushes by another clock set no time back.
func TestWhatComesLateIsNoClock(t *testing.T) {
	list := life(1)
	n := until(list, propertyStart.Add(50*time.Minute))
	now := list[n-1].Ended()
	old := func(check, vantage string, ago, every time.Duration, n int) (out []checks.Result) {
		for i := range n {
			out = append(out, checks.Result{Check: check, Vantage: vantage, Started: now.Add(-ago + time.Duration(i)*every), Duration: time.Millisecond, Outcome: checks.Pass})
		}
		return out
	}
	var mixed []checks.Result
	for i, r := range old("p/login", "fra", 20*time.Minute, 5*time.Second, 100) {
		mixed = append(mixed, r)
		if i%10 == 0 {
			mixed = append(mixed, list[n+i/10])
		}
	}
	for name, late := range map[string][]checks.Result{
		"a place that was cut off, all at once":     old("p/pay", "ams", 20*time.Minute, 5*time.Second, 200),
		"of one stream, mixed with what is in time": mixed,
		"of one stream, of half a minute":           old("p/login", "fra", 20*time.Minute, time.Second, 30),
		"the newest first":                          reversed(old("p/login", "fra", 5*time.Minute, time.Second, 100)),
		"given twice":                               list[until(list, now.Add(-11*time.Minute)):until(list, now.Add(-2*time.Minute))],
		"pushed":                                    old("p/job", "", 20*time.Minute, 5*time.Second, 200),
	} {
		defs := append(lifeChecks(), checks.Check{ID: "p/job", Product: "p", Every: time.Minute, Passive: true})
		tr := NewTracker(Config{}, defs)
		apply(tr, list[:n])
		apply(tr, old("p/job", "", 0, time.Second, 3))
		for _, r := range late {
			tr.Apply(r, true)
			if to, _, ok := tr.WentBack(); ok {
				t.Fatalf("%s: back to %s, it is %s", name, to, now)
			}
		}
		if tr.now.At < now.UnixNano() {
			t.Errorf("%s: the model is of %s, want %s or later", name, instant(tr.now.At), now)
		}
	}
}

func reversed[T any](list []T) []T {
	slices.Reverse(list)
	return list
}

// TestAClockThatWasAheadIsPutRight: of ten minutes an hour ahead nothing stays
// but these.
func TestAClockThatWasAheadIsPutRight(t *testing.T) {
	list := life(1)
	from, to := propertyStart.Add(40*time.Minute), propertyStart.Add(50*time.Minute)
	tr := NewTracker(Config{}, lifeChecks())
	for _, r := range list[:until(list, propertyStart.Add(58*time.Minute))] {
		if r.Ended().After(from) && r.Ended().Before(to) {
			r.Started = r.Started.Add(time.Hour)
		}
		tr.Apply(r, true)
	}
	now := propertyStart.Add(58 * time.Minute)
	if im := tr.At(now); im.Level != OK || im.Measured != 3 || im.AsOf.After(now) || im.Tries < 3*60*2/3 {
		t.Errorf("eight minutes later: %+v", im)
	}
	if ahead := tr.Minutes(now.Add(time.Minute), now.Add(3*time.Hour)); len(ahead) > 0 {
		t.Errorf("%d minutes that are still to come are known", len(ahead))
	}
}
