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

// Course is what one product gave minute by minute since it began to fail, or since the
// last step that was told, oldest first.
type Course struct {
	ID      string
	Minutes []Minute
}

// Began is when a trouble did, and how long the units are in which its courses are
// counted: minutes, or EffectUnit of a short window.
type Began struct {
	At   time.Time
	Unit time.Duration
}

// weight is how much an instant counts, by stepEarly.
func (b Began) weight(at time.Time) float64 {
	return 1 + stepEarly/max(float64(at.Sub(b.At))/float64(b.Unit), 1)
}

const (
	// stepMinutes is what the statistic must reach: the instants of the first 24 h count as
	// 1,440 and, by stepEarly, some 470 more, so that less than one false "worse" and one
	// false "better" come in them (TestARateThatStaysIsNoStep).
	stepMinutes = 36 * 60
	// stepEarly is how many minutes after the beginning of a trouble an instant counts twice:
	// what is young changes sooner, by the inverse of its age.
	stepEarly = 60.0
	// stepFactor is by how much two shares must differ to be told: in hours a
	// small change is certain as well, and no news.
	stepFactor = 1.5
	// stepLeast is how many failures the side that has more of them must have.
	stepLeast = 3
)

// rises and falls are the factors that are looked for, each as likely as the others.
var (
	rises = factorsOf(2, 3, 5)
	falls = factorsOf(1./2, 1./3, 1./5)
)

// factors are the factors of one direction, with their logarithms.
type factors struct{ by, log [3]float64 }

func factorsOf(by ...float64) (f factors) {
	for k, factor := range by {
		f.by[k], f.log[k] = factor, math.Log(factor)
	}
	return f
}

// Step returns the change of the share that fails of some products, if it is certain.
//
// Each product is compared with itself before, so that one that joins while it spreads
// changes nothing; what is common to all is the factor by which their shares change.
// Given how many failures a product had in all, they fall on the minutes before an instant
// and since it as its tries do, times the factor: that asks for no share, and of what stays
// as it is the likelihood ratio of any factor is 1 on average. Their sum over
// all instants at which it may have changed is Shiryaev's and Roberts' statistic, which less
// the number of minutes is a martingale: it reaches a bound after as many minutes on
// average at the soonest (M. Pollak, Annals of Statistics 13, 1985, p. 206). Failures are
// taken for rare, as by a Poisson law, which for more than rare ones is on the
// safe side. Those that come in bursts say less: the ratio is flattened by how much more
// the minutes differ from each other than chance explains.
//
// The counts are those of the products that failed before the instant, which it returns.
// began is of the trouble of all.
func Step(list []Course, began Began) (RateStep, []string, bool) {
	all := make([][]Minute, len(list))
	for i, c := range list {
		all[i] = c.Minutes
	}
	minutes, strata := Pool(all...), strataOf(list)
	s, ok := likeliestStep(minutes, strata, began, 1)
	if !ok {
		return RateStep{}, nil, false
	}
	at := slices.IndexFunc(minutes, func(m Minute) bool { return m.At.Equal(s.At) })
	if flat := spreadOf(minutes, at); flat > 1 {
		s, ok = likeliestStep(minutes, strata, began, flat)
	}
	if !ok || !differs(s.Before, s.After) || max(s.Before.Failures, s.After.Failures) < stepLeast {
		return RateStep{}, nil, false
	}
	var of []string
	for _, c := range list {
		if len(c.Minutes) > 0 && c.Minutes[0].At.Before(s.At) {
			of = append(of, c.ID)
		}
	}
	return s, of, true
}

// likeliestStep returns the likeliest instant of a rise, or of a fall, and whether one of
// them is certain.
func likeliestStep(minutes []Minute, strata []stratum, began Began, flat float64) (best RateStep, certain bool) {
	if statisticAtMost(minutes, strata, began, flat) < stepMinutes {
		return RateStep{}, false
	}
	for _, by := range []*factors{&rises, &falls} {
		most := 0.0
		var at RateStep
		sum := overInstants(minutes, strata, began, func(instant time.Time, weight float64) float64 {
			s, l := stepAt(strata, instant, by, flat)
			if l *= weight; l > most {
				most, at = l, s
			}
			return l
		})
		if sum >= stepMinutes {
			return at, true
		}
	}
	return RateStep{}, false
}

// statisticAtMost is what the statistic is at most, of rises and of falls: at each instant it takes
// the likeliest of all factors, of each stratum another one. That takes a fourth of the logarithms
// and exponentials, and where nothing changes, which is nearly always, it is mostly enough.
func statisticAtMost(minutes []Minute, strata []stratum, began Began, flat float64) float64 {
	return overInstants(minutes, strata, began, func(_ time.Time, weight float64) float64 {
		nats := 0.0
		for i := range strata {
			nats += strata[i].likeliest()
		}
		return weight * math.Exp(min(nats/flat, 500))
	})
}

// overInstants adds up what is made of each instant at which the shares may have changed, with the
// strata as they are before it, and with how much it counts.
func overInstants(minutes []Minute, strata []stratum, began Began, of func(instant time.Time, weight float64) float64) (sum float64) {
	for i := range strata {
		strata[i].rewind()
	}
	for k, m := range minutes {
		if k > 0 {
			sum += of(m.At, began.weight(m.At))
		}
		for i := range strata {
			strata[i].pass(m.At)
		}
	}
	return sum
}

// stratum is what the products that began to fail in the same minute gave in all, and
// before an instant.
type stratum struct {
	minutes     []Minute
	all, before Counts
	next        int // its first minute that is not before
}

// strataOf adds up the products that began in the same minute: their tries are the same
// part of all before any instant.
func strataOf(list []Course) (out []stratum) {
	for _, c := range list {
		if len(c.Minutes) == 0 {
			continue
		}
		n := slices.IndexFunc(out, func(s stratum) bool { return s.minutes[0].At.Equal(c.Minutes[0].At) })
		if n < 0 {
			out = append(out, stratum{minutes: c.Minutes})
		} else {
			out[n].minutes = Pool(out[n].minutes, c.Minutes)
		}
	}
	for i := range out {
		out[i].all = sumOf(out[i].minutes)
	}
	return out
}

func (s *stratum) rewind() { s.before, s.next = Counts{}, 0 }

// pass takes the minutes up to an instant, and that of it, for what was before.
func (s *stratum) pass(at time.Time) {
	for s.next < len(s.minutes) && !s.minutes[s.next].At.After(at) {
		s.before = s.before.plus(Counts{Tries: s.minutes[s.next].Tries, Failures: s.minutes[s.next].Failures})
		s.next++
	}
}

// likeliest is the logarithm of how much likelier the likeliest factor of all makes what failed
// before an instant and since it than none.
func (s *stratum) likeliest() (nats float64) {
	since := Counts{Tries: s.all.Tries - s.before.Tries, Failures: s.all.Failures - s.before.Failures}
	if s.before.Tries == 0 || since.Tries == 0 || s.all.Failures == 0 {
		return 0
	}
	share := float64(s.all.Failures) / float64(s.all.Tries)
	for _, c := range [2]Counts{s.before, since} {
		if n := float64(c.Failures); n > 0 {
			nats += n * math.Log(n/(share*float64(c.Tries)))
		}
	}
	return nats
}

// stepAt returns the counts of the products before and since an instant, of those that
// have both, and how much likelier a rise of all by a factor, or a fall, makes
// them than none.
func stepAt(strata []stratum, at time.Time, of *factors, flat float64) (RateStep, float64) {
	st := RateStep{At: at}
	var nats [len(of.by)]float64
	for i := range strata {
		s := &strata[i]
		since := Counts{Tries: s.all.Tries - s.before.Tries, Failures: s.all.Failures - s.before.Failures}
		if s.before.Tries == 0 || since.Tries == 0 {
			continue
		}
		st.Before, st.After = st.Before.plus(s.before), st.After.plus(since)
		if s.all.Failures == 0 {
			continue
		}
		before := float64(s.before.Tries) / float64(s.all.Tries)
		for k, factor := range of.by {
			nats[k] -= float64(s.all.Failures) * math.Log(before+factor*(1-before))
		}
	}
	l := 0.0
	for k, n := range nats {
		n += float64(st.After.Failures) * of.log[k]
		l += math.Exp(min(n/flat, 500)) / float64(len(nats))
	}
	return st, l
}

// spreadOf is how much more the minutes before and since a place differ from each
// other than chance explains, at least 1.
func spreadOf(minutes []Minute, at int) float64 {
	return max(1, (dispersion(minutes[:at])*float64(at)+dispersion(minutes[at:])*float64(len(minutes)-at))/float64(max(1, len(minutes))))
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
