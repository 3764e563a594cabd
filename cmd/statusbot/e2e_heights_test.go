//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

// On a phone an update is one screen, however many products are hurt. Limits
// in pixels at 390 px wide, in the sandbox's font, with the message's head and
// its buttons.
const (
	tallUpdate = 700
	tallDrill  = 700
	tallFigure = 700 // what tells every product or check with its figures
	tallHelp   = 700
	tallNote   = 350  // an answer of a sentence or two
	tallList   = 1350 // sixty products, those that are hurt in a line each
)

// heightsOf are the moments of the story in which a message is measured.
var heightsOf = []struct {
	name string
	at   time.Duration // since hurtBegins
}{
	{"first", 8 * time.Minute},
	{"steady", 30 * time.Minute},
	{"worse", hurtWorse + 12*time.Minute},
	{"repaired", hurtRepairs + 12*time.Minute},
	{"proving", hurtRepairs + 40*time.Minute},
}

// TestHeightsOnAPhone measures what people read with 40, in the long form also
// with 4 and 14, of 60 products hurt, and keeps pictures of it.
func TestHeightsOnAPhone(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	program := needChromium(t)
	for _, hurt := range []int{4, 14, 40} {
		t.Run(fmt.Sprint(hurt), func(t *testing.T) {
			t.Parallel()
			m := &measuring{t: t, app: &smallApp{t: t, w: runWorkspace(t, sandbox.Config{NoRateLimit: true})}, hurt: hurt}
			m.b = openBrowser(t, program, m.app.w.URL())
			s := newHurtStory(hurt)
			s.until(heightsOf[0].at)
			for _, moment := range heightsOf {
				if moment.at > hurtMarks && s.at.Before(hurtBegins.Add(hurtMarks)) {
					s.until(hurtMarks)
					s.mark(t, "restarted edge-lb-2")
				}
				s.until(moment.at)
				m.measure("update-"+moment.name, tallUpdate, s.shown)
				if moment.name == "steady" {
					d, _ := s.board.Drill(s.at, "billing")
					m.measure("drill", tallDrill, format.Product(format.ProductFacts{Drill: d, Incident: s.board.Log().Incidents[0]}))
					m.measure("summary", tallUpdate, format.Summary(format.SummaryFacts{Snapshot: s.board.Snapshot(s.at), Open: s.board.Log().Incidents, Command: "/status"}))
					m.others(s)
				}
			}
			m.measure("help", tallHelp, format.Help("/status", true))
			if hurt == 40 {
				m.measure("drill-many", tallDrill, format.Product(format.ProductFacts{Drill: manyFail(t), Incident: s.board.Log().Incidents[0]}))
			}
			if said := m.b.complaints(); len(said) > 0 {
				t.Errorf("the browser complains: %q", said)
			}
		})
	}
}

// measuring puts messages before a person with a phone, one at a time.
type measuring struct {
	t    *testing.T
	app  *smallApp
	b    *browser
	hurt int
	last any // ts of the message that is shown
}

func (m *measuring) measure(name string, limit int, msg format.Message) {
	m.t.Helper()
	m.onScreens(name, limit, msg, true)
}

// phone is measure without the wide screen, unless somebody wants the pictures.
func (m *measuring) phone(name string, limit int, msg format.Message) {
	m.t.Helper()
	m.onScreens(name, limit, msg, os.Getenv(picturesEnv) != "")
}

func (m *measuring) onScreens(name string, limit int, msg format.Message, wide bool) {
	m.t.Helper()
	if msg.Text == "" {
		m.t.Errorf("%s: there is no message", name)
		return
	}
	if m.last != nil {
		m.app.calls("chat.delete", map[string]any{"channel": hurtChannel, "ts": m.last})
	}
	m.last = m.app.calls("chat.postMessage", map[string]any{"channel": hurtChannel, "text": msg.Text, "blocks": msg.BlocksJSON()})["ts"]
	selector := fmt.Sprintf(`[data-key="m%v"]`, m.last)
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 2200}, {"desk", 1400, 1400}} {
		if size.name == "desk" && !wide {
			continue
		}
		m.b.act(chromedp.EmulateViewport(size.width, size.height))
		m.b.await("the message at its width", func() bool {
			return call[int](m.b, "width") == int(size.width) && call[int](m.b, "height", selector) > 0
		})
		if out := call[string](m.b, "sticksOut"); out != "" {
			m.t.Errorf("%s, %d hurt: sticks out: %s", name, m.hurt, out)
		}
		high := call[int](m.b, "height", selector)
		m.t.Logf("%-16s %2d of 60 hurt, %s: %4d px", name, m.hurt, size.name, high)
		if size.name == "phone" && high > limit {
			m.t.Errorf("%s, %d of 60 hurt: %d px on a phone, want at most %d", name, m.hurt, high, limit)
		}
		for _, scheme := range []string{"light", "dark"} {
			m.keep(fmt.Sprintf("%s-%d-%s-%s.png", name, m.hurt, size.name, scheme), scheme)
		}
	}
}

// others are the answers that tell about the same incident: at most as tall as a
// screen of the phone, and what tells every product, check by check or line by line,
// as tall as what it tells.
func (m *measuring) others(s *hurtStory) {
	m.t.Helper()
	shot, def, inc := s.board.Snapshot(s.at), s.board.Definition(), s.board.Log().Incidents[0]
	d, _ := s.board.Drill(s.at, "billing")
	billing := shot.Products[slices.IndexFunc(shot.Products, func(p status.ProductStatus) bool { return p.ID == "billing" })]
	var choices []format.Choice
	for _, p := range def.Products[:3] {
		choices = append(choices, format.Choice{Product: p})
	}
	work := []incident.Muting{{Product: "wiki", By: "U0ANA0001", Name: "Ana", Why: "moving the database", Until: s.at.Add(2 * time.Hour)},
		{Product: "ledger", By: "U0ANA0001", Name: "Ana", Why: "new disks", From: s.at.Add(50 * time.Hour), Until: s.at.Add(52 * time.Hour)}}
	m.phone("home", tallUpdate, format.Home(format.HomeFacts{Snapshot: shot, Open: []format.OpenIncident{{Incident: inc, Link: "https://acme.example/p1"}}, Watches: true, Watched: []string{"billing", "wiki"}, Adds: true}))
	m.phone("watch", tallNote, format.WatchChange(billing, "ok", shot, "/status"))
	m.phone("since", tallUpdate, format.Handover(format.HandoverFacts{Since: s.at.Add(-25 * time.Minute), Snapshot: shot, Incident: inc, Command: "/status"}))
	m.phone("cause", tallUpdate, format.Cause(shot, def))
	m.phone("choose", tallNote, format.Choose("/status", "data", choices))
	m.phone("maintenance", tallNote, format.Mutes(work, shot, "/status"))
	m.phone("damaged", tallUpdate, format.Lost{Found: s.at.Add(-time.Hour), Events: 3, Batches: 1, Others: 2}.In(format.Summary(format.SummaryFacts{Snapshot: shot, Open: s.board.Log().Incidents, Command: "/status"}), s.at))
	m.phone("sources-of", tallFigure, format.SourcesOf(d, true))
	m.phone("sources", tallFigure, format.Sources(shot, def, true))
	m.phone("all", tallList, format.AllProducts(shot, format.News{}))
}

// keep writes a picture, if somebody asked for it.
func (m *measuring) keep(name, scheme string) {
	m.t.Helper()
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		return
	}
	m.b.prefers(scheme)
	data, err := chromedp.Run(m.b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
	}
	if err != nil {
		m.t.Error(err)
	}
}

// manyFail is a product of forty checks that all fail sometimes, with what makes a
// drill-down as long as it gets: long names, long reasons, an effect on clients.
func manyFail(t *testing.T) status.Drill {
	def := status.Definition{Company: "Acme", Timezone: time.UTC, Components: []status.Component{{ID: "edge-lb-2"}},
		Products: []status.Product{{ID: "customer-portal", Name: "Customer Portal", Owner: "team customer portal", SaysDegraded: "Some customers cannot sign in, and some see only a part of their orders"}}}
	var results []checks.Result
	for i := range 40 {
		c := checks.Check{ID: fmt.Sprintf("customer-portal-view-of-orders-%02d", i), Product: "customer-portal", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Uses: []string{"edge-lb-2"}}
		def.Checks = append(def.Checks, c)
		for n := range 120 {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: hurtBegins.Add(time.Duration(n) * 10 * time.Second), Duration: time.Second, Outcome: checks.Pass}
			if n%(i+2) == 0 {
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonDNS, "lookup portal.example.com on 10.20.30.40:53: no answer within 3 s, tried two servers"
				r.Evidence = &checks.Evidence{RequestID: "7f3a1c2e-9d1b-4a53-8a11-2f6d0e4bb0a7"}
			}
			results = append(results, r)
		}
	}
	b := status.NewBoard(def)
	slices.SortStableFunc(results, func(x, y checks.Result) int { return x.Started.Compare(y.Started) })
	b.Apply(1, results)
	d, ok := b.Drill(hurtBegins.Add(20*time.Minute), "customer-portal")
	if !ok || !d.Level.Hurt() {
		t.Fatalf("the product is %q, want it hurt", d.Level)
	}
	return d
}
