package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestUpdatesWithinAMinuteHaveSeconds: "as of 09:44 · next 09:44" says nothing.
func TestUpdatesWithinAMinuteHaveSeconds(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 20, 0, time.UTC)
	for every, want := range map[time.Duration]string{15 * time.Second: "{time_secs}|19:32:20 UTC>", time.Minute: "{time}|19:32 UTC>"} {
		m := Update(UpdateFacts{N: 3, Snapshot: status.Snapshot{At: at}, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Minute), Every: every}, Next: at.Add(every)})
		if said := m.Blocks[0].Section; !strings.Contains(said, want) || strings.Count(said, "{time_secs}") != 2*one(every < time.Minute) {
			t.Errorf("every %s: want %q in %s", every, want, said)
		}
		if fast := strings.Contains(m.Text, "As of 19:32:20 UTC, next 19:32:35 UTC."); fast != (every < time.Minute) {
			t.Errorf("every %s: the notification has other times: %s", every, m.Text)
		}
	}
}

// TestSlowAnswersAreCountedAtTheEnd: where these were the trouble the end tells their share,
// also where a try failed by chance; where more failed, what failed.
func TestSlowAnswersAreCountedAtTheEnd(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 14, 0, 0, time.UTC)
	for want, f := range map[string]incident.Figure{
		"(4 min), 60 % of answers slow on 1 product (90 of 150). Report: ": {NewTries: 150, NewFailures: 1, NewSlow: 90},
		"(4 min), 20 % of tries on 1 product (30 of 150). Report: ":        {NewTries: 150, NewFailures: 30, NewSlow: 9},
	} {
		f.Product = "a"
		inc := incident.FoldAll([]incident.Event{{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at},
			{Seq: 2, Incident: "inc-1", Kind: incident.Level, At: at.Add(30 * time.Second), Product: "a", To: "degraded", Onset: at, Slow: true},
			{Seq: 3, Incident: "inc-1", Kind: incident.Level, At: at.Add(time.Hour), Product: "a", To: "ok", Ended: at.Add(4 * time.Minute)},
			{Seq: 4, Incident: "inc-1", Kind: incident.Resolved, At: at.Add(time.Hour), Figures: []incident.Figure{f}}})
		v := look(status.Snapshot{At: at.Add(time.Hour)}, inc, true)
		v.recovered = []status.ProductStatus{{Product: status.Product{ID: "a"}, Impact: impact.Impact{Proof: &impact.Proof{Slow: f.NewSlow > f.NewFailures}}}}
		if got := v.impactOf(UpdateFacts{Incident: inc}); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestAShortImpactIsNotToldToTheSecond: two failures a second apart are no "1 s", and
// the minute that they are in says little of them.
func TestAShortImpactIsNotToldToTheSecond(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 14, 0, 0, time.UTC)
	for span, want := range map[time.Duration]string{
		time.Second:     "Impact: <!date^1772442840^{time}|09:14 UTC>, less than a minute, on 1 product. Report: `/status report`",
		4 * time.Minute: "Impact: <!date^1772442840^{time}|09:14 UTC> to <!date^1772443080^{time}|09:18 UTC> (4 min), 25 % of tries on 1 product (2 of 8). Report: `/status report`",
	} {
		inc := incident.FoldAll([]incident.Event{{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at},
			{Seq: 2, Incident: "inc-1", Kind: incident.Level, At: at.Add(30 * time.Second), Product: "a", To: "degraded", Onset: at},
			{Seq: 3, Incident: "inc-1", Kind: incident.Level, At: at.Add(time.Hour), Product: "a", To: "ok", Ended: at.Add(span)},
			{Seq: 4, Incident: "inc-1", Kind: incident.Resolved, At: at.Add(time.Hour), Figures: []incident.Figure{{Product: "a", NewTries: 8, NewFailures: 2}}}})
		v := look(status.Snapshot{At: at.Add(time.Hour)}, inc, true)
		if got := v.impactOf(UpdateFacts{Incident: inc, Command: "/status"}); got != want {
			t.Errorf("%s: %s, want %s", span, got, want)
		}
		if said := v.lasted(inc); (said == " after less than a minute") != (span < time.Minute) {
			t.Errorf("%s: %s", span, said)
		}
	}
}

// TestUpdateLeadsToItsPage: where there is a page, the incident's name leads there, also in a reply.
func TestUpdateLeadsToItsPage(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 20, 0, time.UTC)
	u := UpdateFacts{N: 3, Snapshot: status.Snapshot{At: at}, Incident: incident.Incident{ID: "inc-7", Number: 7, Title: "a|b>", OpenedAt: at, Every: time.Minute}, Page: "https://status.example.com"}
	for _, u.Reply = range []bool{false, true} {
		if said := string(Update(u).BlocksJSON()); !strings.Contains(said, `\u003chttps://status.example.com/incidents/inc-7|Incident 7 “a|b\u0026gt;”\u003e`) {
			t.Errorf("reply %t: no link in %s", u.Reply, said)
		}
	}
	u.Page = ""
	if said := string(Update(u).BlocksJSON()); strings.Contains(said, "incidents/") {
		t.Errorf("without a page: %s", said)
	}
}
