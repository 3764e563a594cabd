package status

import "github.com/statusbot/statusbot/internal/checks"

// Newest is a check with its newest result.
type Newest struct {
	Check  *checks.Check // of the definition: not to be changed
	Result checks.Result // its Check is empty when there is none
}

// Newest returns the newest result of each check of a product, in the order of the
// configuration.
func (b *Board) Newest() []Newest {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Newest, 0, len(b.def.Checks))
	for i := range b.def.Checks {
		c := b.records.of[b.def.Checks[i].ID]
		out = append(out, Newest{Check: c.def, Result: c.newest.of(c.def)})
	}
	return out
}
