//go:build linux

package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal/journaltest"
)

// A disk on which a start cannot make its files, since it is full or read-only,
// ends it with what is wrong and what to do.
func TestStartOnADiskThatTakesNothing(t *testing.T) {
	t.Parallel()
	target := newShop(t)
	file := endingCompany(t, target.url, "")
	for _, mode := range []string{"sandbox", "socket"} {
		disk := journaltest.SmallDisk(t, "24m")
		env := []string{"STATUSBOT_SLACK_MODE=" + mode, "STATUSBOT_SLACK_LISTEN=127.0.0.1:0", "STATUSBOT_SLACK_API_URL=http://127.0.0.1:1/api/",
			"STATUSBOT_SLACK_BOT_TOKEN=xoxb-none", "STATUSBOT_SLACK_APP_TOKEN=xapp-none"}
		says := func(data, want string) {
			t.Helper()
			bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
			select {
			case <-bot.done:
			case <-time.After(patience):
				t.Fatalf("%s: the start goes on", mode)
			}
			if code := bot.cmd.ProcessState.ExitCode(); code != exitFailed {
				t.Errorf("%s: exit code %d, want 1", mode, code)
			}
			bot.mustSay(t, want)
		}
		takeAll(t, disk)
		data := filepath.Join(disk, "data")
		says(data, "the disk is full; make room on the disk of "+data)
		journaltest.ReadOnly(t, disk)
		says(data, "the disk is read-only; mount the disk of "+data+" for writing")
		data = filepath.Join(disk, "new")
		says(data, "the disk is read-only; mount the disk of "+data+" for writing")
	}
}
