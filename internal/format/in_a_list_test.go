package format

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// shownPlain are dates of Slack, with what is shown where they are not known.
var shownPlain = regexp.MustCompile(`<!date[^|]*\|([^>]*)>`)

// TestIncidentsInAList: each is known by when it was and whom it hurt, also one whose product
// is watched no more, and one in which nothing was.
func TestIncidentsInAList(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	level := func(after time.Duration, product, to string) incident.Event {
		e := incident.Event{Incident: "inc-1", Kind: incident.Level, At: at.Add(after), Product: product, From: "ok", To: to}
		if e.Onset = e.At; to == "ok" {
			e.From, e.Onset, e.Ended = "degraded", time.Time{}, e.At
		}
		return e
	}
	opened := incident.Event{Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at.Add(3 * time.Minute), Channel: "C1", Every: 5 * time.Minute}
	closed := incident.Event{Incident: "inc-1", Kind: incident.Resolved, At: at.Add(time.Hour), Figures: []incident.Figure{{Product: "billing", NewTries: 1200, NewFailures: 48}}}
	hurt := []incident.Event{opened, level(0, "billing", "degraded"), level(time.Minute, "gone", "degraded")}
	slow := incident.Event{Incident: "inc-1", Kind: incident.Resolved, At: at.Add(time.Hour), Figures: []incident.Figure{{Product: "billing", NewTries: 1200, NewFailures: 2, NewSlow: 480}}}
	over := slices.Concat(hurt, []incident.Event{level(40*time.Minute, "billing", "ok"), level(50*time.Minute, "gone", "ok"), closed})
	snap := status.Snapshot{At: at.Add(2 * time.Hour), Products: []status.ProductStatus{{Product: status.Product{ID: "search", Name: "Search"}}, {Product: status.Product{ID: "billing", Name: "Billing"}}}}
	for name, c := range map[string]struct {
		events         []incident.Event
		sentence, line string
	}{
		"open":    {hurt, "Incident 1, open for 1 h 57 min.", "Since 19:32 UTC: Billing, gone."},
		"over":    {over, "Incident 1, ended after 57 min.", "19:32 UTC to 20:22 UTC: Billing, gone; 4.0 % of tries failed (48 of 1,200)."},
		"slow":    {slices.Concat(hurt[:2], []incident.Event{level(40*time.Minute, "billing", "ok"), slow}), "Incident 1, ended after 57 min.", "19:32 UTC to 20:12 UTC: Billing; 40.0 % of answers were slow (480 of 1,200)."},
		"nothing": {[]incident.Event{opened, closed}, "Incident 1, ended after 57 min.", "19:35 UTC to 20:32 UTC: no product was hurt."},
	} {
		inc := incident.FoldAll(c.events)
		got := InAList(inc, snap)
		line := shownPlain.ReplaceAllString(got.Lines[0], "$1")
		if got.Sentence != c.sentence || line != c.line {
			t.Errorf("%s: %q, %q; want %q, %q", name, got.Sentence, line, c.sentence, c.line)
		}
		if page := OneIncident(TimelineFacts{Incident: inc, Snapshot: snap}); !inc.Open() && !strings.Contains(strings.Join(page.Lines, "\n"), got.Lines[0]) {
			t.Errorf("%s: its own page has %q", name, page.Lines)
		}
	}
}
