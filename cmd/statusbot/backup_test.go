package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A backup is made beside the statusbot that runs; what is restored from it goes
// on in the same incident, and a damaged one is refused.
func TestBackupBesideARunningStatusbot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	config := target.company(t, "updates: {every: 3s}\n")
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "statusbot.backup")
	bot := startStatusbot(t, env, "run", "--config", config, "--data-dir", data)
	until(ctx, t, slack, "/status", measured)
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	until(ctx, t, slack, "/status note looked at the shelves", contains("shelves"))
	looksBeside(t, data)
	marksBeside(t, data)
	if out, _ := commandOf(t, exitOK, "backup", file, "--data-dir", data); !strings.Contains(out, "was checked") {
		t.Errorf("backup says %q", out)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if out, _ := commandOf(t, exitOK, "backup", file, "--data-dir", data); !strings.Contains(out, "was checked") { // in the place of the first
		t.Errorf("backup says %q", out)
	}

	restored := filepath.Join(t.TempDir(), "data")
	if out, _ := commandOf(t, exitOK, "restore", file, "--data-dir", restored); !strings.Contains(out, "Start statusbot with it.") {
		t.Errorf("restore says %q", out)
	}
	if _, says := commandOf(t, exitFailed, "restore", file, "--data-dir", restored); !strings.Contains(says, "holds a journal already") {
		t.Errorf("a second time it says %q", says)
	}
	bot = startStatusbot(t, env, "run", "--config", config, "--data-dir", restored)
	until(ctx, t, slack, "/status stop", contains("Updates end; a last one follows"))
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if report, _ := commandOf(t, exitOK, "report", "1", "--data-dir", restored); !strings.Contains(report, "looked at the shelves") {
		t.Errorf("the report is\n%s", report)
	}

	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if _, says := commandOf(t, exitFailed, "restore", file, "--data-dir", other); !strings.Contains(says, "no whole backup") {
		t.Errorf("of half a backup it says %q", says)
	}
	if _, says := commandOf(t, exitFailed, "backup", file, "--data-dir", other); !strings.Contains(says, "holds no journal") {
		t.Errorf("of no journal it says %q", says)
	}
	if left, err := filepath.Glob(file + "*"); err != nil || len(left) != 1 {
		t.Errorf("left: %q %v", left, err)
	}
	commandOf(t, exitUsage, "backup", "--data-dir", data)
	commandOf(t, exitUsage, "restore", file)
}
