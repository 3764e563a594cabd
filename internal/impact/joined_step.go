package impact

import (
	"math"
	"time"
)

// Joined is one of several products that began to fail one after the other: its
// minutes since it did, oldest first.
type Joined struct {
	ID      string
	Minutes []Minute
}

// How many nats a factor common to all must explain their minutes better than none
// does, for a change in the first joinedEarly of an incident: there is one such span in
// each, and what was before is known from little, so that more could hardly be reached.
// For one at a later age it is joinedSlope more for each time that is e times as long, up
// to stepNats: the number of instants that may seem to be one grows with the age, and so
// does what is known of each. Set by simulation (publish's TestASpreadIsNotWorse, 72 h
// of each way to spread: 4 false worse in 216 h and 4 false better).
const (
	joinedEarly = 20 * time.Minute
	joinedLeast = 5.0
	joinedSlope = 2.0
)

// joinedNats is how many nats are needed for a change at an age of the incident.
func joinedNats(age time.Duration) float64 {
	return min(stepNats, joinedLeast+joinedSlope*max(0, math.Log(age.Minutes()/joinedEarly.Minutes())))
}

// StepBesideJoins is Step over products that began to fail one after the other:
// each is compared with itself before, so that one that joins changes nothing, and
// what is common to all is the factor by which their shares change. The counts are
// those of the products that failed before the instant, which it returns. Failures
// of one are taken for rare, as by a Poisson law, which for more than rare ones is
// on the safe side. began is when the trouble of all did.
func StepBesideJoins(list []Joined, began time.Time) (RateStep, []string, bool) {
	all := make([][]Minute, len(list))
	for i, j := range list {
		all[i] = j.Minutes
	}
	pool := Pool(all...)
	sums := make([]joinedSum, len(list))
	for i, j := range list {
		for _, m := range j.Minutes {
			sums[i].all = sums[i].all.plus(Counts{Tries: m.Tries, Failures: m.Failures})
		}
	}
	best, most, at := RateStep{}, 0.0, 0
	for k, m := range pool {
		if k > 0 {
			s, g := stratified(sums, m.At)
			if g /= joinedNats(m.At.Sub(began)); g > most && differs(s.Before, s.After) && max(s.Before.Failures, s.After.Failures) >= stepLeast {
				best, most, at = s, g, k
			}
		}
		for i := range sums {
			sums[i].pass(list[i].Minutes, m.At)
		}
	}
	if most < spreadOf(pool, at) {
		return RateStep{}, nil, false
	}
	var of []string
	for _, j := range list {
		if len(j.Minutes) > 0 && j.Minutes[0].At.Before(best.At) {
			of = append(of, j.ID)
		}
	}
	return best, of, true
}

// joinedSum is what one product gave in all, and before an instant.
type joinedSum struct {
	all, before Counts
	next        int // its first minute that is not before
}

func (s *joinedSum) pass(minutes []Minute, at time.Time) {
	for s.next < len(minutes) && !minutes[s.next].At.After(at) {
		s.before = s.before.plus(Counts{Tries: minutes[s.next].Tries, Failures: minutes[s.next].Failures})
		s.next++
	}
}

// stratified returns the counts of products before and since an instant, of those
// that have both, and by how many nats one factor for all explains them better than
// none: given how many failures each had, those since are as likely as its tries
// since, times the factor (that of N. Mantel and W. Haenszel, 1959).
func stratified(sums []joinedSum, at time.Time) (RateStep, float64) {
	st := RateStep{At: at}
	up, down := 0.0, 0.0
	for _, s := range sums {
		since := Counts{Tries: s.all.Tries - s.before.Tries, Failures: s.all.Failures - s.before.Failures}
		if s.before.Tries == 0 || since.Tries == 0 {
			continue
		}
		st.Before.Tries, st.Before.Failures = st.Before.Tries+s.before.Tries, st.Before.Failures+s.before.Failures
		st.After.Tries, st.After.Failures = st.After.Tries+since.Tries, st.After.Failures+since.Failures
		n := float64(s.all.Tries)
		up += float64(since.Failures) * float64(s.before.Tries) / n
		down += float64(s.before.Failures) * float64(since.Tries) / n
	}
	factor := (up + 0.01) / (down + 0.01)
	g := float64(st.After.Failures) * math.Log(factor)
	for _, s := range sums {
		if s.all.Failures > 0 && s.before.Tries > 0 && s.all.Tries > s.before.Tries {
			before := float64(s.before.Tries) / float64(s.all.Tries)
			g -= float64(s.all.Failures) * math.Log(before+factor*(1-before))
		}
	}
	return st, g
}

// spreadOf is how much more the minutes before and since a place differ from each
// other than chance explains, at least 1.
func spreadOf(minutes []Minute, at int) float64 {
	return max(1, (dispersion(minutes[:at])*float64(at)+dispersion(minutes[at:])*float64(len(minutes)-at))/float64(max(1, len(minutes))))
}
