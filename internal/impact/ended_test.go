package impact

import (
	"testing"
	"time"
)

// TestItEndedWhenItEnded: a repair at 5 %, and the end of the trouble, estimated
// much later, lies at it.
func TestItEndedWhenItEnded(t *testing.T) {
	covered, worst := 0, time.Duration(0)
	const runs = 40
	for seed := range uint64(runs) {
		w := watch(time.Second, seed)
		for range 1800 {
			w.probe(0.05)
		}
		repair := w.at.Add(w.every)
		im := w.tr.At(w.at)
		for n := 0; im.Level.Hurt() && n < 20000; n++ {
			w.probe(0)
			im = w.tr.At(w.at)
		}
		at, late := im.Ended(Degraded)
		if at.After(repair) || at.IsZero() {
			t.Fatalf("seed %d: ended %s, the repair was at %s", seed, at, repair)
		}
		worst = max(worst, repair.Sub(at))
		covered += index(!late.Before(repair))
	}
	if covered < runs*85/100 || worst > 3*time.Minute {
		t.Errorf("the latest end was after the repair in %d of %d, the last failure at most %s before it", covered, runs, worst)
	}
	if at, late := (Impact{Level: Degraded}).Ended(OK); !at.IsZero() || !late.IsZero() {
		t.Error("what begins has no end")
	}
}
