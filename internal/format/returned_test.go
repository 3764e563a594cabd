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
			{Kind: incident.Update, N: 6, At: at.Add(-13 * time.Minute), Figures: []incident.Figure{{Product: "mail", Level: "outage", Failures: 90, Tries: 90}, {Product: "maps", Level: "ok", Tries: 90}}},
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
		compared := inc.LastUpdate
		inc = incident.Fold(inc, incident.Event{Kind: incident.Update, N: 7, Post: 7, At: at})
		inc.LastUpdate = compared
		m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: inc, Next: at.Add(5 * time.Minute)})
		said := saidIn(m)
		next := incident.Fold(inc, incident.Event{Kind: incident.Update, N: 8, Post: 8, At: at.Add(time.Minute)})
		next.LastUpdate = compared
		if then := Update(UpdateFacts{N: 8, Snapshot: snap, Incident: next}); strings.Contains(then.Text, "again") || strings.Contains(then.Text, "another") {
			t.Errorf("%s: the next post tells it anew: %s", c.name, then.Text)
		}
		if !strings.HasPrefix(m.Text, "Impact update #7: "+c.want) || c.product == "maps" && (strings.Contains(said, "again") || strings.Contains(said, " ago")) || c.product == "mail" && !strings.Contains(said, " again since ") {
			t.Errorf("%s: want %q\n%s\n%s", c.name, c.want, m.Text, said)
		}
	}
}

// TestWhatHelpedIsNotUndoneByAnother: an action that helped is not told to have done so for a
// while alone because another product is hurt later, whether that goes on or is over.
func TestWhatHelpedIsNotUndoneByAnother(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 13, 0, 0, time.UTC)
	for product, want := range map[string]bool{"mail": true, "maps": false} {
		var inc incident.Incident
		for _, e := range []incident.Event{
			{Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at.Add(-time.Hour), Every: time.Minute},
			{Kind: incident.Level, Product: "mail", From: "ok", To: "degraded", At: at.Add(-time.Hour)},
			{Kind: incident.Mark, Mark: 1, At: at.Add(-20 * time.Minute), Text: "restarted lb-3"},
			{Kind: incident.Level, Product: "mail", From: "degraded", To: "ok", At: at.Add(-15 * time.Minute)},
			{Kind: incident.Effect, Mark: 1, At: at.Add(-10 * time.Minute), Verdicts: []incident.Verdict{{Verdict: string(impact.Helped)}}},
			{Kind: incident.Level, Product: product, From: "ok", To: "degraded", At: at}, {Kind: incident.Relapsed, At: at, Products: []string{product}},
		} {
			inc = incident.Fold(inc, e)
		}
		v := look(status.Snapshot{At: at.Add(time.Hour), Window: 10 * time.Minute}, inc, false)
		if got := v.notForLong(inc.Marks[0], inc); strings.Contains(got, "it failed again") != want {
			t.Errorf("%s: %q", product, got)
		}
	}
}
