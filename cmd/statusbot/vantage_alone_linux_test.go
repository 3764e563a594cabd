package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// TestAVantageThatFailsAlone: three agents on networks of their own probe the same products. One of them loses its way to these, and
// keeps the one to the bot: people are told that it is our own vantage, that nothing is known of clients there, and of no product that
// it fails; no incident is opened. When it has its way again, all is as usual.
func TestAVantageThatFailsAlone(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "its trouble must last before it is called ours")
	m := newMachines(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(target.Close)
	held, err := port.Hold()
	need(t, err)
	t.Cleanup(func() { _ = held.Close() })
	gate := held.Address()
	slack, env := workspace(t)

	places := []string{"eu", "us", "office"}
	var b strings.Builder
	b.WriteString("company: Acme\nproducts:\n")
	for i := range 4 {
		fmt.Fprintf(&b, "  - {id: p%d, name: Product%d}\n", i, i)
	}
	b.WriteString("checks:\n")
	for i := range 8 {
		fmt.Fprintf(&b, "  - {id: c%d, product: p%d, kind: http, every: 1s, timeout: 1s, vantages: [%s], http: {url: \"%s/%d\"}}\n", i, i/2, strings.Join(places, ", "), target.URL, i)
	}
	fmt.Fprintf(&b, "agents: {listen: %q}\nupdates: {channel: incident-demo}\n", gate)
	file, data := filepath.Join(t.TempDir(), "statusbot.yaml"), t.TempDir()
	need(t, os.WriteFile(file, []byte(b.String()), 0o600))
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	bot.awaitLine(ctx, "agents come in")

	u, err := url.Parse(target.URL)
	need(t, err)
	var cuts []func(away bool)
	for i, place := range places {
		m.brings(i, gate)
		cuts = append(cuts, m.brings(i, u.Host))
		token, _ := commandOf(t, exitOK, "agent", "token", "--vantage", place, "--data-dir", data)
		dir := t.TempDir()
		var enrolled *child
		m.inside(i, func() {
			enrolled = startStatusbot(t, nil, "agent", "enroll", "--token", strings.TrimSpace(token), "--data-dir", dir, "--server", gate)
		})
		<-enrolled.done
		m.inside(i, func() { startStatusbot(t, nil, "agent", "--vantage", place, "--data-dir", dir) })
	}
	awaitAgents(ctx, t, data, func(s house.AgentsState) bool { return len(s.Agents) == 3 && len(s.Silent) == 0 })
	says := func(part string, not ...string) {
		t.Helper()
		for {
			a, err := slack.Command(ctx, "incident-demo", "ben", "/status")
			need(t, err)
			whole := ""
			if a.Reply != nil {
				whole = a.Reply.Text + string(a.Reply.Blocks)
			}
			for _, wrong := range []string{"is down", "outage", "degraded"} {
				if strings.Contains(whole, wrong) {
					t.Fatalf("it says %q of products: %s", wrong, whole)
				}
			}
			if strings.Contains(whole, part) && !slices.ContainsFunc(not, func(n string) bool { return strings.Contains(whole, n) }) {
				return
			}
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
				t.Fatalf("it does not say %q, without %q, but %s", part, not, whole)
			}
		}
	}
	const usual = "All 4 products as usual"
	says(usual)
	cuts[0](true)
	// Of a product of which too little has come it says for a moment that it is not clear.
	says("Our own vantage *eu* fails: nothing is known of clients there.", "tries fail")
	if out, says := commandOf(t, exitOK, "incidents", "--data-dir", data); !strings.Contains(out+says, "There was no incident yet") {
		t.Errorf("an incident was opened: %s%s", out, says)
	}
	cuts[0](false)
	says(usual)
}
