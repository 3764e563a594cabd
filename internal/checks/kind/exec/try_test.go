//go:build unix

package exec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// tryScript tries a script, and says in one text what was seen of it.
func tryScript(t *testing.T, timeout time.Duration, argv ...string) (Trial, string) {
	t.Helper()
	got, err := Try(t.Context(), checks.Check{ID: "it", Product: "scripts", Kind: "exec", Every: time.Minute, Timeout: timeout, Options: &Options{Argv: argv}})
	probetest.OK(t, err)
	return got, string(got.Result.Outcome) + ": " + got.Result.Summary + "\n" + strings.Join(got.Warnings, "\n")
}

func TestTryOfOddScripts(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		outcome      checks.Outcome
		says         string // empty: no warning
	}{
		{"good", "#!/bin/sh\necho 'OK - fine|age=12s'\n", checks.Pass, ""},
		{"good JSON", "#!/bin/sh\necho '{\"outcome\":\"fail\",\"metrics\":{\"n\":3}}'\n", checks.Fail, ""},
		{"a warning that says so", "#!/bin/sh\necho 'Warning: slow'; exit 1\n", checks.Degraded, ""},
		{"Windows lines", "#!/usr/bin/env sh\r\necho OK\r\n", checks.Unknown, "as Windows writes them"},
		{"outside the convention", "#!/bin/sh\necho broken pipe; exit 7\n", checks.Unknown, "0 is OK, 1 WARNING"},
		{"exit 1 of who knows no convention", "#!/bin/sh\necho cannot reach queue; exit 1\n", checks.Degraded, "exit 2 says that it fails"},
		{"silent", "#!/bin/sh\nexit 2\n", checks.Fail, "writes nothing to standard output"},
		{"long", "#!/bin/sh\necho OK; head -c 70000 /dev/zero | tr '\\0' x\n", checks.Pass, "more than 64 KiB"},
		{"a long line", "#!/bin/sh\nprintf '%0300d' 1\n", checks.Pass, "has 300 characters, and people see 200"},
		{"standard error", "#!/bin/sh\necho OK; echo 'trace: token=abcdefghijklmnop' >&2\n", checks.Pass, `do not see: "trace: token=`},
		{"no performance data", "#!/bin/sh\necho 'OK | all is well'\n", checks.Pass, "no performance data"},
		{"two runs", "#!/bin/sh\nif [ -e \"$0.seen\" ]; then echo CRITICAL gone; exit 2; fi; touch \"$0.seen\"; echo OK\n", checks.Pass, "differ: pass, then fail (CRITICAL gone)"},
		{"two labels", "#!/bin/sh\nif [ -e \"$0.seen\" ]; then echo 'OK|b=1'; exit; fi; touch \"$0.seen\"; echo 'OK|a=1'\n", checks.Pass, "other labels in a second run (a; b)"},
		{"left behind", "#!/bin/sh\nsleep 600 &\necho OK\n", checks.Pass, "leaves a process behind"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "check")
			probetest.OK(t, probetest.WriteProgram(path, tt.script))
			got, said := tryScript(t, 50*time.Second, path)
			if !got.Ran || got.Result.Outcome != tt.outcome || !strings.Contains(said, tt.says) || tt.says == "" && len(got.Warnings) > 0 {
				t.Errorf("got %s\nwant %s, and %q", said, tt.outcome, tt.says)
			}
			if strings.Contains(said, "abcdefghijklmnop") {
				t.Errorf("a secret is shown: %s", said)
			}
		})
	}
}

func TestTryOfWhatDoesNotEnd(t *testing.T) {
	_, path := probetest.WriteScript(t, "sleep 600")
	if got, said := tryScript(t, 100*time.Millisecond, path); got.Result.Reason != checks.ReasonTimeout || !strings.Contains(said, "give it more with --timeout") {
		t.Errorf("got %s", said)
	}
}

func TestTryOfWhatCannotBeStarted(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		text string
		mode os.FileMode
		says string
	}{
		"not executable": {"#!/bin/sh\necho OK\n", 0o600, "chmod +x would allow it"},
		"no shebang":     {"echo OK\n", 0o700, "a script begins with #!"},
		"Windows lines":  {"#!/bin/sh\r\necho OK\r\n", 0o700, "as Windows writes them"},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "_"))
		probetest.OK(t, os.WriteFile(path, []byte(tt.text), tt.mode))
		if got, said := tryScript(t, 50*time.Second, path); got.Ran || !strings.Contains(said, tt.says) {
			t.Errorf("%s: got %v %s, want %q", name, got.Ran, said, tt.says)
		}
	}
	if got, said := tryScript(t, 50*time.Second, filepath.Join(dir, "none")); got.Ran || !strings.Contains(said, "does not exist") {
		t.Errorf("none: got %v %s", got.Ran, said)
	}
}

func TestTryOfAScriptThatAnybodyChanges(t *testing.T) {
	_, path := probetest.WriteScript(t, "echo OK")
	probetest.OK(t, os.Chmod(path, 0o777))
	if _, said := tryScript(t, 50*time.Second, path); !strings.Contains(said, "chmod o-w") {
		t.Errorf("got %s", said)
	}
}

// TestTryOfRealPlugins: each answers as the convention says, and has nothing to be warned of.
func TestTryOfRealPlugins(t *testing.T) {
	havePlugins(t, "check_dummy", "check_http", "check_tcp", "check_disk")
	host, port := pluginTarget(t)
	for _, tt := range []struct {
		argv []string
		want checks.Outcome
		perf bool
	}{
		{[]string{"check_dummy", "0", "fine"}, checks.Pass, false},
		{[]string{"check_dummy", "1", "slow"}, checks.Degraded, false},
		{[]string{"check_dummy", "2", "down"}, checks.Fail, false},
		{[]string{"check_dummy", "3", "blind"}, checks.Unknown, false},
		{[]string{"check_http", "-I", host, "-p", port, "-u", "/ok"}, checks.Pass, true},
		{[]string{"check_http", "-I", host, "-p", port, "-u", "/gone"}, checks.Degraded, true},
		{[]string{"check_tcp", "-H", host, "-p", port}, checks.Pass, true},
		{[]string{"check_disk", "-w", "1", "-c", "1", "-p", "/"}, checks.Pass, true},
	} {
		argv := append([]string{debianPlugins + tt.argv[0]}, tt.argv[1:]...)
		got, said := tryScript(t, 50*time.Second, argv...)
		if got.Result.Outcome != tt.want || len(got.Warnings) > 0 || tt.perf != (got.Result.Evidence != nil && len(got.Result.Evidence.Perf) > 0) {
			t.Errorf("%v: got %s, want %s, performance data %v", tt.argv, said, tt.want, tt.perf)
		}
	}
}
