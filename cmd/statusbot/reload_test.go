package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// A configuration changes under a running bot: what stays keeps its history,
// what is new is there, what is bad is refused with its place, and a probe can
// be asked for at any time.
func TestReload(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "statusbot.yaml")
	put := func(name, text string) {
		t.Helper()
		// As editors do it: no reader ever sees half a file.
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path+".new", []byte(strings.ReplaceAll(text, "URL", target.url)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	const main = "company: Acme\ninclude: checks.d/*.yaml\nproducts: [{id: shop, name: Shop, owner: sales}]\n"
	const shop = "checks:\n  - {id: order, product: shop, kind: http, every: 500ms, timeout: 500ms, http: {url: \"URL/shop/\"}}\n"
	if err := os.Mkdir(filepath.Join(folder, "checks.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	put("statusbot.yaml", main)
	put("checks.d/shop.yaml", shop)
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", t.TempDir())
	until(ctx, t, slack, "/status", contains("Shop is as usual"))

	// A team adds its file: a product with two checks.
	before := ask(ctx, t, slack, "incident-demo", "/status shop")
	_, seen := failures(t, before)
	put("checks.d/mail.yaml", "products: [{id: mail, name: Mail}]\nchecks:\n"+
		"  - {id: send, product: mail, kind: http, every: 3s, timeout: 3s, http: {url: \"URL/manual/\"}}\n"+
		"  - {id: rare, product: mail, kind: http, every: 1h, timeout: 20s, http: {url: \"URL/manual/\"}}\n")
	until(ctx, t, slack, "/status mail", contains("Mail is as usual", " of "))
	if _, tries := failures(t, ask(ctx, t, slack, "incident-demo", "/status shop")); tries < seen {
		t.Errorf("%d tries of the shop are known after the change, %d before", tries, seen)
	}
	bot.awaitLine(ctx, "configuration read anew")
	asked := target.asked.Load()

	// A rare check is probed when somebody asks, and its result counts.
	if got := ask(ctx, t, slack, "incident-demo", "/status mail rare now"); !strings.Contains(got, "Probing rare of Mail now") {
		t.Errorf("got %q", got)
	}
	until(ctx, t, slack, "/status mail rare", contains("0 of 1 failed"))

	// A bad file is refused with its place, and nothing stops.
	put("checks.d/mail.yaml", "checks:\n  - {id: send, product: mail, kind: http, every: 1s, http: {ur: \"URL\"}}\n")
	line := bot.awaitLine(ctx, "configuration refused")
	if !strings.Contains(line, "mail.yaml:2") {
		t.Errorf("the log does not name the place: %s", line)
	}
	if got := ask(ctx, t, slack, "incident-demo", "/status mail"); !strings.Contains(got, "Mail is as usual") {
		t.Errorf("after a bad file: %q", got)
	}
	until(ctx, t, slack, "/status shop", func(s string) bool { _, n := failures(t, s); return n > seen+2 })

	// A file that goes takes its product with it; the signal does it at once.
	if err := os.Remove(filepath.Join(folder, "checks.d/mail.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := bot.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, slack, "/status", contains("Shop is as usual"))
	if n := target.asked.Load(); n <= asked {
		t.Errorf("the shop was asked %d times, %d before: its check stopped", n, asked)
	}
	if code := bot.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A channel that is named while statusbot runs gets the incident that is
// already there, and one that is no longer named gets none.
func TestReloadOfChannels(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	target.nth.Store(2)
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	put := func(updates string) {
		t.Helper()
		text := "updates: " + updates + "\nproducts: [{id: shop, name: Shop}]\nchecks:\n" +
			"  - {id: a, product: shop, kind: http, every: 200ms, timeout: 200ms, http: {url: \"" + target.url + "/shop/\"}}\n"
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	put("{channel: \"\"}")
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", t.TempDir())
	until(ctx, t, slack, "/status", func(s string) bool { return strings.HasPrefix(s, "Shop ") && !strings.Contains(s, "as usual") })
	put("{channel: \"\", auto_start: [{channel: general, products: [shop]}]}")
	if err := bot.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	update, err := slack.WaitMessage(ctx, "general", "ana", func(m sandboxtest.Message) bool { return strings.Contains(m.Text, "Impact update #1") })
	if err != nil || update.Ephemeral {
		t.Fatalf("no update in the channel that was named: %v", err)
	}
	put("{channel: incident-demo}")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", func(m sandboxtest.Message) bool { return strings.Contains(m.Text, "Impact update #1") }); err != nil {
		t.Fatalf("no update in the channel that is named now: %v", err)
	}
	if code := bot.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A product in doubt is probed faster, as its owner allows.
func TestBurst(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	text := "limits: {burst_every: 100ms, burst_per_host: 100}\nproducts: [{id: shop, name: Shop, burst: 200ms}]\nchecks:\n" +
		"  - {id: a, product: shop, kind: http, every: 3s, timeout: 1s, http: {url: \"" + target.url + "/shop/\"}}\n" +
		"  - {id: b, product: shop, kind: http, every: 3s, timeout: 1s, http: {url: \"" + target.url + "/shop/\"}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startStatusbot(t, env, "run", "--config", file, "--data-dir", t.TempDir())
	started := time.Now()
	until(ctx, t, slack, "/status", contains("Shop is as usual"))
	// The schedule alone gives two tries in three seconds, and never catches up.
	more := func(s string) bool {
		_, tries := failures(t, s)
		return tries > 2*int(time.Since(started)/(3*time.Second))+2+20
	}
	if s := ask(ctx, t, slack, "incident-demo", "/status shop"); more(s) {
		t.Errorf("more than the schedule's tries while all is well: %s", s)
	}
	target.nth.Store(3)
	until(ctx, t, slack, "/status shop", func(s string) bool { return strings.Contains(s, "Shop fails ") && more(s) })
}
