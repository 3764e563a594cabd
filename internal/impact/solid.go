package impact

import (
	"math"
	"time"
)

// A solid trouble is one in which practically all failed, of four results or
// more. That it goes on is disproved by few passes: at half of its share, which
// is far above the 10 % that are excluded of what fails now and then.
const (
	solidLeast = 4
	// solidQuiet is how long nothing may have failed: longer than what flaps rests as
	// a rule, 2 to 12 min in the scenarios, before its longest rest is known.
	solidQuiet = 20 * time.Minute
)

// solidStray is how many bad results one run of them has that is still a usual one, after
// a solid trouble answers: it is no second trouble, and makes the first no less solid.
const solidStray = 2

// astray takes in a bad result of a check that takes part, before it is counted.
func (t *trouble) astray(prev bool) {
	switch {
	case t.Stray > 0 && prev:
		t.Stray++
	case t.Stray > 0:
		t.Stray = solidStray + 1
	case t.Clean >= answersLeast && t.solid():
		t.Solid, t.Stray = Counts{Tries: t.HitAtBad, Failures: t.HitBad}, 1
	}
}

// solidCounts returns what is counted of a solid trouble: without the one run of bad
// results that came after it.
func (t *trouble) solidCounts() (n, bad int) {
	if t.Stray > 0 && t.Stray <= solidStray {
		return t.Solid.Tries, t.Solid.Failures
	}
	return t.HitAtBad, t.HitBad
}

func (t *trouble) solid() bool {
	n, bad := t.solidCounts()
	return !t.Slow && n >= solidLeast && float64(bad) >= AllFail*float64(n)
}

// solidLimit is the share that the end of a solid trouble excludes: half of its
// own, which is not known to be more than its results say.
func (t *trouble) solidLimit() float64 {
	n, bad := t.solidCounts()
	return (float64(bad) + 0.5) / (float64(n) + 1) / 2
}

// solidMore returns how many further passes of the checks that take part it
// takes until a solid trouble is over: the statistic of recovery for its own
// limit, which after k passes is a geometric series. False when it is none.
func (m *model) solidMore(d *design, at int64) (passes float64, ok bool) {
	t := &m.Trouble
	if !t.solid() {
		return 0, false
	}
	each, _ := m.clean(d, failing, t.solidLimit(), func(s *streamModel) bool { return s.Hit })
	if each <= 0 {
		return 0, false
	}
	needed := m.needed(d)
	all := math.Ceil(math.Log1p(needed*-math.Expm1(-each)) / each)
	rest := max(float64(solidQuiet), quietFactor*float64(t.Gap)) - float64(at-t.LastBad)
	return max(all-float64(t.HitN-t.HitAtBad), rest/float64(24*time.Hour)*m.hitPerDay, 0), true
}

// solidOver reports whether a solid trouble is over.
func (m *model) solidOver(d *design, at int64) bool {
	if float64(at-m.Trouble.LastBad) < float64(solidQuiet) {
		return false
	}
	passes, ok := m.solidMore(d, at)
	return ok && passes <= 0
}
