package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Slack that takes connections and never answers holds up nothing: the
// schedule begins, and every start comes at its time. For a journal that hangs
// see TestHungJournalLeavesTheScheduleAlone.
func TestHungSlackLeavesTheScheduleAlone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	held := make(chan net.Conn, 1000)
	go func() {
		for {
			c, err := hung.Accept()
			if err != nil {
				close(held)
				return
			}
			held <- c // never read, never answered
		}
	}()
	target := newShop(t)
	var text strings.Builder
	text.WriteString("products: [{id: shop}]\nchecks:\n")
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		text.WriteString("  - {id: " + id + ", product: shop, kind: http, every: 100ms, timeout: 100ms, http: {url: \"" + target.url + "/shop/\"}}\n")
	}
	text.WriteString("updates: {every: 1s, channel: incidents}\n")
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	target.nth.Store(3) // an incident, which wants to be posted
	bot := startStatusbot(t, []string{
		"STATUSBOT_SLACK_MODE=socket", "STATUSBOT_SLACK_API_URL=http://" + hung.Addr().String() + "/api/",
		"STATUSBOT_SLACK_BOT_TOKEN=xoxb-hung", "STATUSBOT_SLACK_APP_TOKEN=xapp-hung",
	}, "run", "--config", file, "--data-dir", t.TempDir())
	bot.awaitLine(ctx, "leading")
	first := target.asked.Load()
	begun := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for target.asked.Load() < first+500 { // five seconds' worth
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d of 500 probes in %v", target.asked.Load()-first, time.Since(begun))
		}
	}
	if len(held) == 0 {
		t.Error("Slack was not even tried")
	}
	if _, late := bot.out.find("started late"); late {
		t.Error("probes started late")
	}
	if code := bot.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	hung.Close()
	for c := range held {
		c.Close()
	}
}
