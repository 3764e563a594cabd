package impact

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTheSpreadBetweenHoursIsLearnt: of two weeks of 480 results an hour, 0.1 % failing; what
// never moves pays nothing.
func TestTheSpreadBetweenHoursIsLearnt(t *testing.T) {
	rng := rand.New(rand.NewPCG(64, 1))
	week := func(moves float64, products int) (each []unrest, company Follows) {
		for range products {
			var u unrest
			for h := range unrestKept {
				runs, share := 0.0, 0.001*math.Exp(moves*math.Sin(2*math.Pi*float64(h)/24)-moves*moves/4)
				for range 480 {
					runs += float64(index(rng.Float64() < share))
				}
				u.add(480, runs)
			}
			beyond, expected := u.moments()
			company.beyond, company.expected = company.beyond+beyond, company.expected+expected
			each = append(each, u)
		}
		return each, company
	}
	mean := func(moves float64) (sum float64) {
		each, company := week(moves, 10)
		for i := range each {
			sum += each[i].times(company) / float64(len(each))
		}
		return sum
	}
	// A wave of e^(a sin) has a standard deviation of 0.36 of its mean for a of 0.5, 0.76 for 1.
	for _, c := range []struct{ moves, least, most float64 }{{0, 1, 1.08}, {0.5, 1.15, 1.4}, {1, 1.4, 1.85}} {
		if got := mean(c.moves); got < c.least || got > c.most {
			t.Errorf("a wave of %.1f: the share is taken %.2f times, want %.2f to %.2f", c.moves, got, c.least, c.most)
		}
	}
	if none := (&unrest{}).times(Follows{}); none != 1 {
		t.Errorf("without an hour it is taken %.2f times", none)
	}
}
