package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestLinksAndSeverityInTheReport: what people said of the incident stands in its
// head, as it was at the end, and each step of it in the timeline.
func TestLinksAndSeverityInTheReport(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	var events []incident.Event
	add := func(e incident.Event) {
		at = at.Add(time.Minute)
		e.Incident, e.At, e.Seq = "inc-1", at, uint64(len(events)+1)
		events = append(events, e)
	}
	add(incident.Event{Kind: incident.Opened, Number: 1, By: "U1", Channel: "C1", Every: time.Minute})
	add(incident.Event{Kind: incident.Labelled, By: "U1", Text: "SEV3"})
	add(incident.Event{Kind: incident.Labelled, By: "U1", Text: "SEV<2>"})
	add(incident.Event{Kind: incident.Linked, By: "U1", Text: "call", URL: "https://meet.example.com/a?x=1&y=<2>"})
	add(incident.Event{Kind: incident.Linked, By: "U1", Text: "old", URL: "https://old.example.com"})
	add(incident.Event{Kind: incident.Unlinked, By: "U1", Text: "old", URL: "https://old.example.com"})
	add(incident.Event{Kind: incident.Note, By: "U1", Text: "x"})
	add(incident.Event{Kind: incident.Entered})
	add(incident.Event{Kind: incident.Resolved, By: "U1"})
	r, ok := report.New(report.Facts{Events: events, Definition: status.Definition{Company: "Acme"}, Names: map[string]string{"U1": "Ana"}})
	if !ok {
		t.Fatal("no report")
	}
	var lines []string
	for _, e := range r.Timeline {
		lines = append(lines, e.Who+": "+e.What)
	}
	want := "Ana: started|Ana: severity SEV3|Ana: severity SEV<2>|Ana: link call: https://meet.example.com/a?x=1&y=<2>|Ana: link old: https://old.example.com|Ana: link old taken away|Ana: note: x|Ana: updates ended"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("timeline\n%s\nwant\n%s", got, want)
	}
	page, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for what, in := range map[string]string{"Incident 1 (SEV&lt;2&gt;)": string(page), "call: https://meet.example.com/a?x=1&amp;y=&lt;2&gt;": string(page), "- call (Ana): `https://meet.example.com/a?x=1&y=<2>`": string(r.Markdown())} {
		if !strings.Contains(in, what) {
			t.Errorf("no %q in\n%.3000s", what, in)
		}
	}
	if strings.Contains(r.Title, "SEV3") || len(r.Links) != 1 {
		t.Errorf("title %q, links %v", r.Title, r.Links)
	}
}
