package impact

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// A course of a trouble that lasts for some hours, and what of its time is told.
type course struct {
	name   string
	checks int
	lasts  time.Duration
	share  func(since time.Duration) float64 // that fails
	again  float64                           // share that fails right after a failure; 0 where it is by chance
	long   bool                              // only in the long form
	least  float64                           // of the time that must be told on average; 0 where a step is told as before
}

// ramp is a share that grows evenly for so long.
func ramp(top float64, long time.Duration) func(time.Duration) float64 {
	return func(since time.Duration) float64 { return top * min(1, float64(since)/float64(long)) }
}

// stairs is one that changes at once each so often.
func stairs(each time.Duration, shares ...float64) func(time.Duration) float64 {
	return func(since time.Duration) float64 { return shares[min(int(since/each), len(shares)-1)] }
}

// comesAndGoes is 60 % for some minutes and none for some.
func comesAndGoes(on, off time.Duration) func(time.Duration) float64 {
	return func(since time.Duration) float64 { return 0.6 * float64(index(since%(on+off) < on)) }
}

var courses = []course{
	{name: "0 to 20 % in 60 min", checks: 20, share: ramp(0.2, time.Hour), least: 0.98},
	{name: "0 to 20 % in 60 min", checks: 4, share: ramp(0.2, time.Hour), least: 0.97},
	{name: "0 to 60 % in 60 min", checks: 4, share: ramp(0.6, time.Hour), least: 0.97, long: true},
	{name: "0 to 20 % in 20 min", checks: 4, share: ramp(0.2, 20*time.Minute), least: 0.97, long: true},
	{name: "0 to 10 % in 10 min", checks: 4, share: ramp(0.1, 10*time.Minute), least: 0.96, long: true},
	{name: "0 to 20 % in 120 min", checks: 4, share: ramp(0.2, 2*time.Hour), least: 0.96, long: true},
	{name: "0 to 20 % in 60 min, in bursts", checks: 4, share: ramp(0.2, time.Hour), again: 0.4, least: 0.96, long: true},
	{name: "8 %", checks: 20, share: stairs(time.Hour, 0.08)},
	{name: "20 %", checks: 4, share: stairs(time.Hour, 0.2)},
	{name: "5 %", checks: 4, share: stairs(time.Hour, 0.05), long: true},
	{name: "all", checks: 4, share: stairs(time.Hour, 1), long: true},
	{name: "8 % in bursts", checks: 4, share: stairs(time.Hour, 0.08), again: 0.4, long: true},
	{name: "60 % for 3 min, none for 7", checks: 4, share: comesAndGoes(3*time.Minute, 7*time.Minute)},
	{name: "60 % for 5 min, none for 10", checks: 4, share: comesAndGoes(5*time.Minute, 10*time.Minute), long: true},
	{name: "4, 9, 2 and 8 % of 45 min each", checks: 10, share: stairs(45*time.Minute, 0.04, 0.09, 0.02, 0.08), least: 0.96, long: true},
	{name: "2, then 10 %", checks: 10, share: stairs(45*time.Minute, 0.02, 0.1), least: 0.96, long: true},
	{name: "4 % for 15 h", checks: 4, lasts: 15 * time.Hour, share: stairs(time.Hour, 0.04), least: 0.98, long: true},
}

// run plays one product through it, and returns which parts of the time that it was hurt are told by the
// onset as it was told and by when it began, and how much earlier that is; false where it was told early or never.
func (c course) run(seed uint64) (told, known float64, earlier time.Duration, ok bool) {
	const every = 30 * time.Second
	lasts := cmp.Or(c.lasts, 3*time.Hour)
	rng := rand.New(rand.NewPCG(seed, 77))
	list := make([]checks.Check, c.checks)
	for i := range list {
		list[i] = checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: every}
	}
	tr, at, n := NewTracker(Config{}, list), propertyStart, 0
	failed := make([]bool, c.checks)
	step := func(share, again float64) {
		i := n % c.checks
		n++
		at = propertyStart.Add(time.Duration(n) * every / time.Duration(c.checks))
		if again > 0 && !failed[i] {
			again = share * (1 - again) / (1 - share)
		}
		if again == 0 {
			again = share
		}
		failed[i] = rng.Float64() < again
		r := checks.Result{Check: list[i].ID, Vantage: "v", Outcome: checks.Pass, Started: at}
		if failed[i] {
			r.Outcome = checks.Fail
		}
		tr.Apply(r, true)
	}
	perHour := int(time.Hour/every) * c.checks
	for range 3*perHour + rng.IntN(perHour) {
		step(0.001, 0.1)
	}
	start := at
	for at.Sub(start) < lasts {
		step(max(0.001, c.share(at.Sub(start))), c.again)
	}
	if !tr.Trouble().On || tr.Trouble().Onset.Before(start.Add(-time.Hour)) {
		return 0, 0, 0, false
	}
	for range 24 * perHour {
		if step(0.001, 0.1); !tr.Trouble().On {
			break
		}
	}
	p := tr.At(at).Proof
	if p == nil {
		return 0, 0, 0, false
	}
	return float64(p.Ended.Sub(p.Onset)) / float64(lasts), float64(p.Ended.Sub(p.Began)) / float64(lasts), p.Onset.Sub(p.Began), true
}

// TestWhatGrewBeganEarlier: of a share that grows the told onset is too late, and when it began is known
// better once it is over; a step, and what comes and goes, began when it was told.
func TestWhatGrewBeganEarlier(t *testing.T) {
	seeds := longtest.Seeds(8, 60)
	for _, c := range courses {
		if c.long && !longtest.Of(false, true) {
			continue
		}
		var told, known float64
		var earlier time.Duration
		runs := 0
		for seed := range uint64(seeds) {
			a, b, e, ok := c.run(seed)
			if !ok {
				continue
			}
			if e < 0 {
				t.Errorf("%s, seed %d: it began %s after the onset that was told", c.name, seed, -e)
			}
			runs, told, known, earlier = runs+1, told+a, known+b, earlier+e
		}
		of := float64(max(runs, 1))
		told, known, earlier = told/of, known/of, earlier/time.Duration(max(runs, 1))
		t.Logf("%-30s of %2d checks, %d runs: %.1f %% of its time was told, %.1f %% is known, %s more", c.name, c.checks, runs, 100*told, 100*known, earlier.Round(time.Second))
		switch {
		case runs < seeds*3/4:
			t.Errorf("%s: seen %d times of %d", c.name, runs, seeds)
		case c.least > 0 && (known < c.least || known > 1.02):
			t.Errorf("%s: %.1f %% of its time is known, %.1f %% was told", c.name, 100*known, 100*told)
		case c.least == 0 && earlier > 30*time.Second:
			t.Errorf("%s: drawn back by %s on average", c.name, earlier)
		}
	}
}

// TestWhenItBeganIsNotKnown of a trouble that an older version noticed.
func TestWhenItBeganIsNotKnown(t *testing.T) {
	w := watch(time.Second, 3)
	for n := range 3600 {
		w.probe(0.1 * float64(n) / 3600)
	}
	was := w.tr.now.Trouble
	if !was.On || was.Free == 0 {
		t.Fatalf("%+v", was)
	}
	grew, old := w.tr.now.grown(w.tr, w.at.UnixNano()), int64(0)
	w.tr.now.Trouble.Free = 0
	old = w.tr.now.grown(w.tr, w.at.UnixNano())
	if grew >= was.Onset || old != was.Onset {
		t.Errorf("it began %s before the onset that was told, and %s", time.Duration(was.Onset-grew), time.Duration(was.Onset-old))
	}
	im := Impact{Level: OK, Proof: &Proof{Onset: instant(was.Onset), Began: instant(grew)}}
	if got := im.BeganBefore(Degraded); !got.Equal(instant(grew)) {
		t.Errorf("it began at %s", got)
	}
	if got := im.BeganBefore(OK); !got.IsZero() {
		t.Errorf("what was not hurt began at %s", got)
	}
}
