//go:build linux

package main

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"
)

// No file can be opened any more, as when a limit is too low for a burst. Checks and updates go on in memory, and all
// is written down once files can be opened again; the limit is no product's failure.
func TestFilesRunOut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	data := t.TempDir()
	slack, env := workspace(t)
	target := newShop(t)
	file := target.company(t, "updates: {every: 3s}\nweb: {listen: \"127.0.0.1:0\"}\n")
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	web := bot.webURL(ctx)
	until(ctx, t, slack, "/status", measured)

	limit := func(files uint64) {
		t.Helper()
		if err := unix.Prlimit(bot.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: 4096}, nil); err != nil {
			t.Fatal(err)
		}
	}
	limit(8)
	bot.awaitLine(ctx, "too many files are open")
	limit(4096)
	bot.awaitLine(ctx, "the disk takes what is written again")
	until(ctx, t, slack, "/status", measured)
	var warned []string
	for warned = []string{"not asked"}; len(warned) > 0 && ctx.Err() == nil; {
		_, h := healthOf(t, web)
		warned = h.Warnings
	}
	if len(warned) > 0 {
		t.Errorf("afterwards health warns: %q", warned)
	}
	for _, bad := range []string{"what was in memory only is lost", "the disk has lost", "no room"} {
		if line, found := bot.out.find(bad); found {
			t.Error(line)
		}
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
}
