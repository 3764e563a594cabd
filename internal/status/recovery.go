package status

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// proofWaitFailing is how long an incident that statusbot opened stays open
// for the proof of its recovery where more fails than that would allow, and too
// little to be trouble; elsewhere it is impact.ProofWait.
const proofWaitFailing = 24 * time.Hour

// Recovery returns the next event in the recovery of an open incident; false
// when there is none to write down. One may follow another: it is asked again
// after each.
func Recovery(s Snapshot, inc incident.Incident) (incident.Event, bool) {
	if !inc.Open() || inc.LastUpdate.N == 0 {
		return incident.Event{}, false
	}
	e := incident.Event{Incident: inc.ID, At: s.At}
	if hurt := s.hurt(); len(hurt) > 0 {
		e.Kind = incident.Relapsed
		for _, p := range hurt {
			e.Products = append(e.Products, p.ID)
		}
		e.Why = hurt[0].Name + ": " + hurt[0].Why
		return e, inc.Calm()
	}
	if !s.AllWell() || s.held(inc) {
		return e, false // one that was hurt is not seen, or may be hurt again
	}
	unproven, proven := s.Unproven(inc), s.proven(inc)
	switch {
	case len(unproven) > 0 && !inc.Calm():
		e.Kind, e.Products = incident.Proving, unproven
	case len(unproven) == 0 && inc.Proving() && len(proven) > 0:
		e.Kind, e.Products = incident.Proven, proven
	case len(unproven) == 0 && inc.Detected():
		e.Kind, e.Why = incident.Resolved, "every product is as usual again"
	case inc.Calm() && inc.Detected() && !s.At.Before(s.ProofEnds(inc)):
		e.Kind, e.Products, e.Why = incident.Resolved, unproven, "no product fails at the incident's rate any more; that all are as usual is not proven"
	default:
		return e, false
	}
	return e, true
}

// ProofEnds returns until when the proof of a recovery is waited for, as it
// looks now.
func (s Snapshot) ProofEnds(inc incident.Incident) time.Time {
	for _, p := range s.Products {
		if p.Awaited() && float64(p.Proof.Bad) > p.Proof.Limit*float64(p.Proof.N) {
			return inc.ProvingAt.Add(proofWaitFailing)
		}
	}
	return inc.ProvingAt.Add(impact.ProofWait)
}

// held reports whether one that was hurt in an incident may be hurt again: a trouble of it
// began that is not told yet, and with it the proof of its recovery is gone.
func (s Snapshot) held(inc incident.Incident) bool {
	return slices.ContainsFunc(s.Products, func(p ProductStatus) bool {
		_, told := inc.Levels[p.ID]
		return told && p.Held
	})
}

// proven returns those whose proof was missing at the first step, and is there.
// Maintenance may have come between.
func (s Snapshot) proven(inc incident.Incident) []string {
	var out []string
	for _, p := range s.Products {
		if slices.Contains(inc.Unproven, p.ID) && p.Level == impact.OK && p.Proof != nil && !p.Awaited() {
			out = append(out, p.ID)
		}
	}
	return out
}

// hurt returns the products that are, as declared.
func (s Snapshot) hurt() []ProductStatus {
	var out []ProductStatus
	for _, p := range s.Products {
		if p.Level.Hurt() {
			out = append(out, p)
		}
	}
	return out
}
