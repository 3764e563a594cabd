package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

var update = flag.Bool("update", false, "write the golden reports anew")

var evening = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

// story is the log of an incident of fifteen hours: three of five products
// fail a little, Billing is down for twenty minutes, the second action helps.
func story() report.Facts {
	def := status.Definition{Company: "Acme", Window: 10 * time.Minute}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // unreachable: the tests import the zones
	}
	def.Timezone = zone
	for _, p := range [][3]string{{"billing", "Billing", "payments"}, {"search", "Search", "discovery"}, {"checkout", "Checkout", "shop"}, {"mail", "Mail", "it"}, {"payroll", "Payroll", ""}} {
		def.Products = append(def.Products, status.Product{ID: p[0], Name: p[1], Owner: p[2]})
		if p[0] != "payroll" {
			def.Checks = append(def.Checks, checks.Check{ID: p[0] + "-api", Product: p[0], Kind: "http", Every: 10 * time.Second, Source: checks.Source{File: "checks.d/" + p[0] + ".yaml", Line: 3}})
		}
	}
	var log []incident.Event
	add := func(after time.Duration, e incident.Event) {
		e.Incident, e.At, e.Seq = "inc-7", evening.Add(after), uint64(len(log)+1)
		log = append(log, e)
	}
	level := func(after time.Duration, product, from, to string, onset time.Duration, why string) {
		e := incident.Event{Kind: incident.Level, Product: product, From: from, To: to, Why: why}
		if to != "ok" {
			e.Onset = evening.Add(onset)
		}
		add(after, e)
	}
	const m = time.Minute
	n, post := 0, 0
	was := evening
	update := func(after time.Duration, isPost bool, cause string, levels [3]string, percent [3]int) {
		n++
		if isPost {
			post = n
		}
		e := incident.Event{Kind: incident.Update, N: n, Post: post, Due: evening.Add(after), Cause: cause, Counted: evening.Add(after)}
		tries := int(evening.Add(after).Sub(was).Seconds() / 10)
		was = e.Counted
		for i, p := range []string{"billing", "search", "checkout"} {
			f := incident.Figure{Product: p, Level: levels[i], Tries: 60, Failures: percent[i] * 60 / 100, NewTries: tries, NewFailures: percent[i] * tries / 100}
			f.Share = float64(f.Failures) / 60
			e.Figures = append(e.Figures, f)
		}
		e.Figures = append(e.Figures, incident.Figure{Product: "mail", Level: "ok", Tries: 60, NewTries: tries}, incident.Figure{Product: "payroll", Level: "unknown"})
		add(after, e)
	}
	add(4*m, incident.Event{Kind: incident.Opened, Number: 7, Title: "Payments & search", Channel: "C1", Every: 5 * m, Why: "Billing: 6 of 60 failed"})
	level(4*m, "billing", "ok", "degraded", 2*m, "6 of 60 failed, usual is 0.1 %")
	update(4*m, true, "", [3]string{"degraded", "ok", "ok"}, [3]int{10, 0, 0})
	level(8*m, "search", "ok", "degraded", 6*m, "5 of 60 failed")
	level(9*m, "checkout", "ok", "degraded", 7*m, "3 of 60 failed")
	bad, cause := [3]string{"degraded", "degraded", "degraded"}, "Most likely shared cause: edge-lb-2. 41 of the 43 failing checks use it; none of the 120 other checks fails."
	for i := range 170 {
		after := 10*m + time.Duration(i)*5*m
		levels, share := bad, [3]int{12 - i%5, 6 + i%3, 2 + i%4}
		switch i {
		case 20:
			add(after-m, incident.Event{Kind: incident.Mark, Mark: 1, By: "U1", Text: "drained edge-lb-1"})
			add(after-m+20*time.Second, incident.Event{Kind: incident.Acked, By: "U1", Product: "billing"})
		case 27:
			add(after-m, incident.Event{Kind: incident.Effect, Mark: 1, Verdicts: []incident.Verdict{{Verdict: "no discernible effect", Before: incident.Counts{Failures: 104, Tries: 1508}, After: incident.Counts{Failures: 98, Tries: 1480}, Margin: 0.016}}})
		case 40:
			level(after-m, "billing", "degraded", "outage", 2*m, "50 of 50 failed")
		case 44:
			level(after-m, "billing", "outage", "degraded", 2*m, "12 of 60 failed")
		case 60:
			add(after-m, incident.Event{Kind: incident.Note, By: "U2", Text: "the vendor is called | ticket *42*"})
			add(after-m+5*time.Second, incident.Event{Kind: "of a later version", By: "U2", Text: "told plainly"})
			add(after-m+10*time.Second, incident.Event{Kind: incident.Cadence, By: "U2", Every: 5 * m})
		}
		if i >= 40 && i < 44 {
			levels[0], share[0] = "outage", 97
		}
		told := cause
		if i < 6 {
			told = "Most likely one of edge-lb-1, edge-lb-2: the checks cannot tell them apart."
		}
		update(after, i%6 == 0 || i == 40 || i == 44, told, levels, share)
	}
	add(862*m, incident.Event{Kind: incident.Mark, Mark: 2, By: "U2", Text: "restarted edge-lb-2"})
	update(865*m, false, cause, bad, [3]int{1, 1, 0})
	update(870*m, false, cause, bad, [3]int{0, 0, 0})
	add(871*m, incident.Event{Kind: incident.Effect, Mark: 2, Verdicts: []incident.Verdict{{Verdict: "helped", Before: incident.Counts{Failures: 96, Tries: 1500}, After: incident.Counts{Failures: 1, Tries: 1500}, Margin: 0.011}}})
	for i, p := range []string{"billing", "search", "checkout"} {
		level(time.Duration(880+i)*m, p, "degraded", "ok", 0, "0 of 120 results failed since the last bad one")
	}
	add(882*m, incident.Event{Kind: incident.Proving, Products: []string{"billing", "search", "checkout"}})
	update(883*m, true, "", [3]string{"ok", "ok", "ok"}, [3]int{0, 0, 0})
	add(895*m, incident.Event{Kind: incident.Proven, Products: []string{"billing", "search", "checkout"}, Why: "Billing below 1 % with 99 % confidence, 0 of 460 tries failed"})
	add(895*m, incident.Event{Kind: incident.Resolved, Why: "every product is as usual again"})
	update(895*m, true, "", [3]string{"ok", "ok", "ok"}, [3]int{0, 0, 0})
	return report.Facts{Events: log, Definition: def, Names: map[string]string{"U1": "Ana Alonso", "U2": "Ben Baker"}}
}

func made(t testing.TB, f report.Facts) (*report.Report, []byte) {
	t.Helper()
	r, ok := report.New(f)
	if !ok {
		t.Fatal("the events make no report")
	}
	page, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return r, page
}

// TestReport compares a report with the files of testdata. To accept a
// change: go test ./internal/format/report -update.
func TestReport(t *testing.T) {
	r, page := made(t, story())
	_, again := made(t, story())
	if !bytes.Equal(page, again) {
		t.Error("the same facts gave other bytes")
	}
	for name, got := range map[string][]byte{"story.html": page, "story.md": r.Markdown()} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	harmless(t, page)
}

// TestReportCounts: the figures of a small log, added up by hand.
func TestReportCounts(t *testing.T) {
	at := func(m int) time.Time { return evening.Add(time.Duration(m) * time.Minute) }
	base := []incident.Event{
		{Seq: 1, Kind: incident.Opened, At: at(10), By: "U1", Number: 3, Every: 5 * time.Minute},
		{Seq: 2, Kind: incident.Level, At: at(12), Product: "a", From: "ok", To: "degraded", Onset: at(5)},
		{Seq: 3, Kind: incident.Update, At: at(15), N: 1, Post: 1, Counted: at(15), Figures: []incident.Figure{{Product: "a", Level: "degraded", Tries: 100, Failures: 9, NewTries: 60, NewFailures: 6}}},
		{Seq: 4, Kind: incident.Level, At: at(20), Product: "a", From: "degraded", To: "outage", Onset: at(5)},
		{Seq: 5, Kind: incident.Update, At: at(20), N: 2, Post: 1, Counted: at(20), Figures: []incident.Figure{{Product: "a", Level: "outage", Tries: 100, Failures: 40, NewTries: 30, NewFailures: 15}}},
	}
	end := []incident.Event{
		{Seq: 6, Kind: incident.Resolved, At: at(30), By: "U1"},
		{Seq: 7, Kind: incident.Reopened, At: at(40), Why: "again"},
		{Seq: 8, Kind: incident.Level, At: at(45), Product: "a", From: "outage", To: "ok"},
		{Seq: 9, Kind: incident.Resolved, At: at(50)},
	}
	for _, tt := range []struct {
		name string
		log  []incident.Event
		want []string
	}{
		{"still open", base, []string{"still open at 19:50 (15 min so far)", "| a | nobody named | 15 min | none | 21 of 90 (23 %) |", "| 19:42 | First level seen | 7 min after onset |",
			"| 19:40 | Start by U1 | 5 min after onset |", "| not known | Mitigation |", "this report is as of 19:50", "edit of 1"}},
		{"ended and opened again", append(append([]incident.Event{}, base...), end...), []string{"Tue 3 Mar 2026 19:35 to 20:15 (40 min), UTC", "| a | nobody named | 30 min | 15 min | 21 of 90 (23 %) |",
			"degraded 19:35 to 19:50; down 19:50 to 20:00; down 20:10 to 20:15", "| 20:15 | Recovery | 40 min after onset |", "opened again: again"}},
		{"ended when it ended", append(append([]incident.Event{}, base[:3]...),
			incident.Event{Seq: 4, Kind: incident.Level, At: at(20), Product: "a", From: "degraded", To: "outage", Onset: at(18)},
			incident.Event{Seq: 5, Kind: incident.Level, At: at(28), Product: "a", From: "outage", To: "degraded", Ended: at(26), EndedLate: at(27)},
			incident.Event{Seq: 6, Kind: incident.Level, At: at(48), Product: "a", From: "degraded", To: "ok", Ended: at(26), EndedLate: at(27)},
			incident.Event{Seq: 7, Kind: incident.Resolved, At: at(50)}), []string{"| a | nobody named | 21 min | 8 min |", "degraded 19:35 to 19:48; down 19:48 to 19:56"}},
		{"began when it began", append(append([]incident.Event{}, base[:3]...),
			incident.Event{Seq: 4, Kind: incident.Level, At: at(20), Product: "a", From: "degraded", To: "outage", Onset: at(18)},
			incident.Event{Seq: 5, Kind: incident.Level, At: at(28), Product: "a", From: "outage", To: "ok", Ended: at(26), Began: at(1)},
			incident.Event{Seq: 6, Kind: incident.Level, At: at(38), Product: "a", From: "ok", To: "degraded", Onset: at(37)},
			incident.Event{Seq: 7, Kind: incident.Level, At: at(48), Product: "a", From: "degraded", To: "ok", Ended: at(46), Began: at(20)},
			incident.Event{Seq: 8, Kind: incident.Resolved, At: at(50)}), []string{"Tue 3 Mar 2026 19:31 to 20:16 (45 min)", "| a | nobody named | 45 min | 8 min |", "degraded 19:31 to 19:48; down 19:48 to 19:56; degraded 19:56 to 20:16",
			"| 19:31 | Onset |", "a degraded (was as usual) since 19:35", "a as usual (was down); it had begun 19:31"}},
		{"an outage in which half failed is not down", append(append([]incident.Event{}, base[:3]...),
			incident.Event{Seq: 4, Kind: incident.Level, At: at(20), Product: "a", From: "degraded", To: "outage", Onset: at(18), Failed: &incident.Counts{Failures: 12, Tries: 20}},
			incident.Event{Seq: 5, Kind: incident.Update, At: at(20), N: 2, Post: 2, Counted: at(20), Figures: []incident.Figure{{Product: "a", Level: "outage", Tries: 20, Failures: 12, NewTries: 30, NewFailures: 15}}},
			incident.Event{Seq: 6, Kind: incident.Level, At: at(28), Product: "a", From: "outage", To: "unknown"},
			incident.Event{Seq: 7, Kind: incident.Resolved, At: at(50)}),
			[]string{"| a | nobody named | 23 min | none |", "degraded 19:35 to 19:48; mostly failing 19:48 to 19:58", "it was never down", "0 of 1 product degraded, 0 down, 1 mostly failing", "a mostly failing (was degraded)", "a not measured (was mostly failing)"}},
		{"what half failed first and then wholly", append(append([]incident.Event{}, base[:3]...),
			incident.Event{Seq: 4, Kind: incident.Level, At: at(20), Product: "a", From: "degraded", To: "outage", Onset: at(18), Failed: &incident.Counts{Failures: 12, Tries: 20}},
			incident.Event{Seq: 5, Kind: incident.Level, At: at(28), Product: "a", From: "outage", To: "degraded", Ended: at(28), Failed: &incident.Counts{Failures: 200, Tries: 204}},
			incident.Event{Seq: 6, Kind: incident.Level, At: at(30), Product: "a", From: "degraded", To: "ok"}), []string{"down 19:48 to 19:58", "a degraded (was down)"}},
		{"failed again, and closed without proof", append(append([]incident.Event{}, base...), []incident.Event{
			{Seq: 6, Kind: incident.Level, At: at(30), Product: "a", From: "outage", To: "ok"}, {Seq: 7, Kind: incident.Proving, At: at(30), Products: []string{"a"}},
			{Seq: 8, Kind: incident.Level, At: at(40), Product: "a", From: "ok", To: "degraded", Onset: at(39)}, {Seq: 9, Kind: incident.Relapsed, At: at(40), Products: []string{"a"}, Why: "a: 2 of 5 failed"},
			{Seq: 10, Kind: incident.Level, At: at(50), Product: "a", From: "degraded", To: "ok"}, {Seq: 11, Kind: incident.Proving, At: at(50), Products: []string{"a"}},
			{Seq: 12, Kind: incident.Resolved, At: at(170), Products: []string{"a"}}}...),
			[]string{"| 20:20 | Mitigation | 40 min after start by U1, 45 min after onset |", "| not known | Recovery |", "failing again: a: 2 of 5 failed", "20:20, statusbot: no product fails at the incident's rate any more; not proven yet: a",
				"22:20, a: recovery not proven when the updates ended"}},
	} {
		r, _ := made(t, report.Facts{Events: tt.log})
		got := string(r.Markdown())
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the report lacks %q:\n%s", tt.name, want, got)
			}
		}
	}
	if _, ok := report.New(report.Facts{Events: base[1:]}); ok {
		t.Error("a log without its opening made a report")
	}
	if _, ok := report.New(report.Facts{}); ok {
		t.Error("no events made a report")
	}
}

// TestReportOfAnOlderLog: windows that overlap are not counted twice.
func TestReportOfAnOlderLog(t *testing.T) {
	log := []incident.Event{{Seq: 1, Kind: incident.Opened, At: evening, Number: 1, Every: 5 * time.Minute},
		{Seq: 2, Kind: incident.Level, At: evening, Product: "a", To: "degraded"}}
	for i := range 5 { // 0, 5, 10, 15, 20 min: three of them do not overlap
		log = append(log, incident.Event{Seq: uint64(3 + i), Kind: incident.Update, At: evening.Add(time.Duration(i) * 5 * time.Minute), N: i + 1, Post: 1,
			Figures: []incident.Figure{{Product: "a", Level: "degraded", Tries: 100, Failures: 10, Share: 0.1}}})
	}
	r, _ := made(t, report.Facts{Events: log})
	if got := string(r.Markdown()); !strings.Contains(got, "30 of 300 (10 %)") || !strings.Contains(got, "windows that do not overlap") {
		t.Errorf("the report counts wrongly:\n%s", got)
	}
}

// harmless reports an error when a page holds anything that runs, loads or leads
// elsewhere.
func harmless(t testing.TB, page []byte) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "iframe", "img", "object", "embed", "link", "a", "form", "input", "base", "image", "use", "foreignobject", "b", "i":
			t.Errorf("the page has a %s element", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "href" || a.Key == "src" || a.Key == "style" && a.Val != "position:absolute" || strings.Contains(strings.ToLower(a.Val), "javascript:") && a.Key != "aria-label" {
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

var hostileTexts = []string{
	`</td><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `<!channel> @here :fire:`, "a|b\n# head\n| x | y |", "`code` *bold* [link](javascript:alert(1))",
	"</title></svg></style><script>1</script>", "\u202egnp.exe", strings.Repeat("<b>", 4000), "{{.Title}} {{/* */}}", "", "https://evil.example/x",
}

func TestHostileReport(t *testing.T) {
	for _, bad := range hostileTexts {
		f := story()
		f.Definition.Products[0].Name, f.Definition.Products[1].Owner = bad, bad
		f.Definition.Checks[0].Source.File, f.Definition.Checks[0].ID, f.Definition.Checks[0].Kind = bad, bad, bad
		f.Names = map[string]string{"U1": bad, "U2": bad}
		for i := range f.Events {
			e := &f.Events[i]
			e.Title, e.Why, e.Cause, e.Text = bad, bad, bad, bad
			if e.Product != "" && i%3 == 0 {
				e.Product = bad + "x"
			}
			if i%7 == 0 && e.Kind != incident.Opened {
				e.Kind, e.By = incident.Kind(bad+"k"), bad
			}
		}
		r, page := made(t, f)
		harmless(t, page)
		m := strings.ReplaceAll(string(r.Markdown()), `\](`, "")
		for _, never := range []string{"<script", "<img", "<b>", "](javascript", "https://evil", "\n# head", "@here"} {
			if strings.Contains(m, never) {
				t.Errorf("of %.40q the Markdown has %q", bad, never)
			}
		}
		if len(page) > 1<<20 {
			t.Errorf("of %.40q the page has %d bytes", bad, len(page))
		}
	}
}

// FuzzReport: any log that can be decoded makes a page that runs nothing, and
// the same twice.
func FuzzReport(f *testing.F) {
	var seed []byte
	for _, e := range story().Events[:40] {
		data, err := e.Encode()
		if err != nil {
			f.Fatal(err)
		}
		seed = append(append(seed, data...), '\n')
	}
	f.Add(seed)
	f.Add([]byte(`{"incident":"inc-1","kind":"opened","number":1,"at":"2026-03-03T19:32:00Z"}` + "\n" + `{"incident":"inc-1","kind":"update","n":-4,"at":"9999-12-31T23:59:59Z","figures":[{"product":"<a>","new_tries":-5,"new_failures":9}],"counted":"0001-01-02T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var log []incident.Event
		for i, line := range bytes.Split(data, []byte("\n")) {
			if e, err := incident.DecodeEvent(line, uint64(i+1)); err == nil {
				log = append(log, e)
			}
		}
		r, ok := report.New(report.Facts{Events: log})
		if !ok {
			return
		}
		page, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, page)
		again, _ := report.New(report.Facts{Events: log})
		if twice, _ := again.HTML(); !bytes.Equal(page, twice) {
			t.Error("the same log gave other bytes")
		}
		r.Markdown()
	})
}

// TestReportOfALongLog: a week of updates every minute is read in a moment.
func TestReportOfALongLog(t *testing.T) {
	f := story()
	last := f.Events[len(f.Events)-1]
	for i := range 10_000 {
		e := last
		e.Seq, e.N, e.At = last.Seq+uint64(i)+1, last.N+i+1, last.At.Add(time.Duration(i+1)*time.Minute)
		e.Counted = e.At
		f.Events = append(f.Events, e)
	}
	_, page := made(t, f)
	if len(page) > 4<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if n := bytes.Count(page, []byte("<td class=\"n\">10,")); n == 0 {
		t.Error("the last updates are missing")
	}
}
