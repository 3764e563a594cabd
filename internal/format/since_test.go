package format

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestSinceIsAgainstThen: in a line, and what came between beneath it.
func TestSinceIsAgainstThen(t *testing.T) {
	now := time.Date(2026, 3, 3, 2, 15, 0, 0, time.UTC)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	product := func(id string, level impact.Level, failures, onset int) status.ProductStatus {
		p := status.ProductStatus{Product: status.Product{ID: id, Name: strings.ToUpper(id)}, Checks: 1}
		p.Level, p.Tries, p.Failures, p.AsOf, p.From, p.Usual = level, 300, failures, now, ago(10), 0.001
		if level.Hurt() {
			p.Onset = ago(onset)
		}
		return p
	}
	recovered := func(p status.ProductStatus, onset, at int) status.ProductStatus {
		p.Proof = &impact.Proof{Onset: ago(onset), Since: ago(at), Recovered: ago(at), Proven: ago(at - 1), N: 300}
		return p
	}
	level := func(at int, id, from, to string) incident.Event {
		return incident.Event{Incident: "inc-1", Kind: incident.Level, At: ago(at), Product: id, From: from, To: to}
	}
	slow := func(at int, id string) incident.Event {
		e := level(at, id, "ok", "degraded")
		e.Slow = true
		return e
	}
	step := func(at int, kind incident.Kind, before, after int) incident.Event {
		return incident.Event{Incident: "inc-1", Kind: kind, At: ago(at - 4), Step: &incident.RateStep{At: ago(at), Before: incident.Counts{Tries: 1000, Failures: before}, After: incident.Counts{Tries: 1000, Failures: after}}}
	}
	const degraded, ok = impact.Degraded, impact.OK
	for name, c := range map[string]struct {
		products []status.ProductStatus
		before   int // failures of 300 then, of each
		events   []incident.Event
		ended    []incident.Incident
		first    time.Time
		want     string
		course   string
	}{
		"worse": {products: []status.ProductStatus{product("a", degraded, 30, 200), product("b", degraded, 28, 200), product("c", ok, 0, 0)}, before: 12,
			events: []incident.Event{level(190, "a", "ok", "degraded"), level(190, "b", "ok", "degraded"), step(104, incident.Rate, 39, 90)},
			want:   "Since 00:25 UTC (1 h 50 min): worse, 4.0 → 9.7 % of tries (58 of 600), A and B as then.", course: "00:31 UTC rose from 3.9 to 9.0 % of tries."},
		"better, with one more": {products: []status.ProductStatus{product("a", degraded, 4, 200), product("b", degraded, 4, 60), product("c", degraded, 4, 200), product("d", degraded, 4, 200)}, before: 24,
			events: []incident.Event{level(190, "a", "ok", "degraded"), level(190, "c", "ok", "degraded"), level(190, "d", "ok", "degraded"), level(55, "b", "ok", "degraded"), step(70, incident.Rate, 80, 13)},
			want:   "Since 00:25 UTC (1 h 50 min): better, 8.0 → 1.3 % of tries (16 of 1,200), 4 products (3 then).", course: "01:05 UTC fell from 8.0 to 1.3 % of tries.\n01:20 UTC B failing."},
		"seen since, and failing then already": {products: []status.ProductStatus{product("a", degraded, 30, 200), product("b", degraded, 30, 115), product("c", degraded, 30, 60), product("d", degraded, 30, 200)}, before: 30,
			events: []incident.Event{level(190, "a", "ok", "degraded"), level(190, "d", "ok", "degraded"), level(107, "b", "ok", "degraded"), level(106, "c", "ok", "degraded")},
			want:   "Since 00:25 UTC (1 h 50 min): about the same, 10.0 → 10.0 % of tries (120 of 1,200), 4 products (3 then).", course: "00:28 UTC noticed: B failing since before 00:25 UTC.\n00:29 UTC C failing."},
		"in several parts": {products: []status.ProductStatus{product("a", impact.Outage, 200, 200), product("b", degraded, 30, 200)}, before: 24,
			events: []incident.Event{level(190, "a", "ok", "outage"), level(190, "b", "ok", "degraded")},
			want:   "Since 00:25 UTC (1 h 50 min): 2 were hurt then, 2 are now: A fails 67 % of tries (200 of 300 in 10 min). B fails 10 % of tries (30 of 300 in 10 min).", course: "Nothing changed, and nothing was marked."},
		"slow between": {products: []status.ProductStatus{product("a", ok, 0, 0), product("b", ok, 0, 0)}, before: 0,
			events: []incident.Event{slow(100, "a"), level(98, "b", "ok", "degraded"), level(40, "a", "degraded", "ok"), level(38, "b", "degraded", "ok")},
			want:   "Since 00:25 UTC (1 h 50 min): 2 products were hurt, none is now; both products as usual: 0 of 600 tries failed in 10 min.",
			course: "00:35 UTC A slow.\n00:37 UTC B failing.\n01:35 UTC A no longer slow.\n01:37 UTC B no longer failing."},
		"hurt between": {products: []status.ProductStatus{product("a", ok, 0, 0), product("b", ok, 0, 0)}, before: 0,
			events: []incident.Event{level(100, "a", "ok", "degraded"), level(98, "b", "ok", "degraded"), step(50, incident.Quiet, 40, 1), level(40, "a", "degraded", "ok"), level(38, "b", "degraded", "ok")},
			want:   "Since 00:25 UTC (1 h 50 min): 2 products were hurt, none is now; both products as usual: 0 of 600 tries failed in 10 min.",
			course: "00:35 UTC A, B failing.\n01:25 UTC quiet: 1 of 1,000 tries failed, 4.0 % before.\n01:35 UTC A, B no longer failing."},
		"hurt between, in no incident of the channel": {products: []status.ProductStatus{recovered(product("a", ok, 0, 0), 100, 40), product("b", ok, 0, 0)},
			want: "Since 00:25 UTC (1 h 50 min): 1 product was hurt, none is now; both products as usual: 0 of 600 tries failed in 10 min."},
		"none": {products: []status.ProductStatus{product("a", ok, 0, 0), product("b", ok, 0, 0)}, first: ago(90),
			want: "Since 00:25 UTC (1 h 50 min), known since 00:45 UTC when results begin: both products as usual: 0 of 600 tries failed in 10 min.", course: "Nothing changed, and nothing was marked."},
		"new": {products: []status.ProductStatus{product("a", degraded, 30, 20), product("b", ok, 0, 0)}, events: []incident.Event{level(18, "a", "ok", "degraded")},
			ended: []incident.Incident{{Number: 7, OpenedAt: ago(130), EndedAt: ago(60)}},
			want:  "Since 00:25 UTC (1 h 50 min): none was hurt then; now A fails 10 % of tries (30 of 300 in 10 min).", course: "00:25 UTC incident 7 until 01:15 UTC.\n01:57 UTC A failing."},
	} {
		inc := incident.Incident{}
		if len(c.events) > 0 {
			inc = incident.Fold(inc, incident.Event{Incident: "inc-1", Kind: incident.Opened, Number: 8, At: c.events[0].At, Every: 5 * time.Minute})
			for _, e := range c.events {
				inc = incident.Fold(inc, e)
			}
		}
		before := map[string]incident.Counts{}
		for _, p := range c.products {
			before[p.ID] = incident.Counts{Tries: 300, Failures: c.before}
		}
		m := Handover(HandoverFacts{Since: ago(110), First: c.first, Snapshot: status.Snapshot{At: now, Window: 10 * time.Minute, Products: c.products}, Incident: inc, Ended: c.ended, Before: before, Command: "/status"})
		if m.Text != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, m.Text, c.want)
		}
		var shown []string
		for _, b := range m.Blocks {
			shown = append(shown, b.Section)
		}
		all := tokens.ReplaceAllString(strings.Join(shown, "\n"), "$1")
		if !strings.Contains(all, c.course) {
			t.Errorf("%s:\n%s\nwant in it\n%s", name, all, c.course)
		}
	}
}

var tokens = regexp.MustCompile(`<!date\^[^|]*\|([^>]*)>`)
