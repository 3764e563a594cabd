package impact

import (
	"cmp"
	"math"
	"slices"
)

// weighed is one result, or those of five minutes, with what it says for a change to each
// share of the grid, or back from it.
type weighed struct {
	at     int64
	gain   [rateCount]float64 // of each share against what is usual
	bad    bool
	n      int
	stream int
}

// until is when its last result came, at the latest, before another.
func (s *weighed) until(next int64) int64 {
	if s.n > 1 {
		return min(s.at+cellSpan, next)
	}
	return s.at
}

// came appends the results of a stream from one instant to another, of which so many bad
// ones are one event.
func (m *model) came(steps []weighed, h history, stream int, mc machine, events float64, from, to int64) []weighed {
	u := m.Streams[stream].ratios(mc).share
	var badGain, goodGain [rateCount]float64
	for r, p := range rates[mc] {
		q := 1 - (1-u)*(1-p)
		badGain[r], goodGain[r] = math.Log(q/u)/events, math.Log((1-q)/(1-u))/events
	}
	h.each(stream, from, to, func(when int64, n, failed, slow int) {
		bad := failed
		if mc == slowing {
			if n == 1 && failed == 1 {
				return
			}
			bad = slow
		}
		next := weighed{at: when, bad: bad > 0, n: n, stream: stream}
		for r := range next.gain {
			next.gain[r] = float64(bad)*badGain[r] + float64(n-bad)*goodGain[r]
		}
		steps = append(steps, next)
	})
	return steps
}

// inTime puts them in the order of time, those of one instant always in the same.
func inTime(steps []weighed) []weighed {
	slices.SortFunc(steps, func(x, y weighed) int {
		return cmp.Or(cmp.Compare(x.at, y.at), slices.Compare(x.gain[:], y.gain[:]))
	})
	return steps
}
