package status

import (
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// turned notes that a product's level changed at that instant. What hurts one
// may hurt others: they are looked at from its onset on.
func (b *Board) turned(product string, at time.Time) {
	b.note(product)
	b.rank(at)
	tr := b.trackers[product].Trouble()
	if !tr.On {
		b.company.Reset()
		return
	}
	if tr.Slow {
		return
	}
	more := false
	for _, p := range b.def.Products {
		if t := b.trackers[p.ID]; p.ID != product && t.Suspect(tr.Onset, false) {
			b.note(p.ID)
			more = true
		}
	}
	if more {
		b.rank(at)
	}
	b.doubts(at)
}

func (b *Board) note(product string) {
	if b.turns == nil {
		b.turns = map[string]bool{}
	}
	b.turns[product] = true
}

// Turned returns the products whose level changed since it was last asked, in
// the order of the configuration.
func (b *Board) Turned() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.turns) == 0 {
		return nil
	}
	var out []string
	for _, p := range b.def.Products {
		if b.turns[p.ID] {
			out = append(out, p.ID)
		}
	}
	clear(b.turns)
	return out
}

// hinted looks at every product that uses a component from the instant on at
// which its trouble seems to have begun.
func (b *Board) hinted(component string, now time.Time) {
	list := make([]*impact.Tracker, len(b.def.Products))
	for i, p := range b.def.Products {
		list[i] = b.trackers[p.ID]
	}
	for i, onset := range impact.Onsets(list, component, now) {
		if onset.IsZero() || !list[i].Uses(component) {
			continue
		}
		if list[i].Suspect(onset, true) {
			b.turned(b.def.Products[i].ID, now)
		}
	}
	b.hint = component
	b.doubts(now)
}

// doubts asks of every product whether what the others show decides that it is
// hurt.
func (b *Board) doubts(now time.Time) {
	for _, p := range b.def.Products {
		if b.trackers[p.ID].Asks(true) {
			b.doubt(p.ID, now)
		}
	}
}

// askEvery is how much time passes, for each check, between two such questions:
// an answer takes a tenth of it.
const askEvery = 25 * time.Microsecond

// doubt decides by what the other products show whether this one is hurt, of
// which it has some evidence itself.
func (b *Board) doubt(product string, now time.Time) {
	if now.Sub(b.asked) < time.Duration(len(b.def.Checks))*askEvery {
		return
	}
	b.asked = now
	t := b.trackers[product]
	since, ok := t.Suspected()
	if !ok {
		return
	}
	hurt, causes := 0.0, map[string]float64(nil)
	if b.hurt {
		list := b.evidence[:0]
		for _, p := range b.def.Products {
			if p.ID != product {
				list = b.trackers[p.ID].AppendEvidence(list, since)
			}
		}
		others := len(list)
		list = t.AppendEvidence(list, since)
		b.evidence = list
		hurt, causes = cause.Reach(list[:others:others], list[others:], b.componentIDs(), b.metricScores(since, now))
	}
	if t.Uses(b.hint) {
		odds := b.company.Odds() / max(t.Own(), 1) // without what it shows itself
		if chance := impact.ReachUsed * odds / (1 + odds); chance > hurt {
			hurt, causes = chance, map[string]float64{b.hint: 1}
		}
	}
	if t.Believe(hurt, causes) {
		b.turned(product, now)
	}
}

func (d Definition) newCompany() *impact.Company {
	ids := make([]string, 0, len(d.Components))
	for _, c := range d.Components {
		ids = append(ids, c.ID)
	}
	return impact.NewCompany(ids)
}
