package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/replay/replaytest"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

var hoursLate = regexp.MustCompile(`[hd] (\d+ \w+ )?late`)

// The running bot shows an outage that is over: on its own clock, from its
// first update to its last, and with answers to who asks.
func TestRecordedResultsArePlayedLive(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dir := t.TempDir()
	file, results := filepath.Join(dir, "company.yaml"), filepath.Join(dir, "results.jsonl")
	lines, err := checks.EncodeResults(replaytest.Outage()[:270])
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{file: []byte(replaytest.Config), results: lines} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bot := startStatusbot(t, nil, "replay", "--config", file, "--speed", "100", "--from", "18m", "--listen", "127.0.0.1:0", results)
	if line := bot.awaitLine(ctx, "times faster"); !strings.HasPrefix(line, "Results from 2026-03-02 08:18:00 on, 100 times faster than they came. Updates go to #incident-demo.") {
		t.Errorf("it says %q", line)
	}
	_, url, _ := strings.Cut(bot.awaitLine(ctx, "Slack workspace (local): "), ": ")
	slack := sandboxtest.Client{Base: strings.TrimSpace(url)}
	await := func(parts ...string) sandboxtest.Message {
		t.Helper()
		m, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage(parts...))
		if err != nil {
			t.Fatalf("waiting for %q: %v", parts, err)
		}
		return m
	}
	// It fails from 08:20 to 08:25.
	// Minutes late is a busy machine, at a hundred times the speed; more is two clocks.
	if m := await("Impact update #1: ", "Shop", "As of 08:2"); hoursLate.MatchString(m.Text) {
		t.Errorf("the first update: %q", m.Text)
	}
	await("o longer failing: Shop, 0 of ") // or "Shop flaps: ... No longer failing", where a busy machine comes late with the results
	bot.awaitLine(ctx, "All results are played: the clock stands at 2026-03-02 08:44:50.")
	if got := ask(ctx, t, slack, "incident-demo", "/status"); !strings.Contains(got, "o longer failing: Shop, 0 of ") {
		t.Errorf("/status at the end: %q", got)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM", code)
	}
}

func TestAScenarioIsPlayedFromTheEndOfItsBaseline(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dir := t.TempDir()
	config, results := filepath.Join(dir, "config.json"), filepath.Join(dir, "results.jsonl")
	if err := os.WriteFile(config, []byte(`{"scenario":"total-1","start":"2026-03-02T00:00:00Z","baseline_s":36000,"length_s":37200,"false_alarms_per_product_per_30d":1,"products":["mail"],
		"checks":[{"id":"mail/login","product":"mail","interval_s":10,"timeout_ms":5000,"components":["auth"]}],"components":[{"id":"auth"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	e := json.NewEncoder(&lines)
	for i := range 3720 {
		if err := e.Encode(map[string]any{"t": 10 * i, "check": "mail/login", "product": "mail", "ok": i < 3610 || i > 3640, "latency_ms": 30}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(results, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	bot := startStatusbot(t, nil, "replay", "--config", config, "--speed", "60", "--listen", "127.0.0.1:0", results)
	_, url, _ := strings.Cut(bot.awaitLine(ctx, "Slack workspace (local): "), ": ")
	slack := sandboxtest.Client{Base: strings.TrimSpace(url)}
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("Impact update #", "mail", "As of 10:")); err != nil {
		t.Fatal(err)
	}
	// It was posted as the first one, and may be edited by now.
	posts, err := slack.Log(ctx, 0, "chat.postMessage")
	if err != nil || len(posts) == 0 {
		t.Fatalf("%d posts, %v", len(posts), err)
	}
	if text := fmt.Sprint(posts[0].Args["text"]); !strings.Contains(text, "Impact update #1: ") || !strings.Contains(text, "As of 10:") {
		t.Errorf("the first post is %q", text)
	}
}

func TestReplayRefusesFlagsThatDoNotFit(t *testing.T) {
	for want, flags := range map[string][]string{
		"--speed is 0":   {"--speed", "0"},
		"--speed is 101": {"--speed", "101"},
		"--from says":    {"--from", "10m"},
		"goes without":   {"--speed", "2", "--render"},
		"--listen is":    {"--speed", "2", "--listen", "here"},
	} {
		if _, words := commandOf(t, exitUsage, append([]string{"replay", "results.jsonl"}, flags...)...); !strings.Contains(words, want) {
			t.Errorf("%v: %q, want %q", flags, words, want)
		}
	}
}

// command runs the program and returns what it wrote.
func commandOf(t *testing.T, want int, args ...string) (out, words string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := run(t.Context(), args, world{out: &o, err: &e, env: func(string) (string, bool) { return "", false }}); code != want {
		t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, e.String())
	}
	return o.String(), e.String()
}
