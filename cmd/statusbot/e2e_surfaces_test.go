//go:build linux

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

// TestTableOnTheSandboxPage shows a drill-down into many checks, and where its
// figures come from, on the page.
func TestTableOnTheSandboxPage(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	program := needChromium(t)
	w := runWorkspace(t, sandbox.Config{NoRateLimit: true})
	now := time.Now()
	shop := status.Product{ID: "shop", Name: "Shop", Owner: "sales", SaysDegraded: "Some orders need a second try"}
	d := status.Drill{At: now, Timezone: time.UTC, ProductStatus: status.ProductStatus{Product: shop, Checks: 24, Impact: impact.Impact{Level: impact.Degraded,
		Counts: impact.Counts{Tries: 1440, Failures: 78}, Low: 0.043, High: 0.067, Window: 10 * time.Minute, AsOf: now, Onset: now.Add(-20 * time.Minute)}}}
	for i := range 24 {
		ch := checks.Check{ID: fmt.Sprintf("order-%02d", i), Product: "shop", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Source: checks.Source{File: "checks.d/shop.yaml", Line: 3 + i}}
		cs := status.CheckStatus{Check: ch, CheckImpact: impact.CheckImpact{ID: ch.ID, Counts: impact.Counts{Tries: 60, Failures: max(0, 12-i)}, Span: 10 * time.Minute, AsOf: now,
			Newest: checks.Pass, P50: 40 * time.Millisecond, P95: time.Duration(300+i) * time.Millisecond, History: 4000}}
		if cs.CheckImpact.Failures > 0 {
			cs.Reasons = []status.ReasonCount{{Reason: checks.ReasonTimeout, N: 12}}
			cs.Failures = []checks.Result{{Check: ch.ID, Started: now.Add(-time.Minute), Duration: 3 * time.Second, Outcome: checks.Fail, Reason: checks.ReasonTimeout, Summary: "no answer within 3 s"}}
		}
		d.Checks = append(d.Checks, cs)
	}
	app := &smallApp{t: t, w: w}
	post := func(m format.Message) {
		app.calls("chat.postMessage", map[string]any{"channel": "incident-demo", "text": m.Text, "blocks": m.BlocksJSON()})
	}
	b := openBrowser(t, program, w.URL())
	post(format.Product(format.ProductFacts{Drill: d}))
	b.sees(b.finds("Shop fails 5.4 % of tries"), "order-00", "12/60", "and 6 more checks (21 of 360)", "12 more checks pass (0 of 720)")
	post(format.SourcesOf(d, true))
	b.sees(b.finds("The figures of Shop come from 24 checks"), "The 24 checks of Shop, the worst first", "order-23", "20 % (12/60)")
	b.pictures("table")
	few := d
	few.Checks = d.Checks[:2]
	post(format.SourcesOf(few, true))
	b.sees(b.finds("The figures of Shop come from 2 checks"), "CSV", "JSON", "as a direct message")
	b.pictures("sources")
	b.press(b.finds("The figures of Shop come from 2 checks"), "More")
	b.sees(".menu", "Mark as an action tried")
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
