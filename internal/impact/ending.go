package impact

import (
	"cmp"
	"math"
	"slices"
)

// endNats is how much less likely than the best end of a trouble one may be to lie
// in its 95 % interval; by TestIntervalsHoldWhatIsTrue.
const endNats = 4

// endShareMost keeps a trouble in which all failed from being disproved by one pass.
const endShareMost = 0.95

// ending is when a trouble most likely ended, as a change back to what is usual: the
// bad result up to which what came since the onset is explained best by its share,
// and after which by what is usual. Its last bad result would be too late where usual
// failures came between that and the proof: of a check that fails 0.1 % as a rule
// that is one proof of three.
func (m *model) ending(h history, at int64) (best, low, high int64) {
	t := &m.Trouble
	steps := m.endSteps(h, at)
	best, low, high = t.LastBad, t.LastBad, at
	// An end before step k is as likely as the steps from there on are usual.
	sum, most, last := 0.0, math.Inf(-1), -1
	ends := make([]float64, len(steps)+1)
	for k := len(steps) - 1; k > 0; k-- {
		sum -= steps[k].gain
		ends[k] = sum
		if steps[k-1].bad && (sum > most || last < 0) {
			most, last = sum, k
		}
	}
	if n := len(steps); n > 0 && steps[n-1].bad && most <= 0 {
		most, last = 0, n
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
		if ends[k] < most-endNats {
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

type endStep struct {
	at   int64
	gain float64 // of the trouble's share against what is usual
	bad  bool
	n    int
}

// endSteps are the results since the onset of what takes part, in the order of time.
func (m *model) endSteps(h history, at int64) (steps []endStep) {
	t := &m.Trouble
	mc := machineOf(t.Slow)
	share := min(float64(t.HitBad)/float64(max(t.HitAtBad, 1)), endShareMost)
	events := m.spread() // so many bad results are one event
	for i := range m.Streams {
		s := &m.Streams[i]
		if !s.Hit {
			continue
		}
		u := s.ratios(mc).share
		q := 1 - (1-u)*(1-share)
		badGain, goodGain := math.Log(q/u)/events, math.Log((1-q)/(1-u))/events
		h.each(i, t.Onset, at, func(when int64, n, failed, slow int) {
			bad := failed
			if mc == slowing {
				if n == 1 && failed == 1 {
					return
				}
				bad = slow
			}
			steps = append(steps, endStep{when, float64(bad)*badGain + float64(n-bad)*goodGain, bad > 0, n})
		})
	}
	slices.SortFunc(steps, func(x, y endStep) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.gain, y.gain))
	})
	return steps
}
