package impact

import (
	"math"
	"testing"
)

// Limits of zero bad ones by hand, 1 - 0.01^(1/n); the others from tables of
// the binomial distribution.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		bad, n int
		want   float64
	}{
		{0, 0, 1}, {3, 3, 1}, {0, 1, 0.99}, {0, 140, 1 - math.Pow(0.01, 1.0/140)}, {0, 459, 0.00998}, {1, 10, 0.5044}, {2, 100, 0.0818}, {40, 100_000, 0.000577},
	} {
		if got := (Proof{N: c.n, Bad: c.bad}).Shows(); math.Abs(got-c.want) > 0.005*c.want {
			t.Errorf("%d of %d: %.6f, want %.6f", c.bad, c.n, got, c.want)
		}
	}
}

// TestNeeded: what is said to be needed is what it takes.
func TestNeeded(t *testing.T) {
	tr := NewTracker(Config{}, nil)
	if tr.now.unproven(&tr.design) != 0 {
		t.Error("a proof is awaited where nothing was wrong")
	}
}
