package status

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// pools are sums over the minutes of several products, of one instant: each look
// of a minute asks for the same. Board.mu is held around it.
type pools struct {
	to time.Time
	of map[string][]impact.Minute // :: from and product ids -> their sum
}

// Pooled returns what the checks of some products gave together in each whole
// minute that begins at or after from and ends at or before to, as History
// does.
func (b *Board) Pooled(products []string, from, to time.Time) []impact.Minute {
	b.mu.Lock()
	defer b.mu.Unlock()
	to = to.Truncate(impact.EffectUnit(b.def.Window)) // minutes, but in a short window
	if !b.pools.to.Equal(to) {
		b.pools = pools{to: to, of: map[string][]impact.Minute{}}
	}
	key := from.Format(time.RFC3339Nano) + " " + strings.Join(products, " ")
	if sum, ok := b.pools.of[key]; ok {
		return sum
	}
	var lists [][]impact.Minute
	for _, id := range products {
		if t := b.detection.of[id]; t != nil {
			lists = append(lists, t.Units(from, to))
		}
	}
	sum := impact.Pool(lists...)
	b.pools.of[key] = sum
	return sum
}
