package impact

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// What is said to be usual follows what is learnt, whenever it is asked for.
func TestUsualIsAsLearnt(t *testing.T) {
	const every = 10 * time.Second
	tr := NewTracker(Config{}, []checks.Check{{ID: "a", Product: "p", Every: every}, {ID: "b", Product: "p", Every: every}})
	rng := rand.New(rand.NewPCG(3, 4))
	changed := 0
	last := -1.0
	for i := range 3000 {
		for _, id := range []string{"a", "b"} {
			r := checks.Result{Check: id, Started: propertyStart.Add(time.Duration(i) * every), Duration: time.Millisecond, Outcome: checks.Pass}
			if id == "b" && rng.Float64() < 0.005 {
				r.Outcome = checks.Fail
			}
			tr.Apply(r, true)
		}
		usual := 0.0
		for _, c := range tr.list {
			usual += tr.now.Streams[c.tapes()[0].number].usual().mean(failPrior) / 2
		}
		if usual != last {
			last = usual
			changed++
		}
		if im := tr.At(propertyStart.Add(time.Duration(i+1) * every)); im.Usual != usual {
			t.Fatalf("after %d rounds %g is told as usual, want %g", i+1, im.Usual, usual)
		}
	}
	if changed < 20 {
		t.Errorf("what is usual changed %d times: nothing was tried", changed)
	}
}
