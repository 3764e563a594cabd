package main

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"
)

// With no descriptor left nothing can be opened, the files of the journal
// among it: the end comes all the same.
func TestEndWithoutDescriptors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	target := newShop(t)
	_, env := workspace(t)
	bot := startStatusbot(t, impatient(env), "run", "--config", endingCompany(t, target.url, ""), "--data-dir", t.TempDir())
	bot.webURL(ctx)
	bot.awaitLine(ctx, "leading")
	target.awaitAsked(ctx, t, 30)
	if err := unix.Prlimit(bot.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: 1}, nil); err != nil {
		t.Fatal(err)
	}
	bot.endsInOrder(t)
}
