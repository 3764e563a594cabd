package impact

import (
	"cmp"
	"math"
	"slices"
)

// onsetNats is how much less likely than the best onset one may be to lie in
// its interval; determined by simulation (TestOnsetIsFoundAndItsIntervalHolds):
// more than the 2 nats of a regular likelihood, since an alarm comes sooner where
// failures come early.
const onsetNats = 5

// onset returns when a change most likely began: the instant from which on
// the results are explained best by the winning hypothesis against what is
// usual (the last zero of its CUSUM; E. S. Page, Biometrika 41, 1954), and
// the instants between which it lies.
func (m *model) onset(d *design, h history, sc int, mc machine, rate int, at int64) (best, low, high int64) {
	type step struct {
		at   int64
		gain float64
		bad  bool
		n    int
	}
	var steps []step
	p := rates[mc][rate]
	for _, i := range d.scopes[sc].members {
		s := &m.Streams[i]
		u := s.ratios(mc).share
		q := 1 - (1-u)*(1-p)
		badGain, goodGain := math.Log(q/u), math.Log((1-q)/(1-u))
		h.each(i, m.Learn, at, func(when int64, n, failed, slow int) { // before that it belonged to an earlier trouble
			bad := failed
			if mc == slowing {
				if n == 1 && failed == 1 {
					return
				}
				bad = slow
			}
			steps = append(steps, step{when, float64(bad)*badGain + float64(n-bad)*goodGain, bad > 0, n})
		})
	}
	slices.SortFunc(steps, func(x, y step) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.gain, y.gain))
	})
	// The likelihood of a change before step k is the sum from k on.
	sum, most, k := 0.0, math.Inf(-1), -1
	sums := make([]float64, len(steps))
	for i := len(steps) - 1; i >= 0; i-- {
		sum += steps[i].gain
		sums[i] = sum
		if sum > most && steps[i].bad {
			most, k = sum, i
		}
	}
	if k < 0 {
		return at, at, at
	}
	best, low, high = steps[k].at, steps[k].at, steps[k].at
	if steps[k].n > 1 { // five minutes in one
		best = h.firstBad(best, best+cellSpan, mc == slowing)
		high = best
	}
	for i := range steps {
		if sums[i] >= most-onsetNats {
			if i > 0 {
				low = min(low, steps[i-1].at) // it began after the last result that was still usual
			} else {
				low = min(low, steps[i].at)
			}
			high = max(high, steps[i].at)
		}
	}
	return best, low, high
}
