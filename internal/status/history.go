package status

import (
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// History returns what the checks of a product gave in each whole minute that
// begins at or after from and before to, oldest first, without minutes of
// which nothing is known; at most the last 24 hours. Nil when there is no such
// product.
func (b *Board) History(product string, from, to time.Time) []impact.Minute {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.detection.of[product]
	if t == nil {
		return nil
	}
	return t.Minutes(from, to)
}
