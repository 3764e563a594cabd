//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// shopPages are what the shop's own http checks ask for: 24 tries a second.
// The plugins come every 3 s and have as long: to start a program may take a
// second on a busy machine, and one that is cut off has its answer already.
var shopPages = []string{
	"address", "basket", "brands", "cards", "coupons", "delivery", "gifts", "help", "invoice", "login", "new", "offers",
	"orders", "pay", "photos", "prices", "profile", "returns", "sale", "search", "sizes", "stock", "tax", "wishes",
}

// The story of an outage on servers that nobody here wrote: nginx answers,
// refuses a fifth of the requests, is repaired, is stopped and started again.
// What people read is held against nginx's own access log.
func TestNginxStory(t *testing.T) {
	t.Parallel()
	needDebian(t)
	ctx, cancel := context.WithTimeout(context.Background(), pageBound)
	defer cancel()
	shop, search := startNginx(t), startNginx(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "company.yaml")
	fill(t, "company.yaml", file, map[string]any{"Window": e2eWindow, "Pages": shopPages, "Shop": shop.port, "Search": search.port, "Plugins": pluginsDir})
	bot := startStatusbot(t, nil, "run", "--config", file, "--data-dir", filepath.Join(dir, "data"))
	_, url, _ := strings.Cut(bot.awaitLine(ctx, "Slack workspace (local): "), ": ")
	slack := sandboxtest.Client{Base: strings.TrimSpace(url)}
	await := func(parts ...string) sandboxtest.Message {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, stageBound)
		defer cancel()
		m, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage(parts...))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	searchAsUsual := func(when string) {
		t.Helper()
		if d := drill(ctx, t, slack, "search"); !strings.HasPrefix(d.text, "Search is as usual: 0 of ") {
			t.Errorf("%s: %q, want search as usual", when, d.text)
		}
	}

	// All is as usual, and nobody is told anything.
	untilDrill(ctx, t, slack, "shop", func(d drillDown) string {
		if !strings.HasPrefix(d.text, "Shop is as usual: 0 of ") || d.tries < 40 || !strings.Contains(d.blocks, fmt.Sprintf("All %d checks pass (0 of ", len(shopPages)+1)) {
			return "not as usual with 40 tries of ten checks; " + d.blocks
		}
		return d.agrees(shop.requests())
	})
	untilDrill(ctx, t, slack, "search", func(d drillDown) string {
		if !strings.HasPrefix(d.text, "Search is as usual: 0 of ") || !strings.Contains(d.blocks, "All 4 checks pass (0 of ") {
			return "not as usual with four checks; " + d.blocks
		}
		return ""
	})
	if got := ask(ctx, t, slack, "incident-demo", "/status"); !strings.HasPrefix(got, "Both products as usual: 0 of ") {
		t.Errorf("/status: %q", got)
	}
	if told := shopUpdates(ctx, t, slack); len(told) > 0 {
		t.Errorf("an update while all is as usual: %q", told[0].text)
	}

	// A fifth of the requests fails.
	shop.fail("20%")
	if m := await("Impact update #1: Shop fails "); strings.Contains(m.Text, "Search") {
		t.Errorf("the update names a product that is as usual: %q", m.Text)
	} else if !strings.Contains(string(m.Blocks), "Some orders need a second try") || !strings.Contains(string(m.Blocks), "1 as usual (0 of ") {
		t.Errorf("the update lacks the business's words or the other product: %s", m.Blocks)
	}
	untilDrill(ctx, t, slack, "shop", func(d drillDown) string {
		if !strings.HasPrefix(d.text, "Shop fails ") || d.failed < 15 {
			return "it does not fail with 15 failures"
		}
		return d.agrees(shop.requests())
	})
	searchAsUsual("while the shop is degraded")

	// Once nothing fails any more, what is told is exactly what nginx refused,
	// and it is not yet called a recovery.
	shop.fail("")
	d := untilDrill(ctx, t, slack, "shop", func(d drillDown) string {
		if !strings.Contains(d.blocks, "Recovering: no failure for ") {
			return "recovery does not begin"
		}
		return d.agrees(shop.requests())
	})
	if objection := against(shop.requests(), d.figures, 0, "failures", d.failed, isRefused); objection != "" || !strings.HasPrefix(d.text, "Shop fails ") {
		t.Errorf("before the recovery: %s%q", objection, d.text)
	}

	// nginx is stopped: nobody gets in.
	told := shopUpdates(ctx, t, slack)
	stopped := time.Now()
	shop.stop()
	if m := await("Shop is down: "); number(t, updateNumber.FindStringSubmatch(m.Text)[1]) <= told[len(told)-1].n {
		t.Errorf("down before nginx was stopped: %q", m.Text)
	} else if strings.Contains(m.Text, "Search") {
		t.Errorf("the update names a product that is as usual: %q", m.Text)
	}
	d = drill(ctx, t, slack, "shop")
	if !strings.HasPrefix(d.text, "Shop is down: ") || !strings.Contains(d.blocks, "Nobody can order") || !strings.Contains(d.blocks, "refused") {
		t.Errorf("while nginx is stopped: %q %s", d.text, d.blocks)
	}
	if objection := against(shop.requests(), d.figures, 0, "served", d.served(), isServed); objection != "" {
		t.Errorf("while nginx is stopped: %s%s", objection, d.blocks)
	}
	searchAsUsual("while the shop is down")

	// It is started again, healthy.
	shop.start()
	last := await("no longer failing: Shop, ", " tries")
	if got := ask(ctx, t, slack, "incident-demo", "/status"); !strings.HasPrefix(got, "No longer failing: Shop, 0 of ") {
		t.Errorf("/status after the first step of the recovery: %q", got)
	}
	searchAsUsual("after the recovery")
	if seen, err := slack.Messages(ctx, "incident-demo", "ana"); err != nil {
		t.Fatal(err)
	} else if end := seen[len(seen)-1]; end.TS != last.TS {
		t.Errorf("after the incident's last message comes %q", end.Text)
	}
	agreeUpdates(t, shopUpdates(ctx, t, slack), shop.requests(), stopped)
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
}

// agreeUpdates holds every update that was sent against the server's log.
func agreeUpdates(t *testing.T, updates []shopUpdate, log []request, stopped time.Time) {
	t.Helper()
	counted := 0
	for i, u := range updates {
		if i > 0 && u.n <= updates[i-1].n {
			t.Errorf("update %d follows %d", u.n, updates[i-1].n)
		}
		if u.tries == 0 {
			continue
		}
		counted++
		objection := against(log, u.figures, underWayBusy, "served", u.served(), isServed)
		if u.to.Before(stopped) {
			objection += against(log, u.figures, underWayBusy, "failures", u.failed, isRefused)
		} else if least, _ := truth(log, u.figures, underWayBusy, isRefused); u.failed < least {
			objection += fmt.Sprintf("failures: told %d, nginx refused %d and then was not there", u.failed, least)
		}
		if objection != "" {
			t.Errorf("update %d is not true: %s%q", u.n, objection, u.text)
		}
	}
	// The first, regular ones of half a minute, the outage; what tells a change of the share has a span of its own.
	if counted < 3 {
		t.Errorf("%d updates tell the shop's counts, want at least 3", counted)
	}
}
