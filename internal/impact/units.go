package impact

import "time"

// unitsKept is how many units of a short window are kept: those before and
// after an action, and some more.
const unitsKept = 128

// units are the last results of a product in units shorter than a minute, in
// 1.5 KiB. They are not stored, but made anew after a start of the results that
// fill the windows. Results in doubt for their slowness count as they came.
type units struct {
	length int64 // of one, in nanoseconds
	newest int64 // number of the newest one since 1970
	cells  [unitsKept]minuteCell
}

// newUnits returns nil where a unit is a minute: minutes has those.
func newUnits(window time.Duration) *units {
	if u := EffectUnit(window); u < time.Minute {
		return &units{length: int64(u)}
	}
	return nil
}

func (u *units) add(s seen) {
	if u == nil {
		return
	}
	n := s.at / u.length
	switch {
	case n <= u.newest-unitsKept:
		return
	case n > u.newest:
		for k := max(u.newest+1, n-unitsKept+1); k <= n; k++ {
			u.cells[k%unitsKept] = minuteCell{}
		}
		u.newest = n
	}
	u.cells[n%unitsKept].count(s)
}

// list is minutes.list for units.
func (u *units) list(from, to time.Time) []Minute {
	var out []Minute
	first := max(u.newest-unitsKept+1, (from.UnixNano()+u.length-1)/u.length)
	for k := first; k <= u.newest && k*u.length < to.UnixNano(); k++ {
		if c := u.cells[k%unitsKept]; c.tries > 0 {
			out = append(out, c.told(time.Unix(0, k*u.length).UTC()))
		}
	}
	return out
}

// Units returns the product's results as EffectOf takes them, that begin at or
// after from and before to, oldest first, by EffectUnit of the window.
func (t *Tracker) Units(from, to time.Time) []Minute {
	if t.units == nil {
		return t.minutes.list(from, to)
	}
	return t.units.list(from, to)
}
