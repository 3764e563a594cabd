package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// The instant of a change is read in each reader's own zone where Slack shows
// it, as every other time of the message, and as UTC in a notification.
func TestNewsIsToldInTheReadersZone(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	step := incident.RateStep{At: at.Add(-5 * time.Minute), Before: incident.Counts{Tries: 1000, Failures: 40}, After: incident.Counts{Tries: 600, Failures: 1}}
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "billing", Name: "Billing"}}, {Product: status.Product{ID: "search", Name: "Search"}}}}
	for name, news := range map[string]News{
		"quiet":  {Step: step, Of: []string{"billing", "search"}, Quiet: true},
		"better": {Step: step, Of: []string{"billing", "search"}},
	} {
		m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour)}, Next: at.Add(5 * time.Minute), News: news})
		token := fmt.Sprintf("<!date^%d^", step.At.Unix())
		if first := m.Blocks[0].Section; !strings.Contains(first, token) || strings.Contains(first, " 10:00 UTC") {
			t.Errorf("%s: the block says %q", name, first)
		}
		if !strings.Contains(m.Text, "10:00 UTC") || strings.Contains(m.Text, "<!date") {
			t.Errorf("%s: the notification says %q", name, m.Text)
		}
	}
}
