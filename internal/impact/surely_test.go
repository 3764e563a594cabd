package impact

import (
	"math"
	"testing"
)

// TestSurely: against the table of exact limits, and that few results do not go
// before many.
func TestSurely(t *testing.T) {
	for _, c := range []struct {
		bad, tries int
		want       float64
	}{{0, 10, 0}, {1, 1, 0.025}, {2, 4, 0.0676}, {1, 3, 0.0084}, {6, 90, 0.0249}, {10, 10, 0.6915}, {40, 100, 0.3094}, {3, 0, 0}} {
		if got := Surely(c.bad, c.tries); math.Abs(got-c.want) > 0.0006 {
			t.Errorf("%d of %d: %.4f, want %.4f", c.bad, c.tries, got, c.want)
		}
	}
	for bad := 1; bad < 60; bad++ {
		if Surely(bad, 100) <= Surely(bad-1, 100) {
			t.Errorf("%d of 100 is not more than %d", bad, bad-1)
		}
	}
}
