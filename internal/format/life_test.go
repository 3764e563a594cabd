package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// nightOf is a night in the life of an incident, as it is written down.
func nightOf() (incident.Incident, status.Snapshot, time.Time) {
	begin := time.Date(2026, 3, 3, 19, 32, 0, 0, time.UTC)
	now := begin.Add(10 * time.Hour)
	verdict := func(product, word string, f0, n0, f1, n1 int, margin float64) incident.Verdict {
		return incident.Verdict{Product: product, Verdict: word, Margin: margin, Before: incident.Counts{Failures: f0, Tries: n0}, After: incident.Counts{Failures: f1, Tries: n1}}
	}
	var inc incident.Incident
	seq := uint64(0)
	add := func(after time.Duration, e incident.Event) {
		seq++
		e.Incident, e.Seq, e.At = "inc-7", seq, begin.Add(after)
		inc = incident.Fold(inc, e)
	}
	add(0, incident.Event{Kind: incident.Opened, Number: 7, Title: "Log-ins <fail>", Channel: "C1", By: "U1", Every: 5 * time.Minute})
	add(0, incident.Event{Kind: incident.Level, Product: "billing", From: "ok", To: "degraded", Onset: begin.Add(-5 * time.Minute), Why: "12 of 300 failed"})
	add(time.Second, incident.Event{Kind: incident.Update, N: 1, Post: 1, Why: "first update"})
	add(5*time.Minute, incident.Event{Kind: incident.Update, N: 2, Post: 1, Why: "regular update"})
	add(10*time.Minute, incident.Event{Kind: incident.Update, N: 3, Post: 1, Why: "regular update"})
	add(12*time.Minute, incident.Event{Kind: incident.Mark, Mark: 1, By: "U2", Text: "restarted lb-3", Products: []string{"billing"}})
	add(15*time.Minute, incident.Event{Kind: incident.Update, N: 4, Post: 1, Why: "regular update"})
	add(42*time.Minute, incident.Event{Kind: incident.Effect, Mark: 1, Verdicts: []incident.Verdict{verdict("", "no discernible effect", 104, 1508, 98, 1480, 0.016)}})
	add(time.Hour, incident.Event{Kind: incident.Cadence, By: "U1", Every: 15 * time.Minute})
	add(2*time.Hour, incident.Event{Kind: incident.Paused, By: "U1"})
	add(8*time.Hour, incident.Event{Kind: incident.Resumed, By: "U3"})
	add(8*time.Hour, incident.Event{Kind: incident.Level, Product: "search", From: "ok", To: "outage", Onset: begin.Add(8*time.Hour - time.Minute), Why: "9 of the last 9 failed"})
	add(8*time.Hour+time.Second, incident.Event{Kind: incident.Update, N: 5, Post: 5, Why: "Search is down (was as usual)"})
	add(8*time.Hour+10*time.Minute, incident.Event{Kind: incident.Acked, By: "U3", Product: "search"})
	add(8*time.Hour+11*time.Minute, incident.Event{Kind: incident.Note, By: "U3", Text: "vendor is *on* the call <!here>"})
	add(9*time.Hour, incident.Event{Kind: incident.Mark, Mark: 2, By: "U3", Text: "drained edge-lb-2", Products: []string{"billing", "search"}})
	add(9*time.Hour+8*time.Minute, incident.Event{Kind: incident.Effect, Mark: 2, Verdicts: []incident.Verdict{
		verdict("", "helped", 620, 2400, 41, 900, 0.031), verdict("billing", "no discernible effect", 66, 1200, 20, 450, 0.022), verdict("search", "helped", 554, 1200, 21, 450, 0.035)}})
	add(9*time.Hour+15*time.Minute, incident.Event{Kind: incident.Mark, Mark: 3, By: "U3", Text: "cleared the cache", Products: []string{"billing", "search"}})
	add(9*time.Hour+20*time.Minute, incident.Event{Kind: incident.Level, Product: "search", From: "outage", To: "ok", Why: "0 of the last 90 failed"})
	usual := impact.Impact{Level: impact.OK, Counts: impact.Counts{Tries: 600}, Window: 10 * time.Minute, AsOf: now}
	hurt := impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 600, Failures: 31}, Low: 0.036, High: 0.072, Window: 10 * time.Minute, AsOf: now, Onset: begin.Add(-5 * time.Minute), Changed: begin}
	snap := status.Snapshot{At: now, Company: "Acme", Timezone: time.UTC, Window: 10 * time.Minute, Products: []status.ProductStatus{
		{Product: status.Product{ID: "billing", Name: "Billing", SaysDegraded: "Some invoices cannot be paid"}, Impact: hurt, Checks: 2},
		{Product: status.Product{ID: "search", Name: "Search"}, Impact: usual, Checks: 1},
		{Product: status.Product{ID: "mail", Name: "Mail"}, Impact: impact.Impact{Level: impact.Maintenance, Window: 10 * time.Minute, AsOf: now}, Checks: 1,
			Muted: []incident.Muting{{Product: "mail", From: now.Add(-time.Hour), Until: now.Add(time.Hour), By: "U2", Why: "moving the <!channel> store"}}},
	}}
	return inc, snap, begin
}

// TestLifeMessages compares each message of an incident's life with the one
// that is kept. To accept a change: go test ./internal/format -update.
func TestLifeMessages(t *testing.T) {
	inc, snap, begin := nightOf()
	desk := []incident.Event{{Kind: incident.Mute, At: begin.Add(9 * time.Hour), By: "U2", Product: "mail", Until: snap.At.Add(time.Hour), Why: "moving the store"}}
	mark := func(n int) format.Message {
		return format.MarkEffect(format.MarkFacts{Mark: inc.Marks[n-1], Marks: inc.Marks, Snapshot: snap})
	}
	open := incident.Fold(incident.Incident{}, incident.Event{Incident: "inc-8", Kind: incident.Opened, Number: 8, At: begin, Every: time.Minute})
	muted := snap.Products[2]
	muted.Level = impact.OK
	over := incident.Fold(incident.Incident{}, incident.Event{Incident: "inc-9", Kind: incident.Opened, Number: 9, At: begin, Every: time.Minute})
	over = incident.Fold(over, incident.Event{Incident: "inc-9", Kind: incident.Level, At: begin, Product: "search", From: "ok", To: "degraded"})
	told := incident.Event{Incident: "inc-9", Kind: incident.Update, At: begin.Add(110 * time.Minute), N: 5, Post: 5, Figures: []incident.Figure{{Product: "search", Level: "degraded", Tries: 600, Failures: 30, Share: 0.05}}}
	over = incident.Fold(over, told)
	proving := incident.Fold(over, incident.Event{Incident: "inc-9", Kind: incident.Proving, At: begin.Add(115 * time.Minute), Products: []string{"search"}})
	relapsed := incident.Fold(proving, incident.Event{Incident: "inc-9", Kind: incident.Update, At: begin.Add(120 * time.Minute), N: 6, Post: 6, Figures: []incident.Figure{{Product: "search", Level: "ok", Tries: 600}}})
	relapsed = incident.Fold(relapsed, incident.Event{Incident: "inc-9", Kind: incident.Relapsed, At: begin.Add(125 * time.Minute), Products: []string{"search"}, Why: "Search: 5 of 60 failed"})
	over = incident.Fold(proving, incident.Event{Incident: "inc-9", Kind: incident.Resolved, At: begin.Add(235 * time.Minute), Products: []string{"search"}})
	proofOf := func(proven time.Time) status.Snapshot {
		p := snap.Products[1]
		p.Proof = &impact.Proof{Onset: begin, Since: begin.Add(110 * time.Minute), Recovered: begin.Add(115 * time.Minute), Excluded: 0.03, Share: 0.061, Limit: 0.01, Usual: 0.0008, N: 320, Before: 90, Needed: 531, Proven: proven}
		p.Changed = p.Proof.Recovered
		return status.Snapshot{At: snap.At, Timezone: time.UTC, Window: 10 * time.Minute, Products: []status.ProductStatus{p}}
	}
	proved, awaited := proofOf(begin.Add(5*time.Hour)), proofOf(time.Time{})
	again := snap.Products[0]
	again.ID, again.Name, again.Onset = "search", "Search", snap.At.Add(-3*time.Minute)
	failing := status.Snapshot{At: snap.At, Timezone: time.UTC, Window: 10 * time.Minute, Products: []status.ProductStatus{again}}
	for name, m := range map[string]format.Message{
		"mark_no_effect":    mark(1),
		"mark_helped":       mark(2),
		"timeline":          format.Timeline(format.TimelineFacts{Incident: inc, Desk: desk, Snapshot: snap, Command: "/status"}),
		"handover":          format.Handover(format.HandoverFacts{Since: begin.Add(3 * time.Hour), Snapshot: snap, Incident: inc, Desk: desk, Command: "/status", Before: map[string]incident.Counts{"billing": {Failures: 12, Tries: 300}, "search": {Tries: 300}}}),
		"handover_nothing":  format.Handover(format.HandoverFacts{Since: snap.At.Add(-time.Minute), Snapshot: snap, Incident: open, Command: "/status"}),
		"handover_nowhere":  format.Handover(format.HandoverFacts{Since: begin, Snapshot: snap, Command: "/status"}),
		"update_last_mark":  format.Update(format.UpdateFacts{N: 6, Snapshot: snap, Incident: inc, OpenedBy: "U1", Next: snap.At.Add(5 * time.Minute)}),
		"watch_change":      format.WatchChange(snap.Products[0], "ok", snap, "/status"),
		"watch_maintenance": format.WatchChange(snap.Products[2], "degraded", snap, "/status"),
		"help":              format.Help("/status", true),
		"mutes":             format.Mutes(snap.Products[2].Muted, snap, "/status"),
		"recovery_proven":   format.RecoveryProven(proved, over),
		"recovery_told":     format.Update(format.UpdateFacts{N: 6, Snapshot: proved, Incident: over, Ended: true}),
		"recovery_proving":  format.Update(format.UpdateFacts{N: 6, Snapshot: awaited, Incident: proving, Next: snap.At.Add(time.Minute)}),
		"recovery_relapsed": format.Update(format.UpdateFacts{N: 7, Snapshot: failing, Incident: relapsed, Next: snap.At.Add(time.Minute)}),
		"recovery_awaited":  format.Update(format.UpdateFacts{N: 6, Snapshot: awaited, Incident: over, Ended: true}),
		"stuck":             format.Stuck(7, "Log-ins <fail>", "C1", "is_archived", false),
		"stuck_detected":    format.Stuck(7, "", "C1", "not_in_channel", true),
	} {
		t.Run(name, func(t *testing.T) {
			valid(t, m)
			got := show(m)
			if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(got, "&lt;!", ""), "<!date^", ""), "!") {
				t.Error("the message has an exclamation mark")
			}
			file := filepath.Join("testdata", "life", name+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("message (-want +got):\n%s", d)
			}
		})
	}
}

// TestALongTimelineKeepsItsEnd: what does not fit is counted at the beginning.
func TestALongTimelineKeepsItsEnd(t *testing.T) {
	inc, snap, begin := nightOf()
	for n := range 3000 {
		inc = incident.Fold(inc, incident.Event{Incident: "inc-7", Seq: uint64(100 + n), Kind: incident.Note, At: begin.Add(9*time.Hour + time.Duration(n)*time.Second), By: "U1",
			Text: strings.Repeat("<!everyone> ", 90)})
	}
	inc = incident.Fold(inc, incident.Event{Incident: "inc-7", Seq: 9999, Kind: incident.Note, At: snap.At, By: "U1", Text: "the very last"})
	for _, m := range []format.Message{
		format.Timeline(format.TimelineFacts{Incident: inc, Snapshot: snap, Command: "/status"}),
		format.Handover(format.HandoverFacts{Since: begin, Snapshot: snap, Incident: inc, Command: "/status"}),
	} {
		valid(t, m)
		if said := show(m); !strings.Contains(said, "the very last") || !strings.Contains(said, " earlier") || strings.Contains(said, "<!everyone") {
			t.Errorf("said:\n%.2000s", said)
		}
	}
}
