//go:build unix

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// A process that stood still while its probes waited blames no product: their
// time-outs are unknown, and say why.
func TestAStoppedProcessBlamesNobody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	const timeout = 2 * time.Second
	asked, release := make(chan struct{}, 100), make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(target.Close)
	dir := t.TempDir()
	file, data := filepath.Join(dir, "statusbot.yaml"), filepath.Join(dir, "data")
	text := "products: [{id: shop}]\nchecks: [{id: front, product: shop, kind: http, every: 1h, timeout: " + timeout.String() + ", http: {url: \"" + target.URL + "\"}}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	slack, env := workspace(t)
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	bot.awaitLine(ctx, "socket connected")
	done := make(chan string, 1)
	go func() { done <- ask(ctx, t, slack, "incident-demo", "/status shop now") }()
	select {
	case <-asked:
	case <-ctx.Done():
		t.Fatal("the target was not asked")
	}
	if err := bot.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	<-time.After(timeout) // the standstill itself
	if err := bot.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	<-done
	until(ctx, t, slack, "/status shop front", contains("no result tells anything"))
	close(release)
	beside, _ := commandOf(t, exitOK, "export", "--data-dir", data)
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	out, _ := commandOf(t, exitOK, "export", "--data-dir", data)
	if beside == "" || !strings.HasPrefix(out, beside) {
		t.Errorf("beside the bot that ran was exported\n%s\nand then\n%s", beside, out)
	}
	list, err := checks.DecodeResults([]byte(out))
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, r := range list {
		if r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "statusbot itself stood still for ") {
			t.Errorf("%s: %s %q, want unknown and why", r.Started, r.Outcome, r.Summary)
		}
	}
	if len(list) == 0 {
		t.Error("the journal has no result")
	}
}
