package impact

import (
	"math"
	"testing"
)

// Limits of zero bad ones by hand, 1 - 0.01^(1/n); the others by
// adding up the binomial distribution with its factorials (lgamma) elsewhere.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		bad, n int
		want   float64
	}{
		{0, 0, 1}, {3, 3, 1}, {0, 1, 0.99}, {0, 140, 1 - math.Pow(0.01, 1.0/140)}, {0, 459, 0.00998}, {1, 10, 0.5044}, {2, 100, 0.08141}, {40, 100_000, 0.000573},
	} {
		if got := (Proof{N: c.n, Bad: c.bad}).Shows(); math.Abs(got-c.want) > 0.005*c.want {
			t.Errorf("%d of %d: %.6f, want %.6f", c.bad, c.n, got, c.want)
		}
	}
}
