package impact

import (
	"math"
	"time"
)

// QuietSpell is a time in which hardly anything failed where much was expected.
type QuietSpell struct {
	Since  time.Time
	From   time.Time // of the first minute of Before
	Before Counts    // until then, since the last step of the rate
	After  Counts
}

const (
	// quietRest is what is left after a repair, of the share that a quiet excludes.
	quietRest = 1.0 / 12
	// quietPart is the part of the share before that a quiet excludes: failures
	// that go on at half of it are not quiet.
	quietPart = 0.5
	// quietHours is over how long a quiet is told wrongly with quietWrong at most
	// while failures go on at quietPart of the share before.
	quietHours = 3
	quietWrong = 0.01
	// quietSkip is how many minutes the share before is not taken from: if they
	// were those that rest it would be too small, and if they were chosen for it
	// too large.
	quietSkip = 15
	// quietLeast is how many failures the share before is known from at least.
	quietLeast = 5
)

// Quiet reports since when the failures of some minutes rest, if that is
// certain. The share before is the one until quietSkip minutes ago, a little less where it is known from few. Against half
// of it stands quietRest, in Shiryaev's and Roberts' statistic over
// the minutes at which the quiet may have begun, R <- (1 + R) L. While failures
// go on at that half, R less the number of minutes is a martingale, so that it
// reaches A in n minutes with a chance of n/A at most (Pollak, Annals of Statistics
// 13, 1985, p. 206, and Doob's inequality): A is n / quietWrong of quietHours.
// At the share before itself it is far less. Where minutes differ from each
// other by more than chance the statistic is flattened by as much.
func Quiet(minutes []Minute) (QuietSpell, bool) {
	at, ok := restsFrom(minutes)
	if !ok {
		return QuietSpell{}, false
	}
	q := QuietSpell{Since: minutes[at].At, From: minutes[0].At, Before: sumOf(minutes[:at]), After: sumOf(minutes[at:])}
	known := minutes[:len(minutes)-min(quietSkip, len(minutes)/2)]
	failed := float64(sumOf(known).Failures)
	limit := quietPart * sumOf(known).Share() * (1 - 2/max(failed, 2))
	if failed < quietLeast || q.After.Share() >= limit {
		return QuietSpell{}, false
	}
	flat := max(1, dispersion(known))
	rate, r := quietRest*limit, 0.0
	for _, m := range minutes {
		gain := float64(m.Failures)*math.Log(rate/limit) + float64(m.Tries-m.Failures)*(math.Log1p(-rate)-math.Log1p(-limit))
		r = min((1+r)*math.Exp(gain/flat), 1e200)
	}
	return q, r >= quietHours*60/quietWrong
}

// mayRest is the least chance of so many failures after a repair that are taken for what
// rests.
const mayRest = 0.01

// MayRest reports whether failures since an instant may be what is left after a repair:
// what goes on at more than that will not be quiet, and need not be waited for.
func MayRest(before, after Counts) bool {
	expected := quietRest * quietPart * before.Share() * float64(after.Tries)
	fewer, p := 0.0, math.Exp(-expected) // by Poisson's law
	for k := range after.Failures {
		fewer += p
		p *= expected / float64(k+1)
	}
	return 1-fewer >= mayRest
}

// restsFrom returns the minute at which the share most likely fell.
func restsFrom(minutes []Minute) (at int, ok bool) {
	all, before, most := sumOf(minutes), Counts{}, 0.0
	whole := logLikelihood(all)
	for i, m := range minutes {
		after := Counts{Tries: all.Tries - before.Tries, Failures: all.Failures - before.Failures}
		if i > 0 && before.Tries > 0 && after.Tries > 0 && after.Share() < before.Share() {
			if g := logLikelihood(before) + logLikelihood(after) - whole; g > most {
				most, at, ok = g, i, true
			}
		}
		before.Tries, before.Failures = before.Tries+m.Tries, before.Failures+m.Failures
	}
	return at, ok
}

func sumOf(minutes []Minute) (c Counts) {
	for _, m := range minutes {
		c.Tries, c.Failures = c.Tries+m.Tries, c.Failures+m.Failures
	}
	return c
}
