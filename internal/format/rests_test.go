package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

func tried(id string, tries, failures int) status.ProductStatus {
	return status.ProductStatus{Product: status.Product{ID: id, Name: strings.ToUpper(id)}, Impact: impact.Impact{Counts: impact.Counts{Tries: tries, Failures: failures}}}
}

// TestAllRest: that none of what is hurt failed of late is said once, of all of it, and not of each group by itself.
func TestAllRest(t *testing.T) {
	group := func(of ...status.ProductStatus) status.Group {
		return status.Group{Products: of, Counts: sum(of)}
	}
	v := view{Snapshot: status.Snapshot{Window: 10 * time.Minute, Products: make([]status.ProductStatus, 7)}}
	v.groups = []status.Group{group(tried("a", 80, 0), tried("b", 80, 0), tried("c", 80, 0), tried("d", 80, 0)), group(tried("mail", 60, 0))}
	for _, g := range v.groups {
		v.hurt = append(v.hurt, g.Products...)
	}
	if got, want := v.headline(), "5 of 7 products were failing; none of the last 380 tries did, which is no proof yet"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	v.groups[1] = group(tried("mail", 60, 2))
	if got := v.headline(); !strings.Contains(got, "none of the last 320 tries did") || !strings.Contains(got, "MAIL fails") {
		t.Errorf("where one fails: %q", got)
	}
}

// TestNotClearOfThese: a product that the first line calls quiet with others is not told beside it as if it were another.
func TestNotClearOfThese(t *testing.T) {
	v := view{Snapshot: status.Snapshot{Window: 10 * time.Minute}, groups: []status.Group{{}}, told: []string{"accounts", "billing", "storage"},
		unclear: []status.ProductStatus{tried("storage", 60, 3), tried("search", 40, 4)}}
	if got, want := v.rest(), "1 of these 3 is not clear yet: STORAGE (3 of 60 tries failed in 10 min). Not clear yet: SEARCH (4 of 40 tries failed in 10 min)."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
