package status

import "time"

// turned notes that a product's level changed at that instant.
func (b *Board) turned(product string, _ time.Time) {
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
