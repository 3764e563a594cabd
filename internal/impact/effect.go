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

// EffectVerdict is one of four, or empty while nothing can be said. Those with "since" say the order of
// time, and not who did it.
type EffectVerdict string

const (
	Helped      EffectVerdict = "helped"
	BetterSince EffectVerdict = "better since"
	WorseSince  EffectVerdict = "worse since"
	NoEffect    EffectVerdict = "no discernible effect"
	EffectEarly EffectVerdict = "" // too early to tell
)

// An action is judged in units, minutes as a rule: by that many before and after
// it. A verdict is given as soon as the data allow and at most after
// EffectWithin.
const (
	EffectBefore = time.Hour

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

// EffectWithin is how long after an action its effect is known at the latest, in what
// is watched in a window.
func EffectWithin(window time.Duration) time.Duration { return unitsAfter * EffectUnit(window) }

// effectLeastUnits is how many units before and after an action there must be.
const effectLeastUnits = 3

// Action is what was done, and what was done before and after it.
type Action struct {
	At     time.Time
	Former time.Time // the action before it: what that changed is not this one's doing; zero without one
	Next   time.Time // the next one: what comes after it is not counted; zero without one
	Unit   time.Duration
}

// End is when no more is compared, and the effect known at the latest.
func (a Action) End() time.Time {
	end := a.At.Add(unitsAfter * a.Unit)
	if !a.Next.IsZero() && a.Next.Before(end) {
		end = a.Next
	}
	return end
}

// EffectOf compares units before an action with those after it that are over as of now: of
// one product or of several together, each list from the beginning of its trouble on. What is better since then is told as such
// if it was some units ago as well, and did not become clear meanwhile.
func EffectOf(products [][]Minute, a Action, now time.Time) Effect {
	e := a.lookedAt(products, now)
	if e.Verdict == BetterSince && !e.Final {
		if e.Final = a.lookedAt(products, now.Add(-clearWithin*a.Unit)).Verdict == BetterSince; !e.Final {
			e.Verdict = EffectEarly
		}
	}
	return e
}

// lookedAt is EffectOf by what is known as of now alone.
func (a Action) lookedAt(products [][]Minute, now time.Time) Effect {
	end := a.End()
	before, after := around(products, a, end, now)
	trouble := Pool(before...)
	if !a.Former.IsZero() {
		_, before = cut(before, a.Former.Truncate(a.Unit))
	}
	whole := before
	before, former := sinceItChanged(before)
	e := Effect{Before: sum(before), After: sum(after), Final: !now.Before(end)}
	spread := failureSpread(before, after)
	e.Diff = e.After.Value() - e.Before.Value()
	units := len(instants(after))
	part := information(float64(e.Before.Tries), float64(e.After.Tries), units)
	e.Margin = boundAt(part) * math.Sqrt(spread*(variance(e.Before)+variance(e.After)))
	e.Verdict = EffectEarly
	if len(instants(before)) >= effectLeastUnits && units >= effectLeastUnits && units*len(trouble) >= youngUnits {
		z := failureOdds(totals(before), totals(after))
		e.Verdict = judge(z/math.Sqrt(spread), part)
		if e.Verdict != EffectEarly {
			switch {
			case z > 0 != (e.Diff > 0), turns(former, before, after), z < 0 && rested(trouble, units), accountsOf(whole, after, a).byItself():
				e.Verdict = EffectEarly
			case e.Verdict == Helped && !accountsOf(before, after, a).clear():
				e.Verdict = BetterSince
			}
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

// around returns the units of each product before an action and after it, as far as they
// are compared.
func around(products [][]Minute, a Action, end, now time.Time) (before, after [][]Minute) {
	for _, list := range products {
		var b, f []Minute
		for _, m := range list {
			switch {
			case !m.At.Before(a.At.Add(-unitsBefore*a.Unit)) && !m.At.Add(a.Unit).After(a.At):
				b = append(b, m)
			case !m.At.Before(a.At.Add(effectSettle*a.Unit)) && m.At.Before(end) && !m.At.Add(a.Unit).After(now):
				f = append(f, m)
			}
		}
		before, after = append(before, b), append(after, f)
	}
	return before, after
}

func total(list []Minute) Share {
	var s Share
	for _, m := range list {
		s.Failures += m.Failures
		s.Tries += m.Tries
	}
	return s
}
