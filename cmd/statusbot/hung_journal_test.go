package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/statusbot/statusbot/internal/port"
)

// serveJournal is a NATS server in a process of its own, which can be stopped
// and continued like any other. It keeps its files in args[0], and listens on
// the port args[1]. It ends when its standard input does.
func serveJournal(args []string) {
	number := -1 // any
	if len(args) > 1 {
		number, _ = strconv.Atoi(args[1])
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: number, JetStream: true, StoreDir: args[0], NoSigs: true, NoLog: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 8 << 30})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		fmt.Fprintln(os.Stderr, "the NATS server does not come up")
		os.Exit(1)
	}
	fmt.Println("journal at " + s.ClientURL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Shutdown()
	s.WaitForShutdown()
}

// A journal that hangs for less than its lease lasts (10 s) holds up nothing
// and costs no result: the schedule is kept, and what was measured meanwhile is
// stored as soon as the journal answers.
func TestHungJournalLeavesTheScheduleAlone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	nats := startProgram(t, "journal", nil, t.TempDir())
	_, url, _ := strings.Cut(nats.awaitLine(ctx, "journal at "), "journal at ")
	target := newShop(t)
	var text strings.Builder
	fmt.Fprintf(&text, "journal: {url: %q}\nweb: {listen: \"127.0.0.1:0\"}\nproducts: [{id: shop}]\nchecks:\n", url)
	for i := range 10 {
		fmt.Fprintf(&text, "  - {id: c%d, product: shop, kind: http, every: 100ms, timeout: 100ms, http: {url: \"%s/shop/\"}}\n", i, target.url)
	}
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, env := workspace(t)
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", t.TempDir())
	web := bot.webURL(ctx)
	bot.awaitLine(ctx, "leading")
	probed := func(n int64, limit time.Duration) {
		t.Helper()
		tick, stop := time.NewTicker(20*time.Millisecond), time.After(limit)
		defer tick.Stop()
		for first := target.asked.Load(); target.asked.Load() < first+n; {
			select {
			case <-tick.C:
			case <-stop:
				t.Fatalf("%d of %d probes in %v", target.asked.Load()-first, n, limit)
			}
		}
	}
	probed(100, patience)

	if err := nats.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thaw := func() { _ = nats.cmd.Process.Signal(syscall.SIGCONT) } // an error means that it is gone
	t.Cleanup(thaw)
	// It stands as soon as one of its threads has taken the signal, which is a moment
	// later on a busy machine; until then it answers.
	_, hung := healthOf(t, web)
	for hung.Journal.OK {
		if ctx.Err() != nil {
			t.Fatal("a journal that is stopped is said to answer")
		}
		_, hung = healthOf(t, web)
	}
	// With /healthz, which waits a second for the journal, before and after, this
	// stays at half of the ten after which a batch of results is given up, and the
	// lease with it. A tenth of what is asked for is enough: a busy machine leaves
	// some out.
	probed(30, 2800*time.Millisecond)
	_, last := healthOf(t, web)
	thaw()

	// What was measured while the journal stood still comes out of it.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, now := healthOf(t, web)
		if now.Journal.OK && now.Results.Applied >= last.Runner.Finished {
			if now.Runner.Dropped > 0 || !now.Leader {
				t.Errorf("afterwards: %+v", now)
			}
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d of %d results came out of the journal", now.Results.Applied, last.Runner.Finished)
		}
	}
	if line, lost := bot.out.find("results lost"); lost {
		t.Error(line)
	}
	if code := bot.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A cluster that is not there when statusbot starts is waited for: health says
// so, and what to do, and the log each minute; also who waits can be ended.
func TestTheJournalMayComeLater(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	held, err := port.Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	target := newShop(t)
	text := fmt.Sprintf("journal: {url: \"nats://%s\"}\nweb: {listen: \"127.0.0.1:0\"}\nproducts: [{id: shop}]\n"+
		"checks:\n  - {id: front, product: shop, kind: http, every: 1s, timeout: 1s, http: {url: \"%s/shop/\"}}\n", held.Address(), target.url)
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	slack, env := workspace(t)
	data := t.TempDir()
	const waits = "the journal does not answer"
	for _, comes := range []bool{false, true} {
		bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
		web := bot.webURL(ctx)
		bot.awaitLine(ctx, waits)
		code, blind := healthOf(t, web)
		said := strings.Join(blind.Blind, " ")
		if code != http.StatusServiceUnavailable || blind.Journal.OK || !strings.Contains(said, waits) || !strings.Contains(said, "start the NATS cluster of journal.url") {
			t.Errorf("without a journal health is %d %+v", code, blind)
		}
		if comes {
			nats := startProgram(t, "journal", nil, t.TempDir(), strconv.Itoa(held.Port()))
			nats.awaitLine(ctx, "journal at ")
			bot.awaitLine(ctx, "leading")
			until(ctx, t, slack, "/status", contains("Shop"))
			if _, now := healthOf(t, web); !now.Journal.OK || strings.Contains(strings.Join(now.Blind, " "), waits) {
				t.Errorf("with a journal: %+v", now)
			}
		}
		if n := strings.Count(bot.out.String(), waits); n > 3 { // it takes no minutes
			t.Errorf("said %d times", n)
		}
		if code := bot.terminate(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// More scripts than can run at once: what is late and what is left out is
// counted for who asks /healthz, and said to who asks /status.
func TestOverloadIsSaid(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	text := "web: {listen: \"127.0.0.1:0\"}\nproducts: [{id: shop}]\nchecks:\n"
	for i := range 40 {
		text += fmt.Sprintf("  - {id: c%d, product: shop, kind: exec, every: 1s, exec: {argv: [sleep, \"0.9\"]}}\n", i)
	}
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", t.TempDir())
	web := bot.webURL(ctx)
	until(ctx, t, slack, "/status", contains("statusbot is overloaded: of "))
	until(ctx, t, slack, "/status", contains(" not made"))
	if _, h := healthOf(t, web); h.Runner.Late == 0 || h.Runner.Skipped == 0 || h.Runner.LastMinute.Skipped == 0 || h.Runner.LastMinute.Due < h.Runner.LastMinute.Skipped {
		t.Errorf("/healthz: %+v", h.Runner)
	}
	if code := bot.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
