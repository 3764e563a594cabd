package incident

import (
	"testing"
	"time"
)

// TestAnotherTroubleIsTheReason: of a product that was not hurt before nobody says that it fails
// again; of one that was, and where no change of it is at hand, they do.
func TestAnotherTroubleIsTheReason(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for product, want := range map[string]string{"mail": "it fails again", "maps": "another trouble", "older": "it fails again"} {
		var inc Incident
		for _, e := range []Event{
			{Incident: "inc-1", Kind: Opened, Number: 1, At: at, Every: time.Minute},
			{Kind: Level, Product: "mail", From: "ok", To: "degraded", At: at}, {Kind: Update, N: 1, Post: 1, At: at},
			{Kind: Level, Product: "mail", From: "degraded", To: "ok", At: at.Add(9 * time.Minute)}, {Kind: Proving, At: at.Add(9 * time.Minute), Products: []string{"mail"}},
			{Kind: Update, N: 2, Post: 2, At: at.Add(9 * time.Minute)},
		} {
			inc = Fold(inc, e)
		}
		now := at.Add(12 * time.Minute)
		if product != "older" {
			inc = Fold(inc, Event{Kind: Level, Product: product, From: "ok", To: "degraded", At: now})
		}
		inc = Fold(inc, Event{Kind: Relapsed, At: now, Products: []string{product}})
		if d := Plan(inc, Change{}, Rules{}, now); d.Reason != want || !d.New {
			t.Errorf("%s: %+v, want %q", product, d, want)
		}
	}
}
