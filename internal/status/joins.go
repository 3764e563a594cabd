package status

import (
	"slices"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

const (
	// joinsFew and joinsPost are for how many that are hurt one that joins is no post: a
	// tenth of what the last update told, and half of what the last post did.
	joinsFew  = 10
	joinsPost = 2
)

// expected reports whether changes are no more than that a few products join many that
// are hurt by the cause that is told: they fail as these do, or are slow as these are.
func (s Snapshot) expected(changes []Change, inc incident.Incident) bool {
	told := hurtIn(inc.LastUpdate.Figures, s.Causes.Products)
	if inc.LastUpdate.Cause == "" || joinsFew*len(changes) >= len(told) {
		return false
	}
	posted, since := hurtIn(inc.LastPost.Figures, s.Causes.Products), 0
	kinds := map[bool]bool{} // :: slow -> one that was told is so
	for _, p := range s.hurt() {
		if !slices.Contains(s.Causes.Products, p.ID) {
			continue
		}
		if slices.Contains(told, p.ID) {
			kinds[p.Impact.Slow] = true
		}
		if !slices.Contains(posted, p.ID) {
			since++
		}
	}
	if joinsPost*since >= len(posted) {
		return false
	}
	return !slices.ContainsFunc(changes, func(ch Change) bool {
		return ch.From != impact.OK || ch.To != impact.Degraded || !kinds[ch.Product.Impact.Slow] || !slices.Contains(s.Causes.Products, ch.Product.ID)
	})
}

// hurtIn are those of some products that an update told to be hurt.
func hurtIn(told []incident.Figure, of []string) (ids []string) {
	for _, f := range told {
		if impact.Level(f.Level).Hurt() && slices.Contains(of, f.Product) {
			ids = append(ids, f.Product)
		}
	}
	return ids
}
