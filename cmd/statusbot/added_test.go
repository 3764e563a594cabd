package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// A check is proposed and accepted in Slack: it runs at once, survives a
// restart and a change of the configuration, gives way to a file that takes
// its id, and what loopback or a secret would give away is refused.
func TestACheckAddedInSlack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	file, data := filepath.Join(t.TempDir(), "statusbot.yaml"), t.TempDir()
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	const main = "company: Acme\nproducts: [{id: shop, name: Shop}]\n"
	put(main)
	run := func() *child { return startStatusbot(t, env, "run", "--config", file, "--data-dir", data) }
	bot := run()
	until(ctx, t, slack, "/status", contains("product"))
	anas, bens := sandboxtest.In(t, slack).As("ana"), sandboxtest.In(t, slack).As("ben")
	const channel = "incident-demo"

	anas.Channel(channel).Type("/status add shop")
	form := anas.Modal("Propose a check").Fill("Id", "door")
	const options = "What it does, as YAML"
	form.Fill(options, "url: http://127.0.0.1:1/").Fill("How often", "1s").Refused("How often", "1s is less than 5s")
	form.Fill("How often", "5s").Fill(options, "url: https://x.example/${STATUSBOT_SLACK_BOT_TOKEN}").Refused(options, "Line 1: url asks for a variable")
	form.Fill(options, "url: http://127.0.0.1:1/").Submit()
	anas.Channel(channel).Sees("Dry run of door for Shop: could not observe", "loopback addresses are not probed")

	// A name that never resolves fails, as it would for clients.
	anas.Channel(channel).Type("/status add shop")
	anas.Modal("Propose a check").Fill("Id", "door").Fill("How often", "5s").Fill("Time-out of one try", "2s").Fill(options, "url: https://door.invalid/").Submit()
	anas.Channel(channel).Sees("Dry run of door for Shop: failed").Click("Propose to the approvers")
	bens.Channel(channel).Sees("proposes the check door for Shop").Click("Accept")
	bens.Channel(channel).Sees("The check door runs now")
	until(ctx, t, slack, "/status shop door", contains(" failed (100 %)"))
	asks := func(text string) sandboxtest.Reply { return bens.Channel(channel).Type(text) }
	asks("/status shop door").Ephemeral("added by ana 20", "accepted by ben")

	// A restart, and then a change of the configuration.
	if code := bot.terminate(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	bot = run()
	until(ctx, t, slack, "/status export", contains("1 added check"))
	asks("/status export").Ephemeral("- id: door", "url: https://door.invalid/")
	put(main + "# changed\n")
	bot.awaitLine(ctx, "configuration read anew")
	asks("/status shop door").Ephemeral("added by ana 20")

	// What was exported goes into the file, and wins.
	put(main + "checks:\n  - {id: door, product: shop, kind: http, every: 5s, timeout: 2s, http: {url: \"https://door.invalid/\"}}\n")
	bot.awaitLine(ctx, "a check that was added in Slack is left out")
	bot.awaitLine(ctx, `"changed": 1`) // of the reading anew that applies it: there was one before
	asks("/status shop door").Ephemeral("statusbot.yaml:4")
	if got := ask(ctx, t, slack, channel, "/status remove door"); !strings.Contains(got, "no longer runs") {
		t.Errorf("got %q", got)
	}
	until(ctx, t, slack, "/status export", contains("nothing to export"))
	if code := bot.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
