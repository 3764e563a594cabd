package page

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

var endpoints = map[string][]string{ // :: path -> its keys beside page, sorted
	"summary": {"components", "incidents", "scheduled_maintenances", "status"}, "status": {"status"}, "components": {"components"},
	"incidents": {"incidents"}, "incidents/unresolved": {"incidents"}, "scheduled-maintenances": {"scheduled_maintenances"},
	"scheduled-maintenances/upcoming": {"scheduled_maintenances"}, "scheduled-maintenances/active": {"scheduled_maintenances"},
}

// troubled is a company with an incident that goes on and one that is over.
func troubled(t *testing.T) (*status.Board, time.Time) {
	t.Helper()
	b, now := company(t, 12, 2, 20, some)
	opened(b, now)
	for i, e := range []incident.Event{
		{Kind: incident.Opened, Number: 2, Title: "internal two", Channel: "C2", Every: time.Minute},
		{Kind: incident.Level, Product: "product-1", From: "ok", To: "outage"},
		{Kind: incident.Level, Product: "product-8", From: "ok", To: "degraded"},
		{Kind: incident.Proving, Products: []string{"product-1"}},
		{Kind: incident.Level, Product: "product-1", From: "outage", To: "ok"},
		{Kind: incident.Resolved, Why: "internal why"},
	} {
		e.Incident, e.Seq, e.At = "inc-2", uint64(100+i), now.Add(time.Duration(i-9)*time.Minute)
		b.ApplyEvent(e)
	}
	return b, now
}

func TestStatuspageShape(t *testing.T) {
	b, now := troubled(t)
	for name, access := range map[string]Access{"all": {}, "public": {Public: true}} {
		h := handlerOf(pagesOf(b, now, access))
		for path, keys := range endpoints {
			w := get(h, "/api/v2/"+path+".json")
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%s, %s: %d %v", name, path, w.Code, err)
			}
			var have []string
			for k, v := range got {
				if k != "page" {
					have = append(have, k)
				}
				if v == nil {
					t.Errorf("%s, %s: %s is null", name, path, k)
				}
			}
			if slices.Sort(have); !slices.Equal(have, keys) {
				t.Errorf("%s, %s: %v, want %v", name, path, have, keys)
			}
			// Scripts of other sites read what everybody may, and nothing else.
			if cors := w.Header().Get("Access-Control-Allow-Origin"); (cors == "*") != (name == "public") {
				t.Errorf("%s, %s: Access-Control-Allow-Origin is %q", name, path, cors)
			}
			if again := get(h, "/api/v2/"+path+".json"); again.Body.String() != w.Body.String() {
				t.Errorf("%s, %s: two answers differ", name, path)
			}
			if name == "public" {
				for _, hidden := range []string{"internal", "product-8", "product-4", "ledger", "Ana", "restarted", "edge-lb", "team-", "patches", `"statusbot"`} {
					if strings.Contains(w.Body.String(), hidden) {
						t.Errorf("%s says %q to everybody: %s", path, hidden, w.Body)
					}
				}
			}
		}
	}
}

func TestStatuspageSaysHowItIs(t *testing.T) {
	b, now := troubled(t)
	h := handlerOf(pagesOf(b, now, Access{URL: "https://status.example.com"}))
	var s struct {
		Page       spPage
		Status     spStatus
		Components []spComponent
		Incidents  []spIncident
		Scheduled  []spIncident `json:"scheduled_maintenances"`
	}
	if err := json.Unmarshal(get(h, "/api/v2/summary.json").Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	of := map[string]spComponent{}
	for _, c := range s.Components {
		of[c.ID] = c
	}
	if c := of["ledger"]; c.Status != "degraded_performance" || c.Description == nil || !strings.Contains(*c.Description, "not measured") || !c.Ours.Unknown {
		t.Errorf("what is not measured: %+v", c)
	}
	if c := of["product-0"]; c.Status != "degraded_performance" || c.Ours.N == 0 || c.Ours.Share <= 0 || c.Ours.Low >= c.Ours.Share || c.Ours.High <= c.Ours.Share || c.Ours.Since == nil {
		t.Errorf("what fails: %+v", c)
	}
	if c := of["product-2"]; c.Status != "operational" || c.PageID != s.Page.ID || c.Position != 3 {
		t.Errorf("what is well: %+v", c)
	}
	if s.Status.Indicator != "minor" || s.Page.URL != "https://status.example.com" || s.Page.TimeZone != "UTC" {
		t.Errorf("%+v of %+v", s.Status, s.Page)
	}
	if len(s.Incidents) != 1 || s.Incidents[0].ID != "inc-1" || s.Incidents[0].Status != "investigating" || s.Incidents[0].ResolvedAt != nil || s.Incidents[0].Shortlink != "https://status.example.com/incidents/inc-1" ||
		len(s.Incidents[0].Updates) != 3 || s.Incidents[0].Updates[0].Body != "Ana marked #1 “restarted edge-lb-2”." || len(s.Incidents[0].Components) != 1 {
		t.Errorf("incidents: %+v", s.Incidents)
	}
	if len(s.Scheduled) != 2 || s.Scheduled[0].Status != "in_progress" || s.Scheduled[1].Status != "scheduled" || *s.Scheduled[1].ScheduledFor != "2026-03-03T20:50:00.000Z" {
		t.Errorf("maintenance: %+v", s.Scheduled)
	}
	if err := json.Unmarshal(get(h, "/api/v2/incidents.json").Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if i := s.Incidents[0]; len(s.Incidents) != 2 || i.ID != "inc-2" || i.Status != "resolved" || i.Impact != "critical" || i.ResolvedAt == nil || i.MonitoringAt == nil || i.Updates[0].Status != "resolved" {
		t.Errorf("the newest incident: %+v", i)
	}
	if u := s.Incidents[0].Updates[len(s.Incidents[0].Updates)-3]; len(u.Affected) != 1 || u.Affected[0].NewStatus != "degraded_performance" {
		t.Errorf("a change of level: %+v", u)
	}
}

// TestComponentsOutliveTheProcess: one that begins anew says of every component what the one before said: when it was
// made, and when its level last changed, also where that is over.
func TestComponentsOutliveTheProcess(t *testing.T) {
	b, now := troubled(t)
	var before []spComponent
	for _, begun := range []time.Time{now, now.Add(time.Minute)} {
		var got struct{ Components []spComponent }
		if err := json.Unmarshal(get(handlerOf(pagesOf(b, begun, Access{})), "/api/v2/components.json").Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for i, c := range got.Components {
			if before != nil && (c.CreatedAt != before[i].CreatedAt || c.UpdatedAt != before[i].UpdatedAt) {
				t.Errorf("%s: made %s and changed %s, after a new start %s and %s", c.ID, before[i].CreatedAt, before[i].UpdatedAt, c.CreatedAt, c.UpdatedAt)
			}
			if want := map[string]string{"product-1": stamp(now.Add(-5 * time.Minute)), "product-2": c.CreatedAt}[c.ID]; want != "" && c.UpdatedAt != want {
				t.Errorf("%s changed %s, want %s", c.ID, c.UpdatedAt, want)
			}
		}
		before = got.Components
	}
	if len(before) == 0 {
		t.Error("there are no components")
	}
}

func TestFeedsCanBeRead(t *testing.T) {
	b, now := troubled(t)
	for name, access := range map[string]Access{"all": {}, "public": {Public: true}} {
		h := handlerOf(pagesOf(b, now, access))
		var atom struct {
			Entry []struct {
				ID      string `xml:"id"`
				Title   string `xml:"title"`
				Updated string `xml:"updated"`
				Content string `xml:"content"`
				Link    struct {
					Href string `xml:"href,attr"`
				} `xml:"link"`
			} `xml:"entry"`
		}
		w := get(h, "/feed.atom")
		if err := xml.Unmarshal(w.Body.Bytes(), &atom); err != nil || len(atom.Entry) < 4 {
			t.Fatalf("%s: %v\n%s", name, err, w.Body)
		}
		ids := map[string]bool{}
		for _, e := range atom.Entry {
			if _, err := time.Parse(time.RFC3339, e.Updated); err != nil || e.Title == "" || e.Content == "" || ids[e.ID] || !strings.HasPrefix(e.Link.Href, "http://127.0.0.1:8080/") {
				t.Errorf("%s: entry %+v", name, e)
			}
			ids[e.ID] = true
		}
		var rss struct {
			Items []struct {
				PubDate     string `xml:"pubDate"`
				GUID        string `xml:"guid"`
				Description string `xml:"description"`
			} `xml:"channel>item"`
		}
		if err := xml.Unmarshal(get(h, "/feed.rss").Body.Bytes(), &rss); err != nil || len(rss.Items) != len(atom.Entry) {
			t.Fatalf("%s: %v, %d items", name, err, len(rss.Items))
		}
		for _, i := range rss.Items {
			if _, err := time.Parse(time.RFC1123Z, i.PubDate); err != nil || !ids[i.GUID] {
				t.Errorf("%s: item %+v", name, i)
			}
			if strings.Contains(i.Description, "<") || strings.Contains(i.Description, "and; more") && !strings.Contains(i.Description, "more &lt;b&gt;&amp;c") { // readers take it for HTML
				t.Errorf("%s: described as %q", name, i.Description)
			}
		}
		calendar := get(h, "/maintenance.ics").Body.String()
		for line := range strings.SplitSeq(strings.TrimSuffix(calendar, "\r\n"), "\r\n") {
			if len(line) > 75 || strings.Contains(line, "\n") {
				t.Errorf("%s: the calendar has the line %q", name, line)
			}
		}
		if why := strings.Contains(strings.ReplaceAll(calendar, "\r\n ", ""), `moving the internal database\, and\; more`); why != (name == "all") || strings.Count(calendar, "BEGIN:VEVENT") != strings.Count(calendar, "END:VEVENT") {
			t.Errorf("%s: the calendar:\n%s", name, calendar)
		}
		if name == "public" {
			for _, path := range []string{"/feed.atom", "/feed.rss", "/maintenance.ics", "/badge.svg", "/badges/product-4.svg"} {
				w := get(h, path)
				for _, hidden := range []string{"internal", "Product number 8", "Product number 4", "Ledger", "Ana", "restarted", "edge-lb", "patches"} {
					if strings.Contains(w.Body.String(), hidden) {
						t.Errorf("%s says %q to everybody: %s", path, hidden, w.Body)
					}
				}
			}
		}
	}
}

func TestBadges(t *testing.T) {
	b, now := troubled(t)
	h := handlerOf(pagesOf(b, now, Access{}))
	for path, want := range map[string]string{
		"/badge.svg": "3 in trouble", "/badges/ledger.svg": "not measured", "/badges/product-0.svg": "&lt;img", "/badges/product-2.svg": "as usual",
	} {
		w := get(h, path)
		var svg struct{ XMLName xml.Name }
		if err := xml.Unmarshal(w.Body.Bytes(), &svg); err != nil || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %v, %s", path, err, w.Body)
		}
	}
	if w := get(h, "/badges/nothing.svg"); w.Code != http.StatusNotFound {
		t.Errorf("a badge of nothing: %d", w.Code)
	}
}

// TestNothingIsSaidInTheFuture: maintenance that is planned is told as of now, not as of when it begins: readers sort
// what comes by that, and leave out what is not yet.
func TestNothingIsSaidInTheFuture(t *testing.T) {
	b, now := troubled(t)
	h := handlerOf(pagesOf(b, now, Access{}))
	var got struct {
		Scheduled []spIncident `json:"scheduled_maintenances"`
	}
	if err := json.Unmarshal(get(h, "/api/v2/scheduled-maintenances/upcoming.json").Body.Bytes(), &got); err != nil || len(got.Scheduled) != 1 {
		t.Fatalf("%d are planned: %v", len(got.Scheduled), err)
	}
	m := got.Scheduled[0]
	for _, at := range []string{m.CreatedAt, m.UpdatedAt, m.Updates[0].CreatedAt, m.Updates[0].DisplayAt} {
		if at > stamp(now) {
			t.Errorf("at %s it says %s", stamp(now), at)
		}
	}
	if *m.ScheduledFor <= stamp(now) {
		t.Errorf("it is planned for %s", *m.ScheduledFor)
	}
	for line := range strings.Lines(get(h, "/maintenance.ics").Body.String()) {
		if at, is := strings.CutPrefix(strings.TrimSpace(line), "DTSTAMP:"); is && at > now.UTC().Format("20060102T150405Z") {
			t.Errorf("at %s the calendar says that it was written at %s", now, at)
		}
	}
}

// TestABadgeThatCannotSee: while our own control checks fail the badge of all counts nothing.
func TestABadgeThatCannotSee(t *testing.T) {
	rows := []format.ProductRow{{Level: impact.Outage}, {Level: impact.OK}}
	for since, want := range map[time.Time]string{{}: "1 in trouble", t0: "we cannot see"} {
		if got := boardWord(&told{snapshot: status.Snapshot{Blind: status.Blindness{Since: since}}, board: format.BoardPage{Rows: rows}}); got != want {
			t.Errorf("blind since %s the badge says %q, want %q", since, got, want)
		}
	}
}
