package status

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// TestAVantageThatWasCutOff: while it is silent nothing is known from there; what comes
// late is no clock that was set back, and raises no alarm for what is over.
func TestAVantageThatWasCutOff(t *testing.T) {
	const every = 10 * time.Second
	def := Definition{Products: []Product{{ID: "both"}, {ID: "there"}}, Checks: []checks.Check{
		{ID: "both", Product: "both", Every: every, Vantages: []string{checks.Here, "eu"}},
		{ID: "there", Product: "there", Every: every, Vantages: []string{"eu"}},
	}}
	b := NewBoard(def)
	seq := uint64(0)
	apply := func(list ...checks.Result) {
		seq++
		b.Apply(seq, list)
		if _, back := b.WentBack(); back {
			t.Fatal("the clock was set back")
		}
	}
	at := func(i int, check, vantage string, o checks.Outcome) checks.Result {
		return checks.Result{Check: check, Product: check, Vantage: vantage, Started: t0.Add(time.Duration(i) * every), Duration: time.Millisecond, Outcome: o}
	}
	const cut, back = 360, 420 // an hour, and ten minutes
	for i := range cut {
		apply(at(i, "both", checks.Here, checks.Pass), at(i, "both", "eu", checks.Pass), at(i, "there", "eu", checks.Pass))
	}
	var kept []checks.Result
	for i := cut; i < back; i++ {
		apply(at(i, "both", checks.Here, checks.Pass))
		o := checks.Pass
		if i > cut+6 && i < cut+40 {
			o = checks.Fail
		}
		kept = append(kept, at(i, "both", "eu", o), at(i, "there", "eu", checks.Pass))
	}
	level := func(i int) [2]impact.Level {
		s := b.Snapshot(t0.Add(time.Duration(i) * every))
		return [2]impact.Level{s.Products[0].Level, s.Products[1].Level}
	}
	if got := level(back); got != [2]impact.Level{impact.OK, impact.Unknown} {
		t.Errorf("while it is silent: %v", got)
	}
	for len(kept) > 0 {
		n := min(len(kept), 50)
		apply(kept[:n]...)
		kept = kept[n:]
	}
	for i := back; i < back+3; i++ {
		apply(at(i, "both", checks.Here, checks.Pass), at(i, "both", "eu", checks.Pass), at(i, "there", "eu", checks.Pass))
	}
	if got := level(back + 3); got != [2]impact.Level{impact.OK, impact.OK} {
		t.Errorf("when it is back: %v", got)
	}
	if tries := b.Snapshot(t0.Add((back + 3) * every)).Products[0].Tries; tries < 2*60-4 {
		t.Errorf("%d tries in the window; what came late does not count", tries)
	}
}
