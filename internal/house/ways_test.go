//go:build !windows

package house

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/ways"
)

// wayOf loads a configuration with one way and returns it.
func wayOf(t *testing.T, dir, way string) (*config.Config, ways.Way) {
	t.Helper()
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte("products: [{id: p}]\nways:\n  - "+way+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, func(name string) (string, bool) { return "sesame-" + name, strings.HasPrefix(name, "S_") })
	if err != nil {
		t.Fatal(err)
	}
	return cfg, waysOf(cfg)[0]
}

func program(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := probetest.WriteProgram(filepath.Join(dir, name), text); err != nil {
		t.Fatal(err)
	}
}

// TestACommandIsAWay: it gets the JSON on its standard input and the environment of a
// check's script; exit code 0 is that it told. What it says of a secret is not repeated.
func TestACommandIsAWay(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "tell.sh", "#!/bin/sh\ncat > said.json\necho \"$0 $1 $USER$HOME_OF\" > args\nexit 0\n")
	program(t, dir, "no.sh", "#!/bin/sh\necho \"no: $1\"\nexit 2\n")
	program(t, dir, "odd.sh", "#!/bin/sh\necho \"what: $1\" >&2\nexit 64\n")
	cfg, w := wayOf(t, dir, `{name: own, exec: {argv: [./tell.sh, "${S_1}"]}}`)
	n := ways.NewTest(w, "Acme", time.Now())
	if err := w.Sender.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "said.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got ways.Event
	if err := json.Unmarshal(data, &got); err != nil || got.Type != "test" || got.Data.Way != "own" {
		t.Errorf("%v: it read %s", err, data)
	}
	for when, want := range map[ways.When]string{ways.Always: "whether Slack works or not", ways.Worse: "began, got worse or came back", ways.SlackDown: "When Slack does not take them"} {
		w.When = when
		if says := ways.NewTest(w, "Acme", time.Now()).Says.Plain(); !strings.Contains(says, want) || strings.Contains(says, "`") {
			t.Errorf("a test of what tells %s says %q", when, says)
		}
	}
	if args, err := os.ReadFile(filepath.Join(dir, "args")); err != nil || !strings.Contains(string(args), "sesame-S_1") || strings.Contains(string(args), os.Getenv("USER")) && os.Getenv("USER") != "" {
		t.Errorf("%v: its arguments %s", err, args)
	}
	if f := examineWays(t.Context(), cfg, false, time.Now()); len(f) != 1 || f[0].Says != "tell.sh is there and may be run" {
		t.Errorf("found %+v", f)
	}
	for script, want := range map[string]string{"no.sh": "the command ends with exit code 2", "odd.sh": "the command ends with exit code 64", "none.sh": "none.sh does not exist"} {
		_, w := wayOf(t, dir, `{name: own, exec: {argv: [./`+script+`, "${S_1}"]}}`)
		err := w.Sender.Send(t.Context(), n)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: got %v, want %s", script, err, want)
		}
	}
}

// TestACommandThatHangs is killed with all that it started.
func TestACommandThatHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program(t, dir, "hang.sh", "#!/bin/sh\nsleep 600 &\necho $! > pid\nwait\n")
	_, w := wayOf(t, dir, `{name: own, timeout: 300ms, exec: {argv: [./hang.sh]}}`)
	ctx, cancel := context.WithTimeout(t.Context(), w.Timeout)
	defer cancel()
	if err := w.Sender.Send(ctx, ways.NewTest(w, "", time.Now())); err == nil {
		t.Error("it was told")
	}
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return // its time was over before it began
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for syscall.Kill(pid, 0) == nil { // until the test's own end
		if state, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); strings.Contains(string(state), ") Z ") {
			return // dead, and nobody has asked for it
		}
		time.Sleep(10 * time.Millisecond)
	}
}
