package impact

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// TestTheShareSinceTheOnsetIsCovered: of a share of 8 %, told as soon as it is
// seen, the intervals hold it 95 times in 100, whether failures come by chance
// or in pairs.
func TestTheShareSinceTheOnsetIsCovered(t *testing.T) {
	for _, c := range []struct {
		share, again float64
	}{{0.08, 0.08}, {0.2, 0.2}, {0.08, 0.4}} {
		covered, above, runs := 0, 0, longtest.Seeds(20, 60)
		for seed := range runs {
			w := watch(10*time.Second, uint64(seed)+500)
			for range 1500 {
				w.probe(0.002)
			}
			first := c.share * (1 - c.again) / (1 - c.share)
			bad := false
			for n := range 2000 {
				p := first
				if bad {
					p = c.again
				}
				bad = w.rng.Float64() < p
				w.probe(float64(index(bad)))
				if n > 300 && w.tr.At(w.at).Level.Hurt() {
					break
				}
			}
			low, high := w.tr.At(w.at).ShareInterval()
			covered += index(low <= c.share && c.share <= high)
			above += index(low > c.share)
		}
		t.Logf("%g, %g after a failure: %d of %d hold it, %d lie above it", c.share, c.again, covered, runs, above)
		if covered < runs*90/100 {
			t.Errorf("%g, %g after a failure: %d of %d hold it, %d lie above it", c.share, c.again, covered, runs, above)
		}
	}
}

// TestBurstsAreKnownWhenTold: failures that follow each other count as what they are from the
// beginning of the trouble on, and not only from when it was noticed.
func TestBurstsAreKnownWhenTold(t *testing.T) {
	w := watch(time.Second, 1)
	for n := 0; !w.tr.Trouble().On; n++ {
		if n > 600 {
			t.Fatal("not noticed")
		}
		w.probe(float64(index(n%12 < 2))) // two failures, ten passes
	}
	again, bad := w.tr.now.Streams[0].Again, w.tr.now.Streams[0].Bad
	if want := (bad + 1) / 2; again < want-1 || again > want {
		t.Errorf("%d of %d failures follow one", again, bad)
	}
	if im := w.tr.At(w.at); im.Spread < 1.2 {
		t.Errorf("%d of %d tries: they vary as independent ones, %.2f times", im.Since.Failures, im.Since.Tries, im.Spread)
	}
}
