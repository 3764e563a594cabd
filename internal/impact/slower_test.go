package impact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// toldAfter gives a product of n checks, one every 30 s, so many hours of history, then
// answers of the first so many of them that are slower by a factor, or failures at 0, of which the logarithm has some spread, and returns after how many results
// of each check that is told; 0 when it is not in 6 hours.
func toldAfter(n, hit int, hours, slower, spread float64, seed uint64) int {
	const every = 30 * time.Second
	var list []checks.Check
	for i := range n {
		list = append(list, checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: every})
	}
	tr, rng := NewTracker(Config{}, list), rand.New(rand.NewPCG(seed, 21))
	before, after := int(hours*120), 720
	early := false // told before
	for k := range before + after {
		for i := range n {
			r := checks.Result{Check: list[i].ID, Started: propertyStart.Add(time.Duration(k)*every + time.Duration(i)*every/time.Duration(n)), Outcome: checks.Pass}
			took := 0.1 * math.Exp(spread*rng.NormFloat64())
			hit := k >= before && i < hit
			if hit {
				took *= slower
			}
			if r.Duration = time.Duration(took * 1e9); hit && slower == 0 || rng.Float64() < 0.001 {
				r.Outcome, r.Duration = checks.Fail, time.Second
			}
			if tr.Apply(r, true); tr.Trouble().On && (k < before || early) {
				early = true
			} else if tr.Trouble().On {
				return k - before + 1
			}
		}
	}
	if early {
		return -1
	}
	return 0
}

// TestAnswersThatDifferMuch: where half of the answers are a half slower or quicker than the median, a
// product that becomes three times slower shows it in 40 % of them. Its level does not follow
// while they are judged, and its first hours are calm.
func TestAnswersThatDifferMuch(t *testing.T) {
	for _, c := range []struct {
		n     int
		hours float64
		most  int // told in so many runs at least
	}{{1, 30, 6}, {4, 6, 6}, {4, 1, 3}} {
		var told []int
		for seed := range 6 {
			told = append(told, toldAfter(c.n, c.n, c.hours, 3, 0.67, uint64(seed)))
		}
		slices.Sort(told)
		t.Logf("%d checks, %g h of history: told after %v results of each", c.n, c.hours, told)
		if told[0] < 0 {
			t.Errorf("%d checks, %g h of history: told before it was slower", c.n, c.hours)
		}
		if got := 6 - len(slices.DeleteFunc(slices.Clone(told), func(k int) bool { return k > 0 })); got < c.most {
			t.Errorf("%d checks, %g h of history: told in %d runs of 6, want %d", c.n, c.hours, got, c.most)
		}
	}
}

// TestHowSoonSlownessIsTold of a product of which all answers become slower: also with an
// hour of history, ten times slower as soon as failing. A half more, with answers
// that differ by a fifth, is absorbed with less than a day of history of one check.
func TestHowSoonSlownessIsTold(t *testing.T) {
	runs := longtest.Seeds(3, 10)
	for _, n := range longtest.Of([]int{1}, []int{1, 4, 15}) {
		for _, hours := range longtest.Of([]float64{1, 6}, []float64{1, 6, 30}) {
			fails := 0
			for _, slower := range []float64{0, 1.5, 3, 10} {
				var told []int
				for seed := range runs {
					told = append(told, toldAfter(n, n, hours, slower, 0.2, uint64(seed)))
				}
				slices.Sort(told)
				most := told[len(told)-1]
				t.Logf("%2d checks, %2g h of history, x%g: told after %d results of each in the median, %d at most; %d of %d not", n, hours, slower, told[len(told)/2], most,
					len(told)-len(slices.DeleteFunc(slices.Clone(told), func(k int) bool { return k == 0 })), len(told))
				limit := 2 * fails
				switch {
				case slower == 0:
					fails, limit = most, 8
				case slower == 10: // as soon as failing, but that two results are needed
					limit = fails + 1
				case slower == 1.5 && hours*float64(n) < 24:
					continue
				case slower == 1.5: // the slowest of ten runs hangs on a few answers; the median does not
					if limit = 45; told[len(told)/2] > 20 {
						t.Errorf("%d checks, %g h, x%g: after %v results, want a median of 20", n, hours, slower, told)
					}
				}
				if told[0] == 0 || most > limit {
					t.Errorf("%d checks, %g h, x%g: after %v results, want at most %d", n, hours, slower, told, limit)
				}
			}
		}
	}
}

// TestHowSoonOneOfSeveralIsTold with two days of history.
func TestHowSoonOneOfSeveralIsTold(t *testing.T) {
	for _, n := range longtest.Of([]int{4}, []int{1, 4, 15}) {
		for _, c := range []struct {
			slower float64
			most   int
		}{{0, 8}, {3, 8}, {10, 8}} {
			var told []int
			for seed := range longtest.Seeds(2, 10) {
				told = append(told, toldAfter(n, 1, 48, c.slower, 0.2, uint64(seed)))
			}
			slices.Sort(told)
			t.Logf("one of %2d checks, x%g: told after %d results of it in the median, %d at most", n, c.slower, told[len(told)/2], told[len(told)-1])
			if told[0] == 0 || told[len(told)-1] > c.most {
				t.Errorf("one of %d checks, x%g: after %v results, want at most %d", n, c.slower, told, c.most)
			}
		}
	}
}
