package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endingCompany writes a configuration whose checks give results all the time.
func endingCompany(t *testing.T, url, more string) (file string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("web: {listen: \"127.0.0.1:0\"}\nproducts: [{id: shop}]\n" + more)
	if !strings.Contains(more, "checks:") {
		text.WriteString("checks:\n")
	}
	for i := range 10 {
		fmt.Fprintf(&text, "  - {id: c%d, product: shop, kind: http, every: 100ms, timeout: 100ms, http: {url: \"%s/shop/\"}}\n", i, url)
	}
	file = filepath.Join(t.TempDir(), "statusbot.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// impatient is the environment of a program that waits as long as the real one.
func impatient(env []string) []string { return append(env, impatientEnv+"=1") }

// A cluster that hangs at the end is not waited for: the process says what it
// did not wait for, and that it fails since results are lost.
func TestEndWithAHungJournal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	nats := startProgram(t, "journal", nil, t.TempDir())
	_, url, _ := strings.Cut(nats.awaitLine(ctx, "journal at "), "journal at ")
	target := newShop(t)
	_, env := workspace(t)
	bot := startStatusbot(t, impatient(env), "run", "--config", endingCompany(t, target.url, fmt.Sprintf("journal: {url: %q}\n", url)), "--data-dir", t.TempDir())
	bot.awaitLine(ctx, "leading")
	target.awaitAsked(ctx, t, 30)
	if err := nats.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nats.cmd.Process.Signal(syscall.SIGCONT) }) // an error means that it is gone
	target.awaitAsked(ctx, t, 30)
	if code := bot.terminate(); code != exitFailed {
		t.Errorf("exit code %d, want 1", code)
	}
	bot.mustSay(t, "ended without waiting any longer", "results were lost: the journal did not take them before the end")
	if line, _ := bot.out.find("ended without waiting any longer"); !strings.Contains(line, "checks") {
		t.Errorf("it is not said that results were on their way: %s", line)
	}
}

// A Slack that takes connections and answers nothing costs nothing at the end:
// what was not delivered is written down.
func TestEndWithAHungSlack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hung.Close() })
	target := newShop(t)
	target.nth.Store(3) // an incident, which wants to be posted
	bot := startStatusbot(t, impatient([]string{
		"STATUSBOT_SLACK_MODE=socket", "STATUSBOT_SLACK_API_URL=http://" + hung.Addr().String() + "/api/",
		"STATUSBOT_SLACK_BOT_TOKEN=xoxb-hung", "STATUSBOT_SLACK_APP_TOKEN=xapp-hung",
	}), "run", "--config", endingCompany(t, target.url, "updates: {every: 1s, channel: incidents}\n"), "--data-dir", t.TempDir())
	bot.awaitLine(ctx, "leading")
	target.awaitAsked(ctx, t, 200)
	bot.endsInOrder(t)
}

// A script that ignores every signal, and one that left its group and holds the
// output, do not hold up the end.
func TestEndWithScriptsThatIgnoreSignals(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	target := newShop(t)
	marks := t.TempDir()
	scripts := map[string]string{
		"deaf": "trap '' TERM INT HUP QUIT; echo $$ > %s/deaf; while :; do sleep 1; done",
		"gone": "setsid sh -c 'trap \"\" TERM INT HUP; echo $$ > %s/gone; exec sleep 300' & wait",
	}
	checks := "checks:\n"
	for id, script := range scripts {
		checks += fmt.Sprintf("  - {id: %s, product: shop, kind: exec, every: 10s, timeout: 10s, exec: {argv: [sh, -c, %q]}}\n", id, fmt.Sprintf(script, marks))
	}
	_, env := workspace(t)
	bot := startStatusbot(t, impatient(env), "run", "--config", endingCompany(t, target.url, checks), "--data-dir", t.TempDir())
	bot.awaitLine(ctx, "leading")
	for id := range scripts {
		file := filepath.Join(marks, id)
		for written := 0; written == 0; target.awaitAsked(ctx, t, 1) {
			data, _ := os.ReadFile(file) // not there yet
			written = len(data)
		}
		t.Cleanup(func() { killWritten(t, file) })
	}
	bot.endsInOrder(t)
}

// killWritten kills the process whose number is in a file, if it is there.
func killWritten(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL) // an error means that it is gone
	}
}

// awaitAsked waits until the shop was asked so many times more.
func (s *shop) awaitAsked(ctx context.Context, t *testing.T, n int64) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for first := s.asked.Load(); s.asked.Load() < first+n; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d of %d probes", s.asked.Load()-first, n)
		}
	}
}

// endsInOrder asks the process to end. It fails if, and only if, it says that
// something is lost, which a machine that is too busy to write it may do.
func (c *child) endsInOrder(t *testing.T) {
	t.Helper()
	code := c.terminate()
	_, lost := c.out.find("close journal: ")
	if _, more := c.out.find("results were lost"); more {
		lost = true
	}
	if want := map[bool]int{false: exitOK, true: exitFailed}[lost]; code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
}

// mustSay fails unless there is a line with each text.
func (c *child) mustSay(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, said := c.out.find(text); !said {
			t.Errorf("not said: %q", text)
		}
	}
}
