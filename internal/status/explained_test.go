package status

import (
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// TestOurVantageExplainsNoProduct: that a vantage of ours fails says nothing of the products that it sees, though all that fails
// goes through it.
func TestOurVantageExplainsNoProduct(t *testing.T) {
	seen := []impact.Evidence{{Check: "c", Product: "shop", Uses: []string{"edge"}, Vantage: "fra", Counts: impact.Counts{Tries: 20, Failures: 9}}}
	ours := cause.Ranking{Verdict: cause.OurVantage, Suspects: []cause.Suspect{{ID: cause.VantagePrefix + "fra", Kind: cause.Vantage}}}
	if got := explained(seen, ours); len(got) > 0 {
		t.Errorf("%v", got)
	}
	edge := cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{{ID: "edge"}}}
	if got := explained(seen, edge); len(got) != 1 || got[0] != "shop" {
		t.Errorf("by a component: %v", got)
	}
}
