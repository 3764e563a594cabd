package impact

import "math"

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

// onsetSteps are the results of a scope since the last trouble, in the order of time.
func (m *model) onsetSteps(d *design, h history, sc int, mc machine, at int64) (steps []weighed) {
	for _, i := range d.scopes[sc].members {
		steps = m.came(steps, h, i, mc, 1, m.Learn, at) // before that it belonged to an earlier trouble
	}
	return inTime(steps)
}
