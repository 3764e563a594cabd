package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestAllProductsSayTheQuiet: the first line of all products is that of the channel, while
// the rows below still hold what failed before.
func TestAllProductsSayTheQuiet(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	snap := status.Snapshot{At: at, Window: 10 * time.Minute}
	for _, id := range []string{"mail", "search"} {
		p := tried(id, 120, 9)
		p.Level, p.Onset, p.From = impact.Degraded, at.Add(-4*time.Hour), at.Add(-10*time.Minute)
		snap.Products = append(snap.Products, p)
	}
	quiet := News{Quiet: true, Of: []string{"mail", "search"}, Step: incident.RateStep{At: at.Add(-4 * time.Minute), Before: incident.Counts{Failures: 400, Tries: 4000}, After: incident.Counts{Tries: 90}}}
	m := AllProducts(snap, quiet)
	const want = "Quiet for 4 min on MAIL and SEARCH: 0 of 90 tries failed, 10.0 % before."
	if !strings.HasPrefix(m.Text, want) || !strings.Contains(m.Blocks[0].Section, want) || !strings.Contains(m.Blocks[0].Section, "MAIL 7.5 % (9/120) since ") {
		t.Errorf("%s\n%s\nwant %s", m.Text, m.Blocks[0].Section, want)
	}
}

// TestAnIncidentsPageSaysTheQuiet: it begins as the channel's update does, and not with what
// failed in the ten minutes of which four are quiet.
func TestAnIncidentsPageSaysTheQuiet(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	p := tried("mail", 120, 9)
	p.Level, p.Onset, p.From = impact.Degraded, at.Add(-4*time.Hour), at.Add(-10*time.Minute)
	quiet := News{Quiet: true, Of: []string{"mail"}, Step: incident.RateStep{At: at.Add(-4 * time.Minute), Before: incident.Counts{Failures: 400, Tries: 4000}, After: incident.Counts{Tries: 90}}}
	inc := incident.Fold(incident.Incident{}, incident.Event{Incident: "inc-7", Kind: incident.Opened, Number: 7, At: at.Add(-time.Hour), Every: time.Minute})
	page := OneIncident(TimelineFacts{Incident: inc, Snapshot: status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{p}}, Quiet: quiet})
	said := strings.Join(page.Lines, "\n")
	if !strings.HasPrefix(said, "Quiet for 4 min on MAIL: 0 of 90 tries failed, 10.0 % before.\nSince ") || strings.Contains(said, "9 of 120") {
		t.Error(said)
	}
}
