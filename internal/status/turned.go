package status

import (
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// turned notes that a product's level changed at that instant. What hurts one
// may hurt others: they are looked at from its onset on.
func (b *Board) turned(product string, at time.Time) {
	b.rank(at)
	if tr := b.trackers[product].Trouble(); tr.On && !tr.Slow {
		chances := map[string]float64{}
		for _, s := range b.causes.Suspects {
			chances[s.ID] += s.Score
		}
		for _, p := range b.def.Products {
			if p.ID != product && b.trackers[p.ID].Suspect(tr.Onset, chances) {
				b.note(p.ID)
			}
		}
	}
	b.note(product)
	b.rank(at)
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
	b.company.Reset()
	for i, p := range b.def.Products {
		// When it began is asked of the others: an instant that a product's own
		// failures chose would make them evidence twice.
		var others []*impact.Tracker
		for k, o := range b.def.Products {
			if k != i {
				others = append(others, b.trackers[o.ID])
			}
		}
		onset := impact.Onset(others, component, now)
		if onset.IsZero() {
			continue
		}
		if b.trackers[p.ID].Suspect(onset, map[string]float64{component: 1}) {
			b.turned(p.ID, now)
		}
	}
}

func (d Definition) newCompany() *impact.Company {
	ids := make([]string, 0, len(d.Components))
	for _, c := range d.Components {
		ids = append(ids, c.ID)
	}
	return impact.NewCompany(ids)
}
