package page

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/serve"
	"github.com/statusbot/statusbot/internal/status"
)

// kept is a page of a product or an incident that many may ask for.
type kept struct {
	mu   sync.Mutex
	at   time.Time  // guarded by mu
	page serve.Body // guarded by mu
	ok   bool       // there is such a page; guarded by mu
}

// cached gives the page of a path, rendered anew when it is not fresh. What is not
// there is not kept: anybody can ask for what is not.
func (p *Pages) cached(path string, make func() (serve.Body, bool, error)) (serve.Body, bool, error) {
	p.mu.Lock()
	k := p.rendered[path]
	if k == nil {
		if len(p.rendered) >= pagesMost {
			clear(p.rendered)
		}
		k = &kept{}
		p.rendered[path] = k
	}
	p.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); !k.ok || now.Sub(k.at) >= fresh {
		page, ok, err := make()
		if err != nil || !ok {
			p.mu.Lock()
			delete(p.rendered, path)
			p.mu.Unlock()
			return serve.Body{}, false, err
		}
		k.at, k.page, k.ok = now, page, true
	}
	return k.page, true, nil
}

func (p *Pages) product(w http.ResponseWriter, r *http.Request, who Reader) {
	id := r.PathValue("id")
	if who != Inside && !p.source.Public(id) {
		p.say(w, http.StatusNotFound, "There is no such product here", "")
		return
	}
	if who != Inside {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	page, ok, err := p.cached(r.URL.Path, func() (serve.Body, bool, error) { return p.productPage(r.Context(), id) })
	switch {
	case err != nil:
		p.broken(w, err)
	case !ok:
		p.say(w, http.StatusNotFound, "There is no product "+id, "The board has all of them.")
	default:
		sendHTML(w, r, page)
	}
}

// checkView is a check for its template.
type checkView struct {
	ID     string
	Level  impact.Level
	Name   template.HTML
	Word   string
	Figure template.HTML
	Lines  []template.HTML
	From   template.HTML
}

func (p *Pages) productPage(ctx context.Context, id string) (serve.Body, bool, error) {
	now := p.source.Now()
	d, ok := p.source.Board.Drill(now, id)
	if !ok {
		return serve.Body{}, false, nil
	}
	told, zone := format.OneProduct(d), d.Timezone
	var checks []checkView
	for _, c := range told.Checks {
		checks = append(checks, checkView{c.ID, c.Level, words(c.Name, zone), c.Word, words(c.Figure, zone), allWords(c.Lines, zone), words(c.From, zone)})
	}
	list, known := p.daysOf(ctx, id)
	f := p.frame("product", plainOf(told.Sentence, zone), now)
	f.Body = struct {
		Level     impact.Level
		Name      template.HTML
		Sentence  template.HTML
		Lines     []template.HTML
		Hours     strip
		Days      strip
		Sum       string
		Failures  []template.HTML
		Checks    []checkView
		Incidents []incidentView
	}{told.Level, words(told.Name, zone), words(told.Sentence, zone), allWords(told.Lines, zone),
		strip{"hours", "Share of tries that failed in the last 24 hours, each bar half an hour", "24 hours ago", "now", format.HourCells(p.source.Board.History(id, now.Add(-24*time.Hour), now), now, zone), true},
		strip{"days", "Share of tries that failed in the last 90 days, each bar a day", "90 days ago", "today", format.DayCells(list, now, zone, daysShown), known},
		format.DaysSum(list), allWords(told.Failures, zone), checks, p.openOf(id, zone)}
	page, err := render("product", f)
	if err != nil {
		return serve.Body{}, false, err
	}
	return bodyOf(page), true, nil
}

// strip is a row of bars of which each can be opened.
type strip struct {
	ID       string
	Label    string
	From, To string
	Cells    []format.StripCell
	Known    bool // false where the journal did not give them
}

// openOf are the open incidents about a product.
func (p *Pages) openOf(product string, zone *time.Location) []incidentView {
	f := p.facts()
	var about []incident.Incident
	for _, i := range f.Open {
		if _, told := i.Levels[product]; i.About(product) && told {
			about = append(about, i)
		}
	}
	f.Open = about
	return openView(format.OpenIncidents(f), zone, false)
}

// days are what is kept of the journal's days.
type days struct {
	mu sync.Mutex
	of map[string]daysOf // :: product id -> its days; guarded by mu
}

type daysOf struct {
	at   time.Time
	list []status.Day
}

// daysOf are the days of a product that the journal has; false when it did not
// answer, and then those that are known from before.
func (p *Pages) daysOf(ctx context.Context, product string) ([]status.Day, bool) {
	p.days.mu.Lock()
	have, there := p.days.of[product]
	p.days.mu.Unlock()
	if there && time.Since(have.at) < dayFresh {
		return have.list, true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	list, err := p.source.Days(ctx, product)
	if err != nil {
		p.log.Warn("the days of a product cannot be read", zap.String("product", product), zap.Error(err))
		return have.list, there
	}
	p.days.mu.Lock()
	defer p.days.mu.Unlock()
	if len(p.days.of) >= 10*pagesMost {
		clear(p.days.of)
	}
	p.days.of[product] = daysOf{time.Now(), list}
	return list, true
}

func (p *Pages) incident(w http.ResponseWriter, r *http.Request, who Reader) {
	if who != Inside {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	id := r.PathValue("id")
	page, ok, err := p.cached(r.URL.Path, func() (serve.Body, bool, error) { return p.incidentPage(id) })
	switch {
	case err != nil:
		p.broken(w, err)
	case !ok:
		p.say(w, http.StatusNotFound, "There is no incident "+strings.TrimPrefix(id, "inc-"), "The board has those that are open.")
	default:
		sendHTML(w, r, page)
	}
}

func (p *Pages) incidentPage(id string) (serve.Body, bool, error) {
	now := p.source.Now()
	log := p.source.Board.Log()
	inc, ok := log.Find(id)
	if !ok {
		return serve.Body{}, false, nil
	}
	snap := p.source.Board.Snapshot(now)
	told := format.OneIncident(format.TimelineFacts{Incident: inc, Snapshot: snap, Quiet: format.QuietNow(snap, []incident.Incident{inc}, p.source.Board.Pooled)})
	zone := snap.Timezone
	f := p.frame("incident", plainOf(told.Sentence, zone), now)
	f.Body = struct {
		ID       string
		Open     bool
		Sentence template.HTML
		Lines    []template.HTML
		Marks    []template.HTML
		Timeline []template.HTML
	}{inc.ID, inc.Open(), words(told.Sentence, zone), allWords(told.Lines, zone), allWords(told.Marks, zone), allWords(told.Timeline, zone)}
	page, err := render("incident", f)
	if err != nil {
		return serve.Body{}, false, err
	}
	return bodyOf(page), true, nil
}

// report serves the report of an incident, which brings its own policy: styles and
// charts stand in it, and nothing runs.
func (p *Pages) report(w http.ResponseWriter, r *http.Request, who Reader) {
	if who != Inside {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	page, ok, err := p.cached(r.URL.Path, func() (serve.Body, bool, error) {
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		events, err := p.source.Events(ctx, r.PathValue("id"))
		if err != nil {
			return serve.Body{}, false, nil //nolint:nilerr // there is no such incident, or the journal does not answer
		}
		rep, ok := report.New(report.Facts{Events: events, Definition: p.source.Board.Definition(), Names: namesIn(events)})
		if !ok {
			return serve.Body{}, false, nil
		}
		text, err := rep.HTML()
		return bodyOf(text), err == nil, err
	})
	switch {
	case err != nil:
		p.broken(w, err)
	case !ok:
		p.say(w, http.StatusNotFound, "There is no such report", "")
	default:
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		send(w, r, page, mimeHTML)
	}
}

// namesIn are what people were called, as the events say.
func namesIn(events []incident.Event) map[string]string {
	names := map[string]string{}
	for _, e := range events {
		if e.By != "" && e.Name != "" {
			names[e.By] = e.Name
		}
	}
	return names
}
