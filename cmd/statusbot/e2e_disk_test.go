//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal/journaltest"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// takeAll takes all room of a disk; the file that holds it is returned.
func takeAll(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "others")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	return file
}

// The disk is full in an incident. Checks and updates go on and say so, and
// so does health; with room again it heals by itself. Nothing is lost, doubled or
// told again, also by the process that comes after.
func TestAFullDiskInAnIncident(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	data := filepath.Join(journaltest.SmallDisk(t, "24m"), "data")
	slack, env := workspace(t)
	target := newShop(t)
	file := target.company(t, "updates: {every: 3s}\nweb: {listen: \"127.0.0.1:0\"}\n")
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	web := bot.webURL(ctx)
	until(ctx, t, slack, "/status", measured)
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	target.nth.Store(4)
	failing, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("Shop fails "))
	if err != nil {
		t.Fatal(err)
	}

	const said = "In statusbot's memory only since "
	others := takeAll(t, filepath.Dir(data))
	until(ctx, t, slack, "/status", contains(said, "the disk is full"))
	told := func(m sandboxtest.Message) bool { return m.TS >= failing.TS && channelMessage("Shop fails ", said)(m) }
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", told); err != nil {
		t.Fatal(err)
	}
	code, h := healthOf(t, web)
	if warned := strings.Join(h.Warnings, " "); code != 200 || !strings.Contains(warned, "the disk is full") || !strings.Contains(warned, "make room on the disk of "+data) {
		t.Errorf("health is %d %+v", code, h)
	}
	// What is written in the full time stands as well as any other.
	if got := ask(ctx, t, slack, "incident-demo", "/status mark restarted the shop"); !strings.Contains(got, "restarted the shop") {
		t.Errorf("a mark is answered with %q", got)
	}
	for before := h.Results.Applied; h.Results.Applied < before+2*shopRate; _, h = healthOf(t, web) {
		if ctx.Err() != nil {
			t.Fatalf("%d results were applied since %d", h.Results.Applied, before)
		}
	}
	if err := os.Remove(others); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, slack, "/status", func(s string) bool { return strings.Contains(s, "Shop fails ") && !strings.Contains(s, said) })
	if _, h = healthOf(t, web); len(h.Warnings) > 0 || !h.Journal.OK || h.Runner.Dropped > 0 {
		t.Errorf("afterwards: %+v", h)
	}
	for _, bad := range []string{"results lost", "what was in memory only is lost", "the disk has lost", "no room"} {
		if line, found := bot.out.find(bad); found {
			t.Error(line)
		}
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}

	bot = startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	until(ctx, t, slack, "/status", contains("Shop fails "))
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	report, _ := commandOf(t, exitOK, "report", "1", "--config", file, "--data-dir", data)
	if !strings.Contains(report, "restarted the shop") {
		t.Errorf("the mark is not in the report:\n%s", report)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	if posts := storedUpdates(ctx, t, data); len(posts) < 3 {
		t.Errorf("%d updates are written down", len(posts))
	}
	checkUpdates(ctx, t, slack, data, 3*time.Second)
}

// The disk is unmounted, or the kernel makes it read-only, in an incident: that is
// said, updates go on, and the end does not wait for the disk, and says what is
// lost. With the disk as it was before, the next start goes on in the same incident.
func TestEndsWhileTheDiskIsAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, why string
		away      func(*journaltest.Device)
	}{
		{"unmounted", "the data directory is gone", (*journaltest.Device).Unmount},
		{"failed", "the disk is read-only", (*journaltest.Device).Fail},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			disk := journaltest.NewDevice(t)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			data := filepath.Join(disk.Dir, "data")
			slack, env := workspace(t)
			target := newShop(t)
			file := target.company(t, "updates: {every: 3s}\n")
			bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
			until(ctx, t, slack, "/status", measured)
			ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
			if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("both products as usual")); err != nil {
				t.Fatal(err)
			}
			c.away(disk)
			until(ctx, t, slack, "/status", contains("In statusbot's memory only since ", c.why))
			if code := bot.terminate(); code != exitFailed {
				t.Errorf("exit code %d, want 1", code)
			}
			bot.mustSay(t, "what was in memory only is lost")
			if c.name == "failed" {
				disk.Unmount()
			}
			disk.Mount()
			bot = startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
			until(ctx, t, slack, "/status stop", contains("Updates end; a last one follows"))
			if code := bot.terminate(); code != exitOK {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}
