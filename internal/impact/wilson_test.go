package impact

import (
	"math"
	"testing"
)

// By definition a bound p of the score interval is where the observed share
// lies 1.96 standard errors away, the error being that of p itself.
func TestWilsonBoundsSolveTheirEquation(t *testing.T) {
	for _, c := range []struct{ failures, tries int }{{1, 10}, {3, 10}, {62, 520}, {104, 1586}, {1, 100_000}, {9, 10}} {
		low, high := Wilson(c.failures, c.tries)
		share := float64(c.failures) / float64(c.tries)
		for _, p := range []float64{low, high} {
			z := math.Abs(share-p) / math.Sqrt(p*(1-p)/float64(c.tries))
			if math.Abs(z-1.959964) > 1e-5 {
				t.Errorf("%d/%d: bound %.6f lies %.6f standard errors away, want 1.959964", c.failures, c.tries, p, z)
			}
		}
		if !(low < share && share < high) {
			t.Errorf("%d/%d: share %.5f is not within %.5f-%.5f", c.failures, c.tries, share, low, high)
		}
	}
}

func TestWilsonAtTheEnds(t *testing.T) {
	if low, high := Wilson(0, 0); low != 0 || high != 1 {
		t.Errorf("nothing tried: %v-%v, want 0-1", low, high)
	}
	// With no failure the upper bound is z²/(n+z²).
	if low, high := Wilson(0, 10); low != 0 || math.Abs(high-3.841459/13.841459) > 1e-6 {
		t.Errorf("0/10: %v-%v", low, high)
	}
	if low, high := Wilson(10, 10); high != 1 || math.Abs(low-10/13.841459) > 1e-6 {
		t.Errorf("10/10: %v-%v", low, high)
	}
}
