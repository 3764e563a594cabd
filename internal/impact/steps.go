package impact

import (
	"math"
	"slices"
	"time"
)

// Pool adds the minutes of several products up; each list is, and the sum is, in the
// order of time.
func Pool(lists ...[]Minute) []Minute {
	var out []Minute
	for _, list := range lists {
		if out == nil {
			out = slices.Clone(list)
			continue
		}
		n := 0 // where the next minute is in out
		for _, m := range list {
			for n < len(out) && out[n].At.Before(m.At) {
				n++
			}
			if n == len(out) || out[n].At.After(m.At) {
				out = slices.Insert(out, n, Minute{At: m.At})
			}
			sum := &out[n]
			sum.Tries += m.Tries
			sum.Failures += m.Failures
			sum.Slow += m.Slow
		}
	}
	return out
}

// RateStep is a change of the share that fails: what it was before an instant,
// and what it is from then on.
type RateStep struct {
	At            time.Time // most likely
	Before, After Counts
}

// Worse reports whether more fails than before.
func (s RateStep) Worse() bool { return s.After.Share() > s.Before.Share() }

const (
	// stepNats is how many nats two shares must explain some minutes better than
	// one does. Set by simulation so that of a share that stays as it is less than one
	// "worse" comes in 24 h, and less than one "better" (TestARateThatStaysIsNoStep):
	// 0.03 to 0.38 of each, over 40 and over 60 days of 60 and 135 tries a minute at 2, 4 and 9 %.
	//
	// 4 to 2 % of 60 tries a minute is told after 21 min in the median. That is not the
	// ten minutes of the other steps, and cannot be: Page's test that knows both shares
	// takes 12 min in the median, 13.7 in the mean, at one false "better" in 24 h
	// (A. Wald's approximation: 5.5 nats at 0.0063 a try are 14.5 min).
	stepNats = 8.5
	// stepFactor is by how much two shares must differ to be told: in hours a
	// small change is certain as well, and no news.
	stepFactor = 1.5
	// stepLeast is how many failures the side that has more of them must have.
	stepLeast = 3
)

// Step returns the change of the failure share over some minutes that is
// the likeliest, if it is certain: the generalised likelihood ratio of two shares
// against one, over all instants between (D. Siegmund and E. S. Venkatraman,
// Annals of Statistics 23, 1995, p. 255). Neither share need be known. Failures
// that come in bursts say less: the ratio is divided by how much more the
// minutes differ from each other than chance explains.
func Step(minutes []Minute) (RateStep, bool) {
	var all Counts
	for _, m := range minutes {
		all.Tries, all.Failures = all.Tries+m.Tries, all.Failures+m.Failures
	}
	var before Counts
	best, at, most := RateStep{}, -1, 0.0
	whole := logLikelihood(all)
	for i, m := range minutes {
		after := Counts{Tries: all.Tries - before.Tries, Failures: all.Failures - before.Failures}
		if i > 0 && before.Tries > 0 && after.Tries > 0 && max(before.Failures, after.Failures) >= stepLeast && differs(before, after) {
			if g := logLikelihood(before) + logLikelihood(after) - whole; g > most {
				most, at, best = g, i, RateStep{At: m.At, Before: before, After: after}
			}
		}
		before.Tries, before.Failures = before.Tries+m.Tries, before.Failures+m.Failures
	}
	if at < 0 || most < stepNats {
		return RateStep{}, false
	}
	return best, most >= stepNats*max(1, (dispersion(minutes[:at])*float64(at)+dispersion(minutes[at:])*float64(len(minutes)-at))/float64(len(minutes)))
}

// differs reports whether two shares differ by stepFactor.
func differs(x, y Counts) bool {
	low, high := min(x.Share(), y.Share()), max(x.Share(), y.Share())
	return high >= stepFactor*low
}

// logLikelihood is that of counts at their own share.
func logLikelihood(c Counts) float64 {
	s, l := float64(c.Failures), 0.0
	if n := float64(c.Tries); s > 0 {
		l += s * math.Log(s/n)
	}
	if n := float64(c.Tries); s < n {
		l += (n - s) * math.Log1p(-s/n)
	}
	return l
}

// dispersion is Pearson's chi-square of minutes at one share, a degree of
// freedom: about 1 where failures come by chance. 1 of less than ten minutes.
func dispersion(minutes []Minute) float64 {
	if len(minutes) < 10 {
		return 1
	}
	var all Counts
	for _, m := range minutes {
		all.Tries, all.Failures = all.Tries+m.Tries, all.Failures+m.Failures
	}
	p, sum := all.Share(), 0.0
	if p == 0 || p == 1 {
		return 1
	}
	for _, m := range minutes {
		n := float64(m.Tries)
		d := float64(m.Failures) - p*n
		sum += d * d / (p * (1 - p) * n)
	}
	return sum / float64(len(minutes)-1)
}
