package api

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
)

// TestHarmedCountsSlowAnswers where these were the trouble, and tells none where not.
func TestHarmedCountsSlowAnswers(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 14, 0, 0, time.UTC)
	for _, slow := range []int{0, 90} {
		inc := incident.FoldAll([]incident.Event{{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at},
			{Seq: 2, Incident: "inc-1", Kind: incident.Resolved, At: at.Add(time.Hour), Figures: []incident.Figure{{Product: "a", NewTries: 150, NewSlow: slow}}}})
		h := harmedOf(inc)
		if h == nil || h.Tries != 150 || h.Failed.N != 0 || (h.Slow != nil) != (slow > 0) {
			t.Fatalf("%d slow: %+v", slow, h)
		}
		if slow > 0 && (h.Slow.N != slow || *h.Slow.Share != 0.6) {
			t.Errorf("%+v", *h.Slow)
		}
	}
}
