package impact

import (
	"cmp"
	"math"
	"slices"
)

// onsetNats is how much less likely than the best onset one may be to lie in
// its interval; determined by simulation (TestIntervalsHoldWhatIsTrue): more than
// the 2 nats of a regular likelihood, since an alarm comes sooner where failures
// come early.
const onsetNats = 6

// onset returns when a change most likely began: the instant from which on
// the results are explained best by the winning hypothesis against what is
// usual (the last zero of its CUSUM; E. S. Page, Biometrika 41, 1954), and
// the instants between which it lies, at whatever share explains each best: the
// share that won is too high where failures happened to come early, and would
// call a start before them too unlikely.
func (m *model) onset(d *design, h history, sc int, mc machine, rate int, at int64) (best, low, high int64) {
	steps := m.onsetSteps(d, h, sc, mc, at)
	// The likelihood of a change before step k is the sum from k on.
	var sum [rateCount]float64
	most, k, top := math.Inf(-1), -1, math.Inf(-1)
	profile := make([]float64, len(steps))
	for i := len(steps) - 1; i >= 0; i-- {
		profile[i] = math.Inf(-1)
		for r := range sum {
			sum[r] += steps[i].gain[r]
			profile[i] = max(profile[i], sum[r])
		}
		top = max(top, profile[i])
		if sum[rate] > most && steps[i].bad {
			most, k = sum[rate], i
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
		if profile[i] >= top-onsetNats {
			if i > 0 {
				low = min(low, steps[i-1].until(steps[i].at)) // it began after the last result that was still usual
			} else {
				low = min(low, steps[i].at)
			}
			high = max(high, steps[i].at)
		}
	}
	// It may hit the checks alone that fail: what others passed says nothing then.
	for i := k - 1; i >= 0; i-- {
		if steps[i].stream == steps[k].stream {
			low = min(low, steps[i].until(steps[k].at))
			break
		}
	}
	return best, low, high
}

// onsetStep is one result, or those of five minutes, with what it says at each share
// for the change having begun before it.
type onsetStep struct {
	at   int64
	gain [rateCount]float64
	bad  bool
	n    int

	stream int
}

// until is when a step's last result came, at the latest, before another step.
func (s *onsetStep) until(next int64) int64 {
	if s.n > 1 {
		return min(s.at+cellSpan, next)
	}
	return s.at
}

// onsetSteps are the results of a scope since the last trouble, in the order of time.
func (m *model) onsetSteps(d *design, h history, sc int, mc machine, at int64) (steps []onsetStep) {
	for _, i := range d.scopes[sc].members {
		s := &m.Streams[i]
		u := s.ratios(mc).share
		var badGain, goodGain [rateCount]float64
		for r, p := range rates[mc] {
			q := 1 - (1-u)*(1-p)
			badGain[r], goodGain[r] = math.Log(q/u), math.Log((1-q)/(1-u))
		}
		h.each(i, m.Learn, at, func(when int64, n, failed, slow int) { // before that it belonged to an earlier trouble
			bad := failed
			if mc == slowing {
				if n == 1 && failed == 1 {
					return
				}
				bad = slow
			}
			step := onsetStep{at: when, bad: bad > 0, n: n, stream: i}
			for r := range step.gain {
				step.gain[r] = float64(bad)*badGain[r] + float64(n-bad)*goodGain[r]
			}
			steps = append(steps, step)
		})
	}
	slices.SortFunc(steps, func(x, y onsetStep) int {
		return cmp.Or(cmp.Compare(x.at, y.at), slices.Compare(x.gain[:], y.gain[:]))
	})
	return steps
}
