package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestNoListIsCutInSilence: what there is no room for is counted.
func TestNoListIsCutInSilence(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	var (
		s     = status.Snapshot{At: at}
		ids   []string
		mixed []checks.Check
	)
	for i := range 20 {
		id := fmt.Sprintf("p%02d", i)
		ids = append(ids, id)
		mixed = append(mixed, checks.Check{ID: id, Kind: "kind" + id})
		s.Products = append(s.Products, status.ProductStatus{Product: status.Product{ID: id, Name: "Product " + id},
			Impact: impact.Impact{Level: impact.OK, Proof: &impact.Proof{Limit: 0.01, N: 500, Proven: at}}})
	}
	home := Home(HomeFacts{Snapshot: s, Watches: true, Watched: ids})
	for what, got := range map[string][2]string{
		"watched at home": {string(home.BlocksJSON()), `and 14 more`},
		"proofs kept":     {ProofTold(s, incident.Incident{Unproven: ids}), "each of 20 products below 1 % with 99 % confidence, 0 of 10,000 tries failed"},
		"which of":        {string(WhichOf("/status", "mute", "p", ids).BlocksJSON()), "12 more"},
		"kinds":           {kinds(mixed), ", 15 more kinds"},
	} {
		if !strings.Contains(got[0], got[1]) {
			t.Errorf("%s: want %q in\n%s", what, got[1], got[0])
		}
	}
}
