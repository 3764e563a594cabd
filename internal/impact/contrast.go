package impact

import (
	"maps"
	"math"
	"slices"
	"time"
)

// An action is looked at after every unit, and of 200 actions that do nothing at
// most one may be said to have helped, or to have made it worse. The difference in
// standard errors must reach
//
//	effectBound / part^effectShape
//
// where part is the information so far, as a part of that at the end: a boundary
// of S. K. Wang and A. A. Tsiatis (Biometrics 43, 1987). Both by
// TestMarksMislead: the bound for the error, the shape for early verdicts of large
// effects at little loss in small ones.
const (
	effectBound = 3.05 // 0.5 % of 100,000 Wiener processes that are looked at each minute
	effectShape = 0.25
)

// boundAt is by how many standard errors a difference must be from 0 once so much is
// known. An interval of that width holds the truth at all looks together, and
// has 0 in it as long as there is no verdict (a repeated confidence interval; C. Jennison and
// B. W. Turnbull, JRSS B 51, 1989).
func boundAt(part float64) float64 { return effectBound / math.Pow(part, effectShape) }

// judge returns the verdict for a difference in standard errors.
func judge(z, part float64) EffectVerdict {
	bound := boundAt(part)
	switch {
	case z <= -bound:
		return Helped
	case z >= bound:
		return WorseSince
	}
	return EffectEarly
}

// information returns what part of what will be known at the end of the units
// after an action is known after some of them.
func information(before, after float64, units int) float64 {
	if before == 0 || after == 0 {
		return 1e-6
	}
	end := after * max(1, float64(unitsAfter-effectSettle)/float64(units))
	return (1/before + 1/end) / (1/before + 1/after)
}

// variance is that of a share of independent tries; never 0, since no failure in
// few tries proves little.
func variance(s Share) float64 {
	n := float64(s.Tries)
	if n == 0 {
		return 1
	}
	p := (float64(s.Failures) + 0.5) / (n + 1)
	return p * (1 - p) / n
}

// residual is what a unit has more than its span's mean, and how much of that
// chance explains: its variance.
type residual struct{ more, chance float64 }

// failureResiduals are those of some products together, each against its own share.
func failureResiduals(lists [][]Minute) []residual {
	at := map[int64]*residual{}
	for _, list := range lists {
		s := total(list)
		p := s.Value()
		q := (float64(s.Failures) + 0.5) / (float64(s.Tries) + 1)
		for _, m := range list {
			n := float64(m.Tries)
			r := at[m.At.Unix()]
			if r == nil {
				r = &residual{}
				at[m.At.Unix()] = r
			}
			r.more, r.chance = r.more+float64(m.Failures)-p*n, r.chance+n*q*(1-q)
		}
	}
	out := make([]residual, 0, len(at))
	for _, when := range slices.Sorted(maps.Keys(at)) {
		out = append(out, *at[when])
	}
	return out
}

// failureSpread is by how many times the shares of the units differ more from
// each other than independent tries do, before and after taken together. Of
// few failures it is not known well, and taken as larger.
func failureSpread(before, after [][]Minute) float64 {
	few := 0
	for _, list := range slices.Concat(before, after) {
		few += total(list).Failures
	}
	return spread(failureResiduals(before), failureResiduals(after)) * (1 + fewFailures/(float64(few)+1))
}

// fewFailures is by how much they count as larger for one failure: with
// it of 6 tries a minute of which 2 % fail in pairs 2 in 100 actions mislead,
// without it 7 (TestMarksMislead).
const fewFailures = 4

// blockLengths are how many units are taken together, to see what lasts longer
// than one.
var blockLengths = [...]int{1, 5, 10}

// blocksBeyond is by how many standard errors the spread of blocks of units, of which there
// are few, must be beyond chance to count.
const blocksBeyond = 2.3

// spreadLoss is by how much an estimate of the spread counts as larger, over its degrees of
// freedom: what makes Student's t as rare beyond the bound as the normal distribution
// (R. A. Fisher, Metron 5, 1925: the first term).
const spreadLoss = (effectBound*effectBound + 1) / 2

// spread is the design effect of units (L. Kish, Survey Sampling, 1965):
// failures come in bursts, so that a count says less than as many independent
// ones. What lasts for minutes, as when a fault comes and goes, shows only in
// blocks of units; they count when they are beyond chance.
func spread(spans ...[]residual) float64 {
	most := 1.0
	for _, length := range blockLengths {
		sum, free := 0.0, 0.0
		for _, list := range spans {
			s, f := blockSpread(list, length)
			sum, free = sum+s, free+f
		}
		if free < 4 {
			break
		}
		if d := sum / free; length == 1 || d > 1+blocksBeyond*math.Sqrt(2/free) {
			most = max(most, d*(1+spreadLoss/free))
		}
	}
	return most
}

// blockSpread returns chi-square of the blocks of a span and its degrees of
// freedom.
func blockSpread(list []residual, length int) (sum, free float64) {
	for i := 0; i+length <= len(list); i += length {
		var b residual
		for _, r := range list[i : i+length] {
			b.more, b.chance = b.more+r.more, b.chance+r.chance
		}
		if b.chance > 0 {
			sum, free = sum+b.more*b.more/b.chance, free+1
		}
	}
	return sum, max(free-1, 0)
}

// sinceItChanged leaves out of the units before an action those that were
// otherwise than its last ones: a trouble that grew shortly before an action
// would make it look as if the action had done harm.
// With what is left it begins again, as of a share that grows all the time. What it was
// like right before that is returned as well.
func sinceItChanged(before [][]Minute) (since, former [][]Minute) {
	for {
		times := instants(before)
		at, most := time.Time{}, changedZ
		all, earlier, next := totals(before), make([]Share, len(before)), make([]int, len(before))
		for i := range max(len(times)-effectRecent+1, 0) {
			for k, list := range before {
				for ; next[k] < len(list) && list[next[k]].At.Before(times[i]); next[k]++ {
					earlier[k].Failures, earlier[k].Tries = earlier[k].Failures+list[next[k]].Failures, earlier[k].Tries+list[next[k]].Tries
				}
			}
			if i < effectLeastUnits {
				continue
			}
			z := math.Abs(scoreOdds(all, earlier))
			if z > most { // the spread, which takes longer, is at least 1
				z /= math.Sqrt(failureSpread(cut(before, times[i])))
			}
			if z > most {
				at, most = times[i], z
			}
		}
		if at.IsZero() {
			if former != nil {
				former, _ = sinceItChanged(former)
			}
			return before, former
		}
		former, before = cut(before, at)
	}
}

// instants are when the units of some products begin, each once.
func instants(lists [][]Minute) (out []time.Time) {
	for _, m := range Pool(lists...) {
		out = append(out, m.At)
	}
	return out
}

// cut returns what some products gave before an instant, and since.
func cut(lists [][]Minute, at time.Time) (before, since [][]Minute) {
	for _, list := range lists {
		n, _ := slices.BinarySearchFunc(list, at, func(m Minute, at time.Time) int { return m.At.Compare(at) })
		before, since = append(before, list[:n]), append(since, list[n:])
	}
	return before, since
}

// totals is total of each.
func totals(lists [][]Minute) []Share {
	out := make([]Share, len(lists))
	for i, list := range lists {
		out[i] = total(list)
	}
	return out
}

// sum is the total of all.
func sum(lists [][]Minute) (s Share) {
	for _, one := range totals(lists) {
		s.Failures, s.Tries = s.Failures+one.Failures, s.Tries+one.Tries
	}
	return s
}

// changedZ is by how many standard errors they must differ, over 50 instants that
// are looked at. At 3.1 the units before a tenth of all actions were cut where
// nothing had changed, and the few that were left misled (TestMarksMislead).
const changedZ = 3.8

// accounts are how well what was before an action and since is explained by shares that take their course in some way: by the scores of
// these, the squares of standard errors, in bursts so many times as large.
type accounts struct {
	here      float64 // it changes at the action
	elsewhere float64 // it changes at the likeliest other instant
	far       float64 // at one that is more than clearUnits from the action
	evenly    float64 // it moves evenly from the likeliest instant on
	spread    float64
}

func accountsOf(before, after [][]Minute, a Action) (c accounts) {
	all := make([][]Minute, len(before))
	for i := range all {
		all[i] = slices.Concat(before[i], after[i])
	}
	begins := append(instants(before), instants(after)...)
	atOnce, evenly := coursesFrom(all, begins, a.At)
	here, _ := coursesFrom(all, []time.Time{a.At}, a.At)
	when := a.At
	c.here, c.elsewhere, c.evenly = here[0], here[0], slices.Max(evenly)
	for k, s := range atOnce {
		if s > c.elsewhere {
			c.elsewhere, when = s, begins[k]
		}
		if begins[k].Sub(a.At).Abs() > clearUnits*a.Unit {
			c.far = max(c.far, s)
		}
	}
	c.spread = failureSpread(cut(all, when))
	return c
}

// byItself reports whether a share that moves evenly from some instant on, or one that changes at another instant, explains more than one
// that changes at the action. What goes up or down by itself is nobody's doing, and who acts often does so because it just did.
func (c accounts) byItself() bool {
	return c.evenly > c.here+evenMore*c.spread || c.elsewhere > c.here+elsewhereMore*c.spread
}

// clear reports whether nothing but a change at the action explains as much.
func (c accounts) clear() bool { return c.evenly <= c.here && c.far <= c.here-clearMore*c.spread }

// By how much another course must explain more, in bursts so many times that. The less, the fewer of the actions that change something are
// told: 97.7 % without this, 96.4 with it, 95.2 at 6 and 1.5; of those that do nothing while it changes by itself 20, 7 and 6 % mislead (TestMarksMislead).
const (
	elsewhereMore = 9
	evenMore      = 2
)

// An action is clearly the cause where nothing else explains it as well: of changes at instants that are more than so many units from it each
// explains it less by so much. What is not clear is looked at for so many units more. Of actions that do nothing while it changes by itself 8.6 % are told to have helped without this,
// 0.7 with it, 1.1 at 0 and 0.3 at 2; of those that help 21 % are told by "better since" alone, 17 at 0 and 25 at 2.
const (
	clearUnits  = 3
	clearMore   = 1
	clearWithin = 3
)

// coursesFrom are the scores of shares that change at an instant, and of those that move evenly from it on, each product's
// from its own: for each of some instants in order. A score is the square of the sum over the units of x times what failed more than the
// product's share of all, over that sum's variance by chance; x is 1 from the instant on, or the minutes since. All of them take one
// way through the units, from the last to the first.
func coursesFrom(all [][]Minute, begins []time.Time, at time.Time) (atOnce, evenly []float64) {
	type course struct{ more, chance float64 }
	steps, moves := make([]course, len(begins)), make([]course, len(begins))
	for _, list := range all {
		both := total(list)
		if both.Tries == 0 {
			continue
		}
		p, n := both.Value(), float64(both.Tries)
		var more, moreT, tries, triesT, triesTT float64 // sums from the instant on, with T the minutes since the action
		left := len(list)
		for k := len(begins) - 1; k >= 0; k-- {
			for ; left > 0 && !list[left-1].At.Before(begins[k]); left-- {
				m := list[left-1]
				t, of := m.At.Sub(at).Minutes(), float64(m.Tries)
				excess := float64(m.Failures) - p*of
				more, moreT = more+excess, moreT+t*excess
				tries, triesT, triesTT = tries+of, triesT+t*of, triesTT+t*t*of
			}
			b := begins[k].Sub(at).Minutes()
			sum := triesT - b*tries
			steps[k].more += more
			steps[k].chance += p * (1 - p) * (tries - tries*tries/n)
			moves[k].more += moreT - b*more
			moves[k].chance += p * (1 - p) * (triesTT - 2*b*triesT + b*b*tries - sum*sum/n)
		}
	}
	scores := func(list []course) []float64 {
		out := make([]float64, len(list))
		for k, c := range list {
			if c.chance > 1e-9*(1+c.more*c.more) { // else x is the same for all, but for rounding
				out[k] = c.more * c.more / c.chance
			}
		}
		return out
	}
	return scores(steps), scores(moves)
}
