package impact

import (
	"math"
	"slices"
)

// endNats is how much less likely than the best end of a trouble one may be to lie
// in its 95 % interval; by TestIntervalsHoldWhatIsTrue.
const endNats = 4

// ending is when a trouble most likely ended, as a change back to what is usual: the
// bad result up to which what came since the onset is explained best by some share of the
// grid, and after which by what is usual. The trouble's own share is no measure: usual bad
// results since it ended are in it. Its last bad result would be too late where usual
// failures came between that and the proof: of a check that fails 0.1 % as a rule
// that is one proof of three.
func (m *model) ending(h history, at int64) (best, low, high int64) {
	t := &m.Trouble
	steps := m.endSteps(h, at)
	best, low, high = t.LastBad, t.LastBad, at
	most, last := math.Inf(-1), -1
	fits := make([]float64, len(steps)+1) // :: number of steps before the end -> how well the best share does
	var sum [rateCount]float64
	for k := range steps {
		for r, gain := range steps[k].gain {
			sum[r] += gain
		}
		if fits[k+1] = slices.Max(sum[:]); steps[k].bad && fits[k+1] >= most {
			most, last = fits[k+1], k+1
		}
	}
	if last < 0 {
		return best, low, high
	}
	best = steps[last-1].at
	if s := steps[last-1]; s.n > 1 { // five minutes in one
		best = min(max(t.LastBad, s.at), s.at+cellSpan)
	}
	low, high = best, best
	for k := 1; k <= len(steps); k++ {
		if fits[k] < most-endNats {
			continue
		}
		low = min(low, steps[k-1].at)
		if k < len(steps) {
			high = max(high, steps[k].at+int64(index(steps[k].n > 1))*cellSpan)
		} else {
			high = at
		}
	}
	return best, low, high
}

// endSteps are the results since the onset of what takes part, in the order of time.
func (m *model) endSteps(h history, at int64) (steps []weighed) {
	t := &m.Trouble
	events := m.spread() // so many bad results are one event
	for i := range m.Streams {
		if m.Streams[i].Hit {
			steps = m.came(steps, h, i, machineOf(t.Slow), events, t.Onset, at)
		}
	}
	return inTime(steps)
}
