package status

import (
	"cmp"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// productStatus is the product of that number at an instant, in the light of
// what is muted.
func (b *Board) productStatus(number int, now time.Time) ProductStatus {
	s := b.product(number, now)
	for _, m := range b.book.Desk().Mutes {
		switch {
		case m.Product != s.ID:
		case m.On(now):
			s.Muted = append(s.Muted, m)
		case m.Check == "" && s.Level.Hurt() && !now.Before(m.Until) && s.Changed.Before(m.Until):
			s.Changed = m.Until // what began under maintenance counts from its end
		}
	}
	slices.SortStableFunc(s.Muted, func(x, y incident.Muting) int { return cmp.Compare(x.Check, y.Check) })
	if s.inMaintenance() {
		s.Level, s.Why, s.Changed = impact.Maintenance, s.Muted[0].Why, s.Muted[0].From
	}
	return s
}

// inMaintenance reports whether what is muted is the whole product, or all
// that is known to be wrong with it.
func (s ProductStatus) inMaintenance() bool {
	if len(s.Muted) == 0 {
		return false
	}
	return s.Muted[0].Check == "" || len(s.Muted) == s.Checks ||
		slices.ContainsFunc(s.Muted, func(m incident.Muting) bool { return s.Level.Hurt() && s.Scope == "check:"+m.Check })
}

// muted is a result as it is judged: that of a check in maintenance tells
// nothing.
func (b *Board) muted(r *checks.Result) *checks.Result {
	for _, m := range b.book.Desk().Mutes {
		if m.Check == r.Check && b.covers(m, r.Ended()) {
			untold := *r
			untold.Outcome = checks.Unknown
			return &untold
		}
	}
	return r
}

// covers reports whether a result that ended then was in the maintenance: by the
// clock, and where that was set back since, by the order.
func (b *Board) covers(m incident.Muting, ended time.Time) bool {
	if m.Covers(ended) {
		return true
	}
	w := b.repeats[m.Product]
	over := m.Ended && m.Until.After(m.From) && !m.Until.After(w.from) // before it was set back
	return m.Begun && !over && ended.Before(m.Until) && w.again(ended, m.From)
}
