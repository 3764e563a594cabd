package status

import (
	"maps"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// leastBefore is how many of impact.EffectUnit before a mark are compared at
// least, even when some product was hurt for a shorter time.
const leastBefore = 5

// HurtNow returns the ids of the products that are hurt, and from when on
// minutes before an action of now are to be compared: those before the trouble
// would make it look as if the action had done harm.
func (s Snapshot) HurtNow() (products []string, since time.Time) { return s.HurtAt(s.At, nil) }

// HurtAt is HurtNow of an action of a former instant; levels are those that
// were written down until then, by product id.
func (s Snapshot) HurtAt(at time.Time, levels map[string]string) (products []string, since time.Time) {
	var first, last time.Time
	for _, p := range s.Products {
		if impact.Level(levels[p.ID]).Hurt() && (!p.Level.Hurt() || p.Onset.After(at)) {
			products = append(products, p.ID) // since when is no longer known
			continue
		}
		if !p.Level.Hurt() || p.Onset.After(at) {
			continue
		}
		products = append(products, p.ID)
		if first.IsZero() || p.Onset.Before(first) {
			first = p.Onset
		}
		if p.Onset.After(last) {
			last = p.Onset
		}
	}
	since = last
	if enough := at.Add(-leastBefore * impact.EffectUnit(s.Window)); since.After(enough) {
		since = enough
	}
	if since.Before(first) {
		since = first
	}
	return products, since
}

// Of returns the snapshot of some of its products; of all when none is named.
func (s Snapshot) Of(products []string) Snapshot {
	if len(products) == 0 {
		return s
	}
	all := s.Products
	s.Products = nil
	for _, p := range all {
		if slices.Contains(products, p.ID) {
			s.Products = append(s.Products, p)
		}
	}
	return s
}

// Effect is what became of a mark, as of now.
type Effect struct {
	Verdicts []incident.Verdict // of all products that were hurt together first, then of each
	Final    bool               // the verdict of all together is not looked at again
}

// Effect compares the minutes before and after a mark of an incident. It looks at it once in each
// impact.EffectUnit, when what came in the one before is known, and for that the board is held for a copy of
// the minutes alone; to who asks meanwhile it says that nothing is known yet.
func (b *Board) Effect(inc incident.Incident, mark incident.Marked, now time.Time) Effect {
	key := look{inc.ID, mark.Mark, mark.At.UnixNano()}
	action, of, lists := b.compared(key, inc.Marks, mark, now)
	if lists == nil {
		return Effect{}
	}
	all := impact.EffectOf(lists, action, now)
	if !all.Final {
		return Effect{}
	}
	b.mu.Lock()
	delete(b.looks, key) // who could not write it down asks again
	b.mu.Unlock()
	out := Effect{Verdicts: []incident.Verdict{verdict("", all)}, Final: true}
	for i, units := range lists {
		if len(lists) > 1 {
			out.Verdicts = append(out.Verdicts, verdict(of[i], impact.EffectOf([][]impact.Minute{units}, action, now)))
		}
	}
	return out
}

// look is one at a mark.
type look struct {
	incident string
	mark     int
	at       int64 // of the mark
}

// compared returns an action and the units of the products that it is compared by, with their ids; nil
// where it was looked at in this unit already.
func (b *Board) compared(key look, marks []incident.Marked, mark incident.Marked, now time.Time) (action impact.Action, of []string, lists [][]impact.Minute) {
	b.mu.Lock()
	defer b.mu.Unlock()
	action = impact.Action{At: mark.At, Unit: impact.EffectUnit(b.def.Window)}
	for _, m := range marks {
		switch {
		case !m.Stands(), !m.Bears(mark):
		case m.At.Before(mark.At) && m.At.After(mark.Onset) && m.At.After(action.Former) && mark.At.Sub(m.At) >= leastBefore*action.Unit:
			action.Former = m.At
		case m.At.After(mark.At) && (action.Next.IsZero() || m.At.Before(action.Next)):
			action.Next = m.At
		}
	}
	unit := now.UnixNano() / int64(action.Unit)
	if b.looks[key] == unit && now.Before(action.End()) {
		return action, nil, nil
	}
	maps.DeleteFunc(b.looks, func(_ look, at int64) bool { return at < unit-1 })
	b.looks[key] = unit
	lists = [][]impact.Minute{}
	for _, id := range mark.Products {
		t := b.detection.of[id]
		if t == nil {
			continue // no longer defined
		}
		since := mark.Onset
		if tr := t.Trouble(); tr.On && !tr.Onset.After(mark.At) {
			since = tr.Onset
		}
		of, lists = append(of, id), append(lists, t.Units(later(since.Truncate(action.Unit), mark.At.Add(-impact.EffectBefore)), now))
	}
	return action, of, lists
}

func verdict(product string, e impact.Effect) incident.Verdict {
	return incident.Verdict{Product: product, Verdict: string(e.Verdict), Margin: e.Margin,
		Before: incident.Counts{Failures: e.Before.Failures, Tries: e.Before.Tries},
		After:  incident.Counts{Failures: e.After.Failures, Tries: e.After.Tries}}
}

// Between returns what one product's checks saw from one instant to another,
// within the last 24 hours, by whole minutes.
func (b *Board) Between(product string, from, to time.Time) incident.Counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	var c incident.Counts
	if t := b.detection.of[product]; t != nil {
		for _, m := range t.Minutes(from, to) {
			c.Tries += m.Tries
			c.Failures += m.Failures
		}
	}
	return c
}
