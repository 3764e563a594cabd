//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web/page"
)

// troubled is a board of a dozen products: one is down, three fail now and then,
// one is in nobody's checks, and an incident goes on with an action.
func troubled() (*status.Board, time.Time) {
	def := publishtest.Company(12, 36)
	def.Components = []status.Component{{ID: "edge-lb-2", Name: "edge-lb-2"}}
	for i := range def.Products {
		def.Products[i].Name = []string{"Search", "Checkout", "Billing", "Mail", "Maps", "Reports", "Payroll", "Storefront", "Accounts", "Documents", "Calls", "Printing"}[i]
		def.Products[i].Owner, def.Products[i].SaysDegraded, def.Products[i].SaysOutage = "Team "+def.Products[i].Name, "Some pages do not load.", "Nobody can order."
	}
	def.Products = append(def.Products, status.Product{ID: "ledger", Name: "Ledger", Owner: "Finance"})
	for i := range def.Checks {
		if c := &def.Checks[i]; i%12 < 4 {
			c.Uses = []string{"edge-lb-2"}
		}
		def.Checks[i].Source = checks.Source{File: "checks.d/clients.yaml", Line: 10 + i}
	}
	b := status.NewBoard(def)
	begin := time.Date(2026, 3, 3, 18, 0, 0, 0, time.UTC)
	for i := range 540 { // 90 minutes
		var batch []checks.Result
		for n, c := range def.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: begin.Add(time.Duration(i) * 10 * time.Second), Duration: 120 * time.Millisecond, Outcome: checks.Pass}
			if i > 360 && (n%12 == 1 || n%12 < 4 && (i*7+n)%11 == 0) {
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonTimeout, "dial tcp 10.0.0.1:443: i/o timeout"
				r.Evidence = &checks.Evidence{Remote: "10.0.0.1:443", Output: "> GET /health\n< nothing came"}
			}
			batch = append(batch, r)
		}
		b.Apply(uint64(i+1), batch)
	}
	now := begin.Add(90 * time.Minute)
	for i, e := range []incident.Event{
		{Kind: incident.Opened, Number: 7, Title: "time-outs at the edge", Channel: "C1", Every: 5 * time.Minute, By: "U1", Name: "Ana"},
		{Kind: incident.Level, Product: def.Products[1].ID, From: "ok", To: "outage", Onset: now.Add(-29 * time.Minute)},
		{Kind: incident.Update, N: 1, Post: 1, Why: "first update"},
		{Kind: incident.Mark, Mark: 1, Text: "restarted edge-lb-2", By: "U1", Name: "Ana", Products: []string{def.Products[1].ID}},
	} {
		e.Incident, e.Seq, e.At = "inc-7", uint64(i+1), now.Add(time.Duration(i-28)*time.Minute)
		b.ApplyEvent(e)
	}
	return b, now
}

// troubledPages serves that board; days are as an availability of two months.
func troubledPages(t *testing.T, access page.Access) string {
	t.Helper()
	b, now := troubled()
	ready := make(chan struct{})
	close(ready)
	var days []status.Day
	for i := 60; i >= 0; i-- {
		d := status.Day{Date: now.AddDate(0, 0, -i).Format(time.DateOnly), Tries: 25920, Measured: 1440}
		if i%9 == 0 {
			d.Failures, d.Hurt = 40*i, 60*i
		}
		days = append(days, d)
	}
	p := page.New(page.Source{Board: b, Now: func() time.Time { return now }, Ready: ready,
		Days:        func(context.Context, string) ([]status.Day, error) { return days, nil },
		Events:      func(context.Context, string) ([]incident.Event, error) { return nil, os.ErrNotExist },
		Maintenance: func(time.Time) []incident.Muting { return nil },
		Public:      func(id string) bool { return id != "ledger" }}, access, zap.NewNop())
	mux := http.NewServeMux()
	p.Routes(mux)
	server := httptest.NewServer(mux)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		server.Close()
	})
	return server.URL
}

// appearance is how somebody looks at a page.
type appearance struct {
	name     string
	width    int64
	media    string
	features map[string]string
}

var appearances = []appearance{
	{"light", 1280, "", nil},
	{"dark", 1280, "", map[string]string{"prefers-color-scheme": "dark"}},
	{"390", 390, "", nil},
	{"320", 320, "", nil},
	{"320-dark", 320, "", map[string]string{"prefers-color-scheme": "dark"}},
	{"forced", 1280, "", map[string]string{"forced-colors": "active"}},
	{"print", 800, "print", nil},
}

func (a appearance) set(b *browser) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Media: a.media}
	for name, value := range a.features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	b.act(chromedp.EmulateViewport(a.width, 900), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, params)
		return err
	}))
}

func evaluated[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepBound)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%.80s: %v", expression, err)
	}
	return v
}

// axe is the text of axe-core, which looks for what people cannot read or reach who do
// not see well or use no mouse.
func axe(t *testing.T) string {
	t.Helper()
	const env = "STATUSBOT_TEST_NODE_MODULES"
	text, err := os.ReadFile(filepath.Join(os.Getenv(env), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		longtest.Lacks(t, "%s names no folder with npm's axe-core: the test needs it", env)
	}
	return string(text)
}

// TestPageCanBeReadByEverybody looks at each page in each appearance with axe-core, and
// that nothing is wider than a phone.
func TestPageCanBeReadByEverybody(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	rules := axe(t)
	inside, public, closed := troubledPages(t, page.Access{}), troubledPages(t, page.Access{Public: true}), troubledPages(t, page.Access{Token: "0123456789abcdef"})
	b := openBrowser(t, needChromium(t), "about:blank")
	all := map[string]string{"board": inside + "/", "product": inside + "/products/product-001", "incident": inside + "/incidents/inc-7", "public": public + "/", "signin": closed + "/signin"}
	for name, address := range all {
		b.act(chromedp.Navigate(address))
		evaluated[bool](b, "document.querySelectorAll('details').forEach((d) => { d.open = d.id === 'check-check-00001'; }), true")
		evaluated[bool](b, rules+"; true")
		for _, a := range appearances {
			a.set(b)
			b.keep("web-" + name + "-" + a.name)
			if wide := evaluated[int64](b, "document.documentElement.scrollWidth"); wide > a.width {
				t.Errorf("%s, %s: %d px wide on %d", name, a.name, wide, a.width)
			}
			found := audited(b)
			if len(found) > 0 {
				t.Errorf("%s, %s: %s", name, a.name, strings.Join(found, "\n"))
			}
		}
	}
}

// audited runs axe-core, and returns what is wrong.
func audited(b *browser) (found []string) {
	b.t.Helper()
	evaluated[bool](b, "window.found = undefined; axe.run(document, {resultTypes: ['violations']}).then((r) => { window.found = JSON.stringify(r.violations.map((v) => [v.id, v.nodes.map((n) => n.html + ' ' + n.failureSummary)])); }, (e) => { window.found = JSON.stringify([[String(e), []]]); }); true")
	var text string
	b.await("axe-core's answer", func() bool {
		text = evaluated[string](b, "window.found || ''")
		return text != ""
	})
	var list [][2]json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range list {
		found = append(found, fmt.Sprintf("%s %.600s", v[0], v[1]))
	}
	return found
}

// TestStripIsOneStop walks through the days by the keyboard, and opens one.
func TestStripIsOneStop(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	b := openBrowser(t, needChromium(t), troubledPages(t, page.Access{})+"/products/product-001")
	b.await("the script", func() bool {
		return evaluated[int](b, "document.querySelectorAll('.strip a[tabindex=\"0\"]').length") == 2
	})
	evaluated[bool](b, "document.querySelector('#days a[tabindex=\"0\"]').focus(), true")
	picked := func() string { return evaluated[string](b, "document.activeElement.getAttribute('aria-label')") }
	if got := picked(); got != "Tue 3 Mar: none of 25,920 failed, measured in 24 h" {
		t.Errorf("the stop is at %q", got)
	}
	for _, step := range []struct{ key, want string }{
		{"ArrowLeft", "Mon 2 Mar"}, {"PageUp", "Mon 23 Feb"}, {"ArrowRight", "Tue 24 Feb"}, {"Home", "Thu 4 Dec"}, {"ArrowLeft", "Thu 4 Dec"}, {"End", "Tue 3 Mar"}, {"PageUp", "Tue 24 Feb"},
	} {
		evaluated[bool](b, "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '"+step.key+"', bubbles: true, cancelable: true}))")
		if got := picked(); !strings.HasPrefix(got, step.want+": ") {
			t.Errorf("%s: %q, want %s", step.key, got, step.want)
		}
	}
	if n := evaluated[int](b, "document.querySelectorAll('#days a[tabindex=\"0\"]').length"); n != 1 {
		t.Errorf("%d stops of the tab key, want 1", n)
	}
	b.enter()
	b.await("the day's line", func() bool {
		return evaluated[bool](b, "document.activeElement.id === 'days-2026-02-24' && document.activeElement.closest('details').open")
	})
}

// TestForcedColours: what was not measured is no bar as tall as what failed always, where the reader's own colours
// are in force.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	b := openBrowser(t, needChromium(t), troubledPages(t, page.Access{})+"/products/product-001")
	appearance{width: 1280, features: map[string]string{"forced-colors": "active"}}.set(b)
	filled := func(of string) bool {
		return evaluated[string](b, "getComputedStyle(document.querySelector('"+of+"'), '::before').backgroundColor") != "rgba(0, 0, 0, 0)"
	}
	for of, want := range map[string]bool{".strip .none": false, ".key .none": false, ".strip .s0": true, ".key .s4": true} {
		if got := filled(of); got != want {
			t.Errorf("%s is filled: %v, want %v", of, got, want)
		}
	}
}

// TestANameOfTwoLines: the level stands beside the first line of a name, not beside its last.
func TestANameOfTwoLines(t *testing.T) {
	t.Parallel()
	b := openBrowser(t, needChromium(t), troubledPages(t, page.Access{})+"/")
	evaluated[bool](b, "document.querySelector('.row h3 a').innerHTML = '<span class=\"w\">re-try-queue-with-many-hyphens-and-more-hyphens-in-it</span>', true")
	type place struct{ Name, Word, High float64 }
	got := evaluated[place](b, "(() => { const of = (s) => document.querySelector(s).getBoundingClientRect(); return {Name: of('.row h3').top, Word: of('.row .word').top, High: of('.row h3').height}; })()")
	if got.High < 40 || got.Word-got.Name > 5 {
		t.Errorf("the name is at %v, %v high, and its level at %v", got.Name, got.High, got.Word)
	}
	// What is kept together within a link is underlined as the rest of it.
	if got := evaluated[string](b, "[...document.querySelectorAll('p a .w, li li a .w, .list a .w')].map((w) => getComputedStyle(w).textDecorationLine).join(' ')"); !regexp.MustCompile(`^underline( underline)*$`).MatchString(got) {
		t.Errorf("parts of links are underlined so: %q", got)
	}
}

// TestPageKeepsItselfUpToDate changes what a page says, and reads it there without
// loading it; pausing stops that.
func TestPageKeepsItselfUpToDate(t *testing.T) {
	t.Parallel()
	b := openBrowser(t, needChromium(t), troubledPages(t, page.Access{})+"/")
	b.await("the page to be live", func() bool {
		return strings.HasPrefix(evaluated[string](b, "document.getElementById('live').textContent"), "Live,")
	})
	evaluated[bool](b, "document.querySelector('#rows a').focus(), true")
	change := `{"lead": '<div id="lead" data-said="1 down"><h1>It is otherwise.</h1></div>', "as_of": "now"}`
	evaluated[bool](b, "applied("+change+"), true")
	if got := evaluated[string](b, "document.querySelector('h1').textContent + '|' + document.title + '|' + document.getElementById('said').textContent + '|' + document.activeElement.tagName"); got != "It is otherwise.|It is otherwise.|1 down|A" {
		t.Errorf("after a change: %q", got)
	}
	evaluated[bool](b, "document.querySelector('#live button').click(), true")
	if got := evaluated[string](b, "document.getElementById('live').textContent"); !strings.HasPrefix(got, "Paused,") {
		t.Errorf("paused: %q", got)
	}
}
