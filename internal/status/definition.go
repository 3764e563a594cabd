package status

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// Definition is what the configuration says of the company.
type Definition struct {
	Company  string
	Timezone *time.Location // nil means UTC
	Window   time.Duration  // over which failures are counted; 0 means impact.DefaultWindow
	// FalseAlarms is the budget of one product in 30 days; 0 means 1.
	FalseAlarms float64
	// Normal: what ended before this instant is known to be normal; zero when nothing is.
	Normal     time.Time
	Components []Component
	Products   []Product
	Checks     []checks.Check // of the products
	Controls   []checks.Check // of none: what says whether we see
}

// Component is something shared that products depend on.
type Component struct {
	ID, Name  string
	DependsOn []string
}

// Product is what clients use and one team owns.
type Product struct {
	ID, Name, Owner string
	SaysDegraded    string // the effect on clients in business words; may be empty
	SaysOutage      string
}

// FindProduct returns the product that a person means: by id, or by name
// without regard to case.
func (d Definition) FindProduct(said string) (Product, bool) {
	for _, p := range d.Products {
		if strings.EqualFold(p.ID, said) || strings.EqualFold(p.Name, said) {
			return p, true
		}
	}
	return Product{}, false
}

// closure returns the func that gives all components that one goes through
// who uses some: those, what they depend on, and so on, sorted.
func (d Definition) closure() func(uses []string) []string {
	depends := make(map[string][]string, len(d.Components))
	for _, c := range d.Components {
		depends[c.ID] = c.DependsOn
	}
	return func(uses []string) []string {
		seen := map[string]bool{}
		var walk func(ids []string)
		walk = func(ids []string) {
			for _, id := range ids {
				if !seen[id] {
					seen[id] = true
					walk(depends[id])
				}
			}
		}
		walk(uses)
		return slices.Sorted(maps.Keys(seen))
	}
}

func (d Definition) newShared() *impact.Shared { return impact.NewShared(d.componentIDs()) }

func (d Definition) componentIDs() []string {
	ids := make([]string, 0, len(d.Components))
	for _, c := range d.Components {
		ids = append(ids, c.ID)
	}
	return ids
}
