package publish_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// minutes is a past of which nothing is known but the effects of marks.
type minutes struct{ verdict string }

func (minutes) History(string, time.Time, time.Time) []impact.Minute { return nil }

func (minutes) Pooled([]string, time.Time, time.Time) []impact.Minute { return nil }

func (m minutes) Effect(incident.Incident, incident.Marked, time.Time) status.Effect {
	return status.Effect{Final: m.verdict != "", Verdicts: []incident.Verdict{{Verdict: m.verdict}}}
}

// seen is a snapshot in which products have levels: "billing=degraded lake=ok".
func seen(at time.Time, levels string) publish.Seen {
	s := status.Snapshot{At: at, Timezone: time.UTC, Window: 10 * time.Minute}
	for word := range strings.FieldsSeq(levels) {
		id, level, _ := strings.Cut(word, "=")
		p := status.ProductStatus{Product: status.Product{ID: id, Name: strings.ToUpper(id[:1]) + id[1:]}, Impact: impact.Impact{Level: impact.Level(level)}}
		if p.Level.Hurt() {
			p.Onset, p.Changed, p.Why = at.Add(-time.Minute), at.Add(-time.Second), "12 of 300 failed"
		}
		s.Products = append(s.Products, p)
	}
	return publish.Seen{Snapshot: s, Past: minutes{}}
}

// told says a decision in a line: what is written, why, and what is handed over
// before and after it.
func told(d publish.Decision) string {
	e := d.Event
	s := e.Incident + " " + string(e.Kind)
	if e.Product != "" {
		s += fmt.Sprintf(" %s %s->%s", e.Product, e.From, e.To)
	}
	if e.Kind == incident.Update {
		s += fmt.Sprintf(" #%d in %d", e.N, e.Post)
	}
	s += ": " + d.Why
	for _, t := range append(d.First, d.Then...) {
		how := "posts"
		if t.Post != t.N {
			how = "edits"
		}
		if t.Urgent {
			how += " at once"
		}
		s += fmt.Sprintf(" | %s %s %s", how, t.Dest, t.Key)
	}
	return s
}

// TestStep is a table: a log, what is seen, and all that is decided of it.
func TestStep(t *testing.T) {
	at := night
	all := func(lists ...[]incident.Event) (l incident.Log) {
		seq := uint64(0)
		for _, list := range lists {
			for _, e := range list {
				if seq++; e.Incident == "" {
					e.Incident = "inc-1"
				}
				e.Seq = seq
				l = l.With(e)
			}
		}
		return l
	}
	figures := func(level string) []incident.Figure { return []incident.Figure{{Product: "billing", Level: level}} }
	opened := []incident.Event{{Kind: incident.Opened, At: at.Add(-time.Hour), Number: 1, Channel: channelID, Every: 5 * time.Minute}}
	hurt := append(slices.Clip(opened), incident.Event{Kind: incident.Level, At: at.Add(-time.Hour), Product: "billing", From: "ok", To: "degraded"},
		incident.Event{Kind: incident.Update, At: at.Add(-2 * time.Minute), Due: at.Add(-2 * time.Minute), N: 1, Post: 1, Figures: figures("degraded")})
	over := append(slices.Clip(hurt), incident.Event{Kind: incident.Resolved, At: at.Add(-time.Minute), By: ana})
	said := append(slices.Clip(over), incident.Event{Kind: incident.Update, At: at.Add(-time.Minute), Due: at.Add(-time.Minute), N: 2, Post: 2, Figures: figures("degraded")})
	other := []incident.Event{{Incident: "inc-2", Kind: incident.Opened, At: at, Number: 2, Channel: "C0OTHER", By: ben, Every: time.Minute, Products: []string{"lake"}}}
	marked := append(slices.Clip(hurt), incident.Event{Kind: incident.Mark, At: at.Add(-40 * time.Minute), By: ana, Mark: 1, Text: "restarted", Products: []string{"billing"}})
	noted := append(slices.Clip(marked), incident.Event{Kind: incident.Entered, At: at.Add(-39 * time.Minute)},
		incident.Event{Kind: incident.Note, At: at, By: ben, Name: "Ben", Text: "the vendor is on the call"}, incident.Event{Kind: incident.Mark, At: at, By: ana, Mark: 2, Text: "drained lb-2"})
	watching := []incident.Event{{Incident: incident.DeskID, Kind: incident.Watch, At: at, By: ana, Product: "billing", To: "ok"}}
	for _, c := range []struct {
		name string
		log  incident.Log
		seen publish.Seen
		with func(*publish.Seen)
		want []string
	}{
		{name: "all is well", seen: seen(at, "billing=ok lake=ok")},
		{name: "trouble: opened, the level, and the first update", seen: seen(at, "billing=degraded lake=ok"), want: []string{
			"inc-1 opened: Billing: 12 of 300 failed", "inc-1 level billing ok->degraded: 12 of 300 failed",
			"inc-1 update #1 in 1: first update | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "what was never measured was never as usual", seen: seen(at, "billing=degraded lake=unknown"), want: []string{
			"inc-1 opened: Billing: 12 of 300 failed", "inc-1 level billing ok->degraded: 12 of 300 failed",
			"inc-1 update #1 in 1: first update | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "what is measured no longer was as usual", log: all(hurt), seen: seen(at, "billing=degraded lake=unknown"),
			with: func(s *publish.Seen) { s.Products[1].AsOf = at.Add(-time.Hour) }, want: []string{
				"inc-1 level lake ok->unknown: "}},
		{name: "nothing is due", log: all(hurt), seen: seen(at, "billing=degraded lake=ok")},
		{name: "due", log: all(hurt), seen: seen(at.Add(3*time.Minute), "billing=degraded lake=ok"), want: []string{
			"inc-1 update #2 in 1: regular update | edits C0INCIDENTDEMO updates/inc-1"}},
		{name: "worse does not wait", log: all(hurt), seen: seen(at, "billing=outage lake=ok"), want: []string{
			"inc-1 level billing degraded->outage: 12 of 300 failed",
			"inc-1 update #2 in 2: Billing is down (was degraded) | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "well again: the end, and its word", log: all(hurt), seen: seen(at, "billing=ok lake=ok"), want: []string{
			"inc-1 level billing degraded->ok: ", "inc-1 resolved: every product is as usual again",
			"inc-1 update #2 in 2: the incident ended | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "a person ended it", log: all(over), seen: seen(at, "billing=degraded lake=ok"), want: []string{
			"inc-1 update #2 in 2: the incident ended | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "which is told once", log: all(said), seen: seen(at, "billing=degraded lake=ok")},
		{name: "and opens none of what was so already, but of something else", log: all(said), seen: seen(at, "billing=degraded lake=outage"),
			with: func(s *publish.Seen) { s.Products[0].Onset = at.Add(-time.Hour) }, want: []string{
				"inc-2 opened: Lake: 12 of 300 failed", "inc-2 level billing ok->degraded: 12 of 300 failed", "inc-2 level lake ok->outage: 12 of 300 failed",
				"inc-2 update #1 in 1: first update | posts at once C0INCIDENTDEMO updates/inc-2"}},
		{name: "a day after its end nothing of it is told", log: all(over), seen: seen(at.Add(25*time.Hour), "billing=ok lake=ok")},
		{name: "lost in a crash: told with what is so now", log: all(hurt), seen: seen(at, "billing=degraded lake=ok"),
			with: func(s *publish.Seen) { s.Owed = map[string]bool{"inc-1": true} }, want: []string{
				"inc-1 redrawn: an update was written down and not handed over | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "lost in a crash, and the next is due", log: all(hurt), seen: seen(at.Add(3*time.Minute), "billing=degraded lake=ok"),
			with: func(s *publish.Seen) { s.Owed = map[string]bool{"inc-1": true} }, want: []string{
				"inc-1 redrawn: an update was written down and not handed over | posts at once C0INCIDENTDEMO updates/inc-1",
				"inc-1 update #2 in 1: regular update | edits C0INCIDENTDEMO updates/inc-1"}},
		{name: "lost in a crash, and it has ended: the last word takes its place", log: all(over), seen: seen(at, "billing=degraded lake=ok"),
			with: func(s *publish.Seen) { s.Owed = map[string]bool{"inc-1": true} }, want: []string{
				"inc-1 update #2 in 2: the incident ended | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "the last word was lost in a crash", log: all(said), seen: seen(at, "billing=degraded lake=ok"),
			with: func(s *publish.Seen) {
				s.Owed, s.Products[0].Onset = map[string]bool{"inc-1": true}, at.Add(-time.Hour)
			}, want: []string{"inc-1 redrawn: an update was written down and not handed over | posts at once C0INCIDENTDEMO updates/inc-1"}},
		{name: "after a start the first results are waited for", log: all(hurt), seen: seen(at.Add(time.Hour), "billing=unknown lake=ok"),
			with: func(s *publish.Seen) { s.Waking = true }},
		{name: "a mark's effect is told in the thread, and with the next update", log: all(marked), seen: seen(at.Add(3*time.Minute), "billing=degraded lake=ok"),
			with: func(s *publish.Seen) { s.Past = minutes{"helped"} }, want: []string{
				"inc-1 entries_told: something was written down", // too old for the thread
				"inc-1 effect: the effect of a mark is known | posts C0INCIDENTDEMO effect/inc-1/1",
				"inc-1 update #2 in 2: the effect of a mark is known | posts C0INCIDENTDEMO updates/inc-1"}},
		{name: "what was written down is told in the thread", log: all(noted), seen: seen(at, "billing=degraded lake=ok"), want: []string{
			"inc-1 entries_told: something was written down | posts C0INCIDENTDEMO entry/inc-1/6 | posts C0INCIDENTDEMO entry/inc-1/7"}},
		{name: "which is told once", log: all(noted, []incident.Event{{Kind: incident.Entered, At: at}}), seen: seen(at, "billing=degraded lake=ok")},
		{name: "not while updates rest", log: all(noted, []incident.Event{{Kind: incident.Paused, At: at.Add(-time.Minute), By: ana}, {Kind: incident.Update, At: at, N: 2, Post: 1}}), seen: seen(at, "billing=degraded lake=ok")},
		{name: "two incidents, each of its products", log: all(hurt, other), seen: seen(at.Add(3*time.Minute), "billing=degraded lake=ok"), want: []string{
			"inc-1 update #2 in 1: regular update | edits C0INCIDENTDEMO updates/inc-1", "inc-2 update #1 in 1: first update | posts at once C0OTHER updates/inc-2"}},
		{name: "who watches is told, with or without an incident", log: all(hurt, watching), seen: seen(at, "billing=degraded lake=ok"), want: []string{
			"desk watched billing ok->degraded: a watched product's level changed | posts U0ANA0001 watch/billing/1"}},
		{name: "and not that it recovered while it may fail again", log: all(watching, []incident.Event{{Incident: incident.DeskID, Kind: incident.Watched, At: at, Product: "billing", From: "degraded", To: status.Proving}}),
			seen: seen(at, "billing=ok lake=ok"), with: func(s *publish.Seen) { s.Products[0].Held = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.with != nil {
				c.with(&c.seen)
			}
			before := len(c.log.Incidents)
			var got []string
			for _, d := range publish.Step(c.log, c.seen, nightRules()) {
				got = append(got, told(d))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("decided (-want +got):\n%s", diff)
			}
			if len(c.log.Incidents) != before {
				t.Error("the log that it was given has changed")
			}
		})
	}
}

// TestARecoverySaysWhenItBegan, where that is before the onset that was told.
func TestARecoverySaysWhenItBegan(t *testing.T) {
	ago := func(minutes int) time.Time { return night.Add(-time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct{ began, want time.Time }{"it grew": {ago(70), ago(70)}, "a step": {ago(60), time.Time{}}, "of an older version": {}} {
		var log incident.Log
		for i, e := range []incident.Event{{Kind: incident.Opened, At: ago(58), Number: 1, Channel: channelID, Every: 5 * time.Minute},
			{Kind: incident.Level, At: ago(58), Product: "billing", From: "ok", To: "degraded", Onset: ago(60)}} {
			e.Incident, e.Seq = "inc-1", uint64(i)+1
			log = log.With(e)
		}
		now := seen(night, "billing=ok lake=ok")
		now.Products[0].Proof = &impact.Proof{Onset: ago(60), Began: c.began, Ended: ago(20), EndedHigh: ago(18), Recovered: night}
		levels := 0
		for _, d := range publish.Step(log, now, nightRules()) {
			if e := d.Event; e.Kind == incident.Level {
				if levels++; !e.Began.Equal(c.want) || !e.Ended.Equal(ago(20)) {
					t.Errorf("%s: began %v, ended %v", name, e.Began, e.Ended)
				}
			}
		}
		if levels != 1 {
			t.Errorf("%s: %d levels", name, levels)
		}
	}
}
