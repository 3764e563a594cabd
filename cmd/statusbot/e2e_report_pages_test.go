//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// longNight are the facts of an incident of 15 hours in a company of 60
// products and 600 checks: so many of the products fail 4 % of their tries, 9 %
// for two hours, in 201 updates, and of seven actions the last helps.
func longNight(hurt int) report.Facts {
	def := publishtest.Company(60, 600)
	for i := range def.Products {
		def.Products[i].Name, def.Products[i].Owner = fmt.Sprintf("Product of clients %d", i), "platform"
	}
	begin := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	draw := rand.New(rand.NewPCG(1, 2))
	n := &nightLog{begin: begin}
	n.add(3*time.Minute, incident.Event{Kind: incident.Opened, Number: 1, Channel: "C1", Every: 5 * time.Minute, Why: "Search: 3 of 100 failed"})
	for i := range hurt {
		n.add(3*time.Minute+time.Duration(i)*time.Second, incident.Event{Kind: incident.Level, Product: def.Products[i].ID, From: "ok", To: "degraded", Onset: begin.Add(time.Duration(i) * time.Second), Why: "6 of 90 failed"})
	}
	marked := 0
	for i := range 201 {
		after := 3*time.Minute + time.Duration(i)*time.Hour*15/201
		share := 0.042
		switch {
		case after > 15*time.Hour-20*time.Minute:
			share = 0
		case after > 5*time.Hour && after < 7*time.Hour:
			share = 0.09
		}
		e := incident.Event{Kind: incident.Update, N: i + 1, Post: 1 + i/8*8, Due: begin.Add(after), Counted: begin.Add(after), Cause: fmt.Sprintf("Likely edge-lb-2: all %d failing checks use it, none of the 488 others fails.", 100+i%12)}
		for p, d := range def.Products {
			f := incident.Figure{Product: d.ID, Level: "ok", Tries: 90, NewTries: 40}
			if p < hurt {
				f.Level = "degraded"
				for range f.NewTries {
					if draw.Float64() < share*(0.5+float64(p)/float64(hurt)) {
						f.NewFailures++
					}
				}
				f.Failures, f.Share = 2*f.NewFailures, float64(2*f.NewFailures)/90
			}
			e.Figures = append(e.Figures, f)
		}
		n.add(after, e)
		if i%28 == 27 {
			marked++
			n.mark(after+time.Minute, marked, marked == 7)
		}
	}
	var ids []string
	for i := range hurt {
		ids = append(ids, def.Products[i].ID)
		n.add(15*time.Hour, incident.Event{Kind: incident.Level, Product: def.Products[i].ID, From: "degraded", To: "ok", Why: "0 of 120 failed since the last bad one"})
	}
	n.add(15*time.Hour, incident.Event{Kind: incident.Proving, Products: ids})
	n.add(15*time.Hour+40*time.Minute, incident.Event{Kind: incident.Proven, Products: ids, Why: "all products below 1 % with 99 % confidence, 2 of 5,410 tries failed"})
	n.add(15*time.Hour+40*time.Minute, incident.Event{Kind: incident.Resolved, Why: "every product is as usual again"})
	return report.Facts{Events: n.events, Definition: def, Names: map[string]string{"U1": "Ana Alonso"}}
}

// nightLog is a log that is being written.
type nightLog struct {
	begin  time.Time
	events []incident.Event
}

func (n *nightLog) add(after time.Duration, e incident.Event) {
	e.Incident, e.At, e.Seq = "inc-1", n.begin.Add(after), uint64(len(n.events)+1)
	n.events = append(n.events, e)
}

func (n *nightLog) mark(after time.Duration, number int, helps bool) {
	n.add(after, incident.Event{Kind: incident.Mark, Mark: number, By: "U1", Text: fmt.Sprintf("restarted the node %d of edge-lb-2", number)})
	v := incident.Verdict{Verdict: "no discernible effect", Before: incident.Counts{Failures: 112, Tries: 1349}, After: incident.Counts{Failures: 116, Tries: 1349}, Margin: 0.013}
	if helps {
		v = incident.Verdict{Verdict: "helped", Before: incident.Counts{Failures: 42, Tries: 1349}, After: incident.Counts{Tries: 1349}, Margin: 0.01}
	}
	n.add(after+time.Minute, incident.Event{Kind: incident.Effect, Mark: number, Verdicts: []incident.Verdict{v}})
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// TestReportFitsItsPages: what is printed, or read on a phone without unfolding
// anything, is one side of A4 and four screens, whoever was hurt; the more, the taller.
func TestReportFitsItsPages(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	b := openBrowser(t, needChromium(t), "about:blank")
	for _, hurt := range []int{4, 14, 60} {
		r, ok := report.New(longNight(hurt))
		if !ok {
			t.Fatal("no report")
		}
		data, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b.act(chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+file))
		pages := printedPages(b)
		b.act(chromedp.EmulateViewport(390, 844))
		tall, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollHeight"))
		if err != nil {
			t.Fatal(err)
		}
		b.keep(fmt.Sprintf("report-night-%d-390", hurt))
		wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d products hurt: %d printed pages, %d px tall at 390 px (%.1f screens), %d bytes", hurt, pages, tall, float64(tall)/844, len(data))
		if pages != 1 || tall > 4*844 || wide > 390 {
			t.Errorf("%d products hurt: %d printed pages, %d px tall and %d wide at 390 px; want one page, 4 screens", hurt, pages, tall, wide)
		}
	}
}

// longNames are names that people have, and that a phone or a column is too narrow for.
var longNames = []string{"Donaudampfschifffahrtsgesellschaftskapitänsmützenverwaltung", "order_history_service_of_the_warehouse_v2", "re-try-queue-with-many-hyphens-and-more-of-them"}

// TestReportWithLongNames unfolds all of a report on a phone, where nothing is wider than that, and prints it: no
// line is torn in two, no heading ends a page, and what is folded is not said to stand below.
func TestReportWithLongNames(t *testing.T) {
	t.Parallel()
	b := openBrowser(t, needChromium(t), "about:blank")
	facts := longNight(24)
	for i := range facts.Definition.Products {
		facts.Definition.Products[i].Name = longNames[i%len(longNames)] + fmt.Sprint(i)
	}
	r, _ := report.New(facts)
	data, err := r.HTML()
	need(t, err)
	file := filepath.Join(t.TempDir(), "report.html")
	need(t, os.WriteFile(file, data, 0o600))
	b.act(chromedp.Navigate("file://" + file))
	appearance{width: 800, media: "print"}.set(b)
	const more = "document.querySelector('.below')?.parentElement.innerText || document.body.innerText"
	if got := evaluated[string](b, more); !strings.HasPrefix(got, "10 more, each") {
		t.Errorf("what is folded, printed: %.80q", got)
	}
	evaluated[bool](b, "document.querySelectorAll('details').forEach((d) => { d.open = true; }), true")
	if got := evaluated[string](b, more); !strings.HasPrefix(got, "10 more below, each") {
		t.Errorf("what is unfolded, printed: %.80q", got)
	}
	if got := evaluated[string](b, "getComputedStyle(document.querySelector('summary')).breakAfter + ' ' + getComputedStyle(document.querySelector('tr')).breakInside"); got != "avoid avoid" {
		t.Errorf("breaks after a heading, and within a line: %q", got)
	}
	for _, width := range []int64{390, 320} {
		appearance{width: width}.set(b)
		b.await("the report at its width", func() bool { return evaluated[int64](b, "innerWidth") == width })
		if wide := evaluated[int64](b, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("it is %d px wide on %d", wide, width)
		}
	}
}

// printedPages prints what is seen on A4, and counts the sheets.
func printedPages(b *browser) int {
	b.t.Helper()
	data, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(func(p *page.PrintToPDFParams) { yes := true; p.PreferCSSPageSize = &yes }))
	if err != nil {
		b.t.Fatal(err)
	}
	if dir := os.Getenv(picturesEnv); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("report-%d.pdf", len(data))), data, 0o600); err != nil {
			b.t.Error(err)
		}
	}
	return len(pdfPage.FindAll(bytes.ReplaceAll(data, []byte("/Pages"), nil), -1))
}
