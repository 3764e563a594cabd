package publish

import (
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// flaps writes down that a product has begun to flap, or no longer does: its
// further turns are edits, until it is steady or stays bad.
func (s *step) flaps(snap status.Snapshot, inc incident.Incident) incident.Incident {
	if inc.LastUpdate.N == 0 {
		return inc
	}
	for _, p := range snap.Products {
		f, ok := inc.FlapOf(p.ID)
		_, flaps := inc.Flaps[p.ID]
		e := incident.Event{Incident: inc.ID, At: snap.At, Product: p.ID, Why: format.FlapTold(f)}
		switch ended := ok && f.Ended(snap.At); {
		case ok && !flaps && f.Now() && !ended:
			e.Kind, e.Onset = incident.Flapping, f.Spells[0].From
		case flaps && ended:
			e.Kind = incident.Steady
		default:
			continue
		}
		s.decide(Decision{Why: e.Why, Event: e})
	}
	return s.incident(inc.ID)
}

// swings reports whether a step of the recovery is only of products that flap.
func swings(inc incident.Incident, e incident.Event) bool {
	switch e.Kind {
	case incident.Proving, incident.Relapsed, incident.Proven:
		return inc.OnlyFlaps(e.Products)
	}
	return false
}

// flapping are the products of an incident that flap, as they stand now.
func flapping(snap status.Snapshot, inc incident.Incident) (list []format.Flapping) {
	for _, p := range snap.Products {
		if _, ok := inc.Flaps[p.ID]; !ok {
			continue
		}
		if f, ok := inc.FlapOf(p.ID); ok {
			list = append(list, format.Flapping{Product: p, Flap: f})
		}
	}
	return list
}
