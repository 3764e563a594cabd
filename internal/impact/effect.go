package impact

import (
	"math"
	"time"
)

// Effect says whether an action changed the failure share: a comparison of the
// minutes before and after it.
type Effect struct {
	Verdict EffectVerdict
	Before  Share   // failures before
	After   Share   // failures after
	Diff    float64 // After.Share - Before.Share
	Margin  float64 // half of the interval of Diff that the verdict goes by
	Final   bool    // it is not looked at again: the data allow a verdict, or the time is over
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
	WorseSince  EffectVerdict = "worse since"
	NoEffect    EffectVerdict = "no discernible effect"
	EffectEarly EffectVerdict = "" // too early to tell
)

// An action is judged in units, minutes as a rule: by that many before and after
// it. A verdict is given as soon as the data allow and at most after
// EffectAfter.
const (
	EffectBefore = time.Hour
	EffectAfter  = 30 * time.Minute

	unitsBefore  = 60
	unitsAfter   = 30
	effectRecent = 5 // units before it at least, when those earlier were otherwise
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

// effectLeastUnits is how many units before and after an action there must be.
const effectLeastUnits = 3

// EffectOf compares units before an action at that instant with those after it,
// as of now. They may be of one product or of several together. Until is the
// next action, when another one follows within the time: what comes after it is
// not counted; zero when none does.
func EffectOf(units []Minute, unit time.Duration, at, until, now time.Time) Effect {
	end := at.Add(unitsAfter * unit)
	if !until.IsZero() && until.Before(end) {
		end = until
	}
	var before, after []Minute
	for _, m := range units {
		switch {
		case !m.At.Before(at.Add(-unitsBefore*unit)) && !m.At.Add(unit).After(at):
			before = append(before, m)
		case !m.At.Before(at.Add(effectSettle*unit)) && m.At.Before(end) && m.At.Before(now):
			after = append(after, m)
		}
	}
	before = sinceItChanged(before)
	e := Effect{Before: total(before), After: total(after), Final: !now.Before(end)}
	spread := failureSpread(before, after)
	e.Diff = e.After.Value() - e.Before.Value()
	part := information(float64(e.Before.Tries), float64(e.After.Tries), len(after))
	e.Margin = boundAt(part) * math.Sqrt(spread*(variance(e.Before)+variance(e.After)))
	e.Verdict = EffectEarly
	if len(before) >= effectLeastUnits && len(after) >= effectLeastUnits {
		e.Verdict = judge(failureOdds(e.Before, e.After)/math.Sqrt(spread), part)
		if e.Verdict != EffectEarly && drifts(before, after, at) {
			e.Verdict = EffectEarly
		}
	}
	if e.Verdict == Helped || e.Verdict == WorseSince {
		e.Final = true
	}
	if e.Final && e.Verdict == EffectEarly {
		e.Verdict = NoEffect
		e.Margin = max(e.Margin, math.Abs(e.Diff)) // 0 is within: what moves by itself, too, hides an effect
	}
	return e
}

func total(list []Minute) Share {
	var s Share
	for _, m := range list {
		s.Failures += m.Failures
		s.Tries += m.Tries
	}
	return s
}
