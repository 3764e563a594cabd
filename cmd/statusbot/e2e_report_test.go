//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
)

// TestReportInABrowser opens the report's page as a person does: nothing is
// loaded or complained of, and on no width does the page itself scroll sideways.
func TestReportInABrowser(t *testing.T) {
	t.Parallel()
	program := needChromium(t)
	page, err := filepath.Abs(filepath.Join("..", "..", "internal", "format", "report", "testdata", "story.html"))
	if err != nil {
		t.Fatal(err)
	}
	b := openBrowser(t, program, "file://"+page)
	for _, width := range []int64{390, 1200} {
		b.act(chromedp.EmulateViewport(width, 900))
		b.sees("body", "Incident 7", "helped", "14 h 38 min")
		fits := func() int64 {
			n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := fits(); n > width {
			t.Errorf("at %d pixels the page is %d wide", width, n)
		}
		for _, scheme := range []string{"light", "dark"} {
			b.prefers(scheme)
			b.keep(fmt.Sprintf("report-%d-%s", width, scheme))
		}
	}
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// TestTrendOnTheSandboxPage shows an update's chart on the page.
func TestTrendOnTheSandboxPage(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	program := needChromium(t)
	w := runWorkspace(t, sandbox.Config{NoRateLimit: true})
	from := time.Now().Add(-40 * time.Minute).Truncate(time.Minute)
	var list []picture.ProductMinutes
	for n, name := range []string{"Billing", "Search", "Checkout"} {
		p := picture.ProductMinutes{Name: name}
		for i := range 40 {
			p.Minutes = append(p.Minutes, impact.Minute{At: from.Add(time.Duration(i) * time.Minute), Tries: 60, Failures: (i / (6 + n)) % 9})
		}
		list = append(list, p)
	}
	trend, ok := picture.NewTrend(list, from, from.Add(40*time.Minute), time.UTC)
	if !ok {
		t.Fatal("no trend")
	}
	app := &smallApp{t: t, w: w}
	app.calls("chat.postMessage", map[string]any{"channel": "incident-demo", "text": "Impact update #1", "blocks": []json.RawMessage{
		json.RawMessage(`{"type":"section","text":{"type":"mrkdwn","text":"*Impact update #1: 3 of 12 products degraded.*"}}`), trend.ChartBlock()}})
	b := openBrowser(t, program, w.URL())
	message := b.finds("Impact update #1")
	b.sees(message, "Failures in %", "Billing")
	b.pictures("trend")
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// keep takes a picture of what is seen, for who asks for it.
func (b *browser) keep(name string) {
	b.t.Helper()
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		return
	}
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}
