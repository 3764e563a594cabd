package impact

import (
	"math"
	"slices"
	"time"
)

// Effect says whether an action changed the failure share or the latency: a
// comparison of the minutes before and after it.
type Effect struct {
	Verdict EffectVerdict
	Before  Share   // failures before
	After   Share   // failures after
	Diff    float64 // After.Share - Before.Share
	Margin  float64 // half of the 95 % interval of Diff
	Final   bool    // it is not looked at again: the data allow a verdict, or the time is over

	LatencyVerdict EffectVerdict
	LatencyRatio   float64 // typical latency after / before; 0 when not known
	LatencyMargin  float64 // half of the 95 % interval of its logarithm
}

// Share is a failure share with its counts.
type Share struct {
	Failures, Tries int
}

// Value returns the share, 0 without tries.
func (s Share) Value() float64 {
	if s.Tries == 0 {
		return 0
	}
	return float64(s.Failures) / float64(s.Tries)
}

// EffectVerdict is one of three, or empty while nothing can be said.
type EffectVerdict string

const (
	Helped      EffectVerdict = "helped"
	MadeWorse   EffectVerdict = "made it worse"
	NoEffect    EffectVerdict = "no discernible effect"
	EffectEarly EffectVerdict = "" // too early to tell
)

// An action is judged in units, minutes as a rule: by that many before and after
// it. A verdict is given as soon as the data allow and at most after
// EffectAfter.
const (
	EffectBefore = 30 * time.Minute
	EffectAfter  = 30 * time.Minute

	effectUnits  = 30
	effectRecent = 5 // units before it, when those earlier were otherwise
	effectSettle = 1 // unit: what was under way at the action is nobody's
)

// EffectUnit is the unit for a window: a tenth of it, so a minute of the usual
// ten. What is watched in a short window, where a minute is long, is judged as
// much sooner.
func EffectUnit(window time.Duration) time.Duration {
	if window <= 0 {
		window = DefaultWindow
	}
	return min(max((window/10).Truncate(time.Second), time.Second), time.Minute)
}

// An early verdict needs more than the final one, since one looks many times:
// the differences' z-values, one-sided 99.9 % and two-sided 95 %.
const (
	effectEarlyZ     = 3.1
	effectFinalZ     = 1.96
	effectLeastUnits = 3
)

// EffectOf compares units before an action at that instant with those after it,
// as of now. They may be of one product or of several together. Until is the
// next action, when another one follows within the time: what comes after it is
// not counted; zero when none does.
func EffectOf(units []Minute, unit time.Duration, at, until, now time.Time) Effect {
	end := at.Add(effectUnits * unit)
	if !until.IsZero() && until.Before(end) {
		end = until
	}
	var before, after []Minute
	for _, m := range units {
		switch {
		case !m.At.Before(at.Add(-effectUnits*unit)) && !m.At.Add(unit).After(at):
			before = append(before, m)
		case !m.At.Before(at.Add(effectSettle*unit)) && m.At.Before(end) && m.At.Before(now):
			after = append(after, m)
		}
	}
	before = sinceItChanged(before)
	e := Effect{Before: total(before), After: total(after), Final: !now.Before(end)}
	e.Diff = e.After.Value() - e.Before.Value()
	se := math.Hypot(shareError(before), shareError(after))
	e.Margin = effectFinalZ * se
	e.Verdict = judge(e.Diff, se, len(before), len(after), e.Final)
	e.latency(before, after)
	if e.Verdict == Helped || e.Verdict == MadeWorse {
		e.Final = true
	}
	return e
}

// sinceItChanged leaves out of the units before an action those that were
// otherwise than its last ones: a trouble that grew shortly before an action
// would make it look as if the action had done harm.
func sinceItChanged(before []Minute) []Minute {
	n := len(before) - effectRecent
	if n < effectLeastUnits {
		return before
	}
	recent, earlier := before[n:], before[:n]
	if se := math.Hypot(shareError(recent), shareError(earlier)); math.Abs(total(recent).Value()-total(earlier).Value()) > effectEarlyZ*se {
		return recent
	}
	return before
}

func judge(diff, se float64, before, after int, final bool) EffectVerdict {
	if before < effectLeastUnits || after < effectLeastUnits {
		if final {
			return NoEffect
		}
		return EffectEarly
	}
	z := effectEarlyZ
	if final {
		z = effectFinalZ
	}
	switch {
	case diff < -z*se:
		return Helped
	case diff > z*se:
		return MadeWorse
	case final:
		return NoEffect
	default:
		return EffectEarly
	}
}

func total(list []Minute) Share {
	var s Share
	for _, m := range list {
		s.Failures += m.Failures
		s.Tries += m.Tries
	}
	return s
}

// shareError is the standard error of a share over minutes. Failures come in
// bursts, so that the spread between minutes is larger than that of
// independent tries; it is the larger one of both (a design effect; L. Kish,
// Survey Sampling, 1965).
func shareError(list []Minute) float64 {
	s := total(list)
	if s.Tries == 0 {
		return 1
	}
	n := float64(s.Tries)
	p := (float64(s.Failures) + 0.5) / (n + 1) // never 0: no failure in few tries proves little
	own := p * (1 - p) / n
	spread := 0.0
	if k := float64(len(list)); k >= 5 {
		for _, m := range list {
			d := float64(m.Failures) - p*float64(m.Tries)
			spread += d * d
		}
		spread *= k / (k - 1) / (n * n)
	}
	return math.Sqrt(max(own, spread))
}

// latency compares the typical latencies: the means of the logarithms.
func (e *Effect) latency(before, after []Minute) {
	m0, s0, ok0 := lnMean(before)
	m1, s1, ok1 := lnMean(after)
	if !ok0 || !ok1 {
		return
	}
	diff, se := m1-m0, math.Hypot(s0, s1)
	e.LatencyRatio, e.LatencyMargin = math.Exp(diff), effectFinalZ*se
	e.LatencyVerdict = judge(diff, max(se, 0.03), len(before), len(after), e.Final)
}

func lnMean(list []Minute) (mean, se float64, ok bool) {
	var sum, n float64
	for _, m := range list {
		sum += m.LnSum
		n += float64(m.Served)
	}
	if len(list) < effectLeastUnits || n < 10 {
		return 0, 0, false
	}
	mean = sum / n
	var spread float64
	for _, m := range list {
		if m.Served > 0 {
			d := m.LnSum - mean*float64(m.Served)
			spread += d * d
		}
	}
	k := float64(len(list))
	return mean, math.Sqrt(spread*k/(k-1)) / n, true
}

// Together adds up the minutes of several products.
func Together(lists ...[]Minute) []Minute {
	at := map[int64]*Minute{}
	var order []int64
	for _, list := range lists {
		for _, m := range list {
			k := m.At.Unix()
			if at[k] == nil {
				at[k] = &Minute{At: m.At}
				order = append(order, k)
			}
			x := at[k]
			x.Tries += m.Tries
			x.Failures += m.Failures
			x.Slow += m.Slow
			x.Served += m.Served
			x.LnSum += m.LnSum
		}
	}
	slices.Sort(order)
	out := make([]Minute, 0, len(order))
	for _, k := range order {
		out = append(out, *at[k])
	}
	return out
}
