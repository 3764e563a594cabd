package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestAnotherTroubleIsNoReturn: what was not hurt before did not fail again, and what answers
// slowly after a quiet of what failed did not either.
func TestAnotherTroubleIsNoReturn(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 13, 0, 0, time.UTC)
	level := func(product, from, to string, ago time.Duration) incident.Event {
		return incident.Event{Incident: "inc-1", Kind: incident.Level, Product: product, From: from, To: to, At: at.Add(-ago), Onset: at.Add(-ago)}
	}
	for _, c := range []struct {
		name    string
		product string // that is hurt now
		slow    bool
		quiet   bool // told before it was calm
		want    string
	}{
		{"the same", "mail", false, true, "failing again after 21 min. Mail fails "},
		{"the same, slowly", "mail", true, false, "slow again. Mail answers slowly"},
		{"the same, slowly after what failed", "mail", true, true, "another trouble after 21 min. Mail answers slowly"},
		{"another", "maps", false, false, "another trouble. Maps fails "},
		{"another, slowly", "maps", true, true, "another trouble after 21 min. Maps answers slowly"},
	} {
		var inc incident.Incident
		if c.quiet {
			inc.Steps = []incident.Event{{Kind: incident.Quiet, Step: &incident.RateStep{At: at.Add(-21 * time.Minute)}}}
		}
		for _, e := range []incident.Event{
			{Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at.Add(-time.Hour), Every: time.Minute},
			level("mail", "ok", "degraded", time.Hour), level("mail", "degraded", "ok", 15*time.Minute),
			{Kind: incident.Proving, At: at.Add(-15 * time.Minute), Products: []string{"mail"}},
			{Kind: incident.Update, N: 6, At: at.Add(-13 * time.Minute)},
			level(c.product, "ok", "degraded", 0), {Kind: incident.Relapsed, At: at, Products: []string{c.product}},
		} {
			inc = incident.Fold(inc, e)
		}
		snap := status.Snapshot{At: at, Window: 10 * time.Minute}
		for id, name := range map[string]string{"mail": "Mail", "maps": "Maps"} {
			p := status.ProductStatus{Product: status.Product{ID: id, Name: name}, Impact: impact.Impact{Level: impact.OK, AsOf: at}}
			if p.Tries = 90; id == c.product {
				p.Level, p.Onset, p.Slow = impact.Degraded, at.Add(-time.Minute), c.slow
				if c.slow {
					p.Counts.Slow = 20
				} else {
					p.Failures = 20
				}
			}
			snap.Products = append(snap.Products, p)
		}
		m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: inc, Next: at.Add(5 * time.Minute)})
		said := saidIn(m)
		if !strings.HasPrefix(m.Text, "Impact update #7: "+c.want) || c.product == "maps" && strings.Contains(said, "again") || c.product == "mail" && !strings.Contains(said, " again since ") {
			t.Errorf("%s: want %q\n%s\n%s", c.name, c.want, m.Text, said)
		}
	}
}
