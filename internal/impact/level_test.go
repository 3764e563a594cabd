package impact

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// toldDown returns in how many of many troubles with a failure share the
// product was down at some time of ten minutes, and after how many results on
// average that was first said.
func toldDown(runs, n int, every time.Duration, share float64) (down int, after float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	list := make([]checks.Check, n)
	for i := range list {
		list[i] = checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: every}
	}
	results := 0
	for range runs {
		tr, at := NewTracker(Config{}, list), propertyStart
		probe := func(k int, share float64) {
			r := checks.Result{Check: list[k%n].ID, Vantage: "v", Started: at, Duration: time.Millisecond, Outcome: checks.Pass}
			if rng.Float64() < share {
				r.Outcome = checks.Fail
			}
			tr.Apply(r, true)
			at = at.Add(every / time.Duration(n))
		}
		for k := range 30 * n {
			probe(k, 0)
		}
		for k := range int(10*time.Minute/every) * n {
			probe(k, share)
			if tr.At(at).Level == Outage {
				down++
				results += k + 1
				break
			}
		}
	}
	return down, float64(results) / float64(max(down, 1))
}

// A person who reads "down" wakes everybody: where a fifth fails it must not
// be said of the first few results, and where all fails it must be said soon.
func TestAFifthIsNoOutage(t *testing.T) {
	for _, c := range []struct {
		n     int
		every time.Duration
	}{{10, time.Second}, {3, 30 * time.Second}, {10, 30 * time.Second}} {
		runs, few := longtest.Of(20, 100), longtest.Of(6, 20)
		if down, _ := toldDown(runs, c.n, c.every, 0.2); down > runs/100 {
			t.Errorf("%d checks every %s, 20 %% fail: %d of %d troubles were told as down", c.n, c.every, down, runs)
		}
		if down, after := toldDown(few, c.n, c.every, 1); down < few || after > 7 {
			t.Errorf("%d checks every %s, all fail: %d of %d told as down, after %.1f results on average, want 7", c.n, c.every, down, few, after)
		}
		if down, _ := toldDown(few, c.n, c.every, 0.7); down < few {
			t.Errorf("%d checks every %s, 70 %% fail: %d of %d told as down", c.n, c.every, down, few)
		}
	}
}
