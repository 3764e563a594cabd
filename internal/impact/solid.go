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

func (t *trouble) solid() bool {
	return !t.Slow && t.HitAtBad >= solidLeast && float64(t.HitBad) >= AllFail*float64(t.HitAtBad)
}

// solidLimit is the share that the end of a solid trouble excludes: half of its
// own, which is not known to be more than its results say.
func (t *trouble) solidLimit() float64 {
	return (float64(t.HitBad) + 0.5) / (float64(t.HitAtBad) + 1) / 2
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
