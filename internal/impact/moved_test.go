package impact_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// oneAfterAnother is a company in which a component fails for 40 min and is repaired, and
// another one fails from five minutes later on: what is told is looked at a quarter of an
// hour after that.
func oneAfterAnother(seed uint64) *spreading {
	w := newSpreading("cascade", seed)
	next := ""
	for _, c := range w.def.Components {
		if n := w.users(c.ID); c.ID != w.truth && !strings.HasPrefix(c.ID, "svc") && n >= 3 && 2*n <= len(w.def.Checks) && !w.twin(c.ID) && !w.within(c.ID, w.truth) && !w.within(w.truth, c.ID) {
			next = c.ID
		}
	}
	if next == "" {
		return oneAfterAnother(seed + 1000)
	}
	share := []float64{0.1, 0.2, 0.5}
	w.harms = []harm{{component: w.truth, fails: share[w.rng.IntN(3)], slower: 1, on: 40 * time.Minute, off: 24 * time.Hour},
		{component: next, after: 45 * time.Minute, fails: share[w.rng.IntN(3)], slower: 1}}
	w.truth, w.judged = next, w.strikes+time.Hour
	return w
}

// within reports whether all that goes through one component goes through another one.
func (w *spreading) within(c, other string) bool {
	for _, u := range w.uses {
		if u[c] && !u[other] {
			return false
		}
	}
	return true
}

// TestTheCauseOfWhatFailsNow is told where something else fails than when the trouble
// began, and what failed then passes again.
func TestTheCauseOfWhatFailsNow(t *testing.T) {
	var all named
	for seed := range longtest.Seeds(2, 20) {
		n := oneAfterAnother(uint64(seed + longtest.FirstSeed())).run()
		t.Logf("seed %d: %v", seed+longtest.FirstSeed(), n)
		all.add(n)
	}
	t.Log(all)
	if 10*all.first < 8*all.looks || 10*all.clearWrong > all.looks {
		t.Errorf("all: %v", all)
	}
}
