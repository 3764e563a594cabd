//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Nagios plugin is a check as it stands: its text, its performance data and
// its exit code are read, and `statusbot check` passes the finding on.
func TestCheckWithPlugins(t *testing.T) {
	t.Parallel()
	needDebian(t)
	web := startNginx(t)
	file := filepath.Join(t.TempDir(), "plugins.yaml")
	fill(t, "plugins.yaml", file, map[string]any{"Port": web.port, "Plugins": pluginsDir})

	out, words, code := statusbot(t, "check", "--config", file, "--json", "shop")
	if code != 0 {
		t.Fatalf("exit code %d, want 0: %s%s", code, out, words)
	}
	seen := map[string]checkJSON{} // :: check id -> what was printed
	for line := range strings.Lines(out) {
		var c checkJSON
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[c.ID] = c
	}
	if len(seen) != 2 {
		t.Fatalf("%d checks printed, want page and plugin: %s", len(seen), out)
	}
	plugin := seen["plugin"]
	if plugin.Outcome != "pass" || plugin.Kind != "exec" || !strings.HasPrefix(plugin.Summary, "HTTP OK: HTTP/1.1 200 OK") || strings.Contains(plugin.Summary, "|") {
		t.Errorf("plugin: %+v", plugin)
	}
	performance := map[string]perfJSON{} // :: label -> value
	for _, p := range plugin.Evidence.Performance {
		performance[p.Label] = p
	}
	if p := performance["time"]; p.Unit != "s" || p.Value <= 0 || p.Value*1000 > plugin.DurationMS {
		t.Errorf("performance data: time is %+v, want seconds within the probe's %v ms", p, plugin.DurationMS)
	}
	// The head and the seven bytes "served\n".
	if p := performance["size"]; p.Unit != "B" || p.Value <= 7 {
		t.Errorf("performance data: size is %+v, want bytes of the answer", p)
	}
	if page := seen["page"]; page.Outcome != "pass" || page.Evidence.Performance != nil {
		t.Errorf("page: %+v", page)
	}

	out, words, code = statusbot(t, "check", "--config", file, "--json", "legacy")
	if code != 1 || !strings.Contains(out, `"outcome":"fail"`) || !strings.Contains(out, "HTTP CRITICAL: HTTP/1.1 503") {
		t.Errorf("a check that fails: exit code %d, want 1: %s%s", code, out, words)
	}
	out, words, code = statusbot(t, "check", "--config", file)
	if code != 1 || !strings.Contains(out, "gone") || !strings.Contains(out, "plugin") {
		t.Errorf("all checks, as a table: exit code %d, want 1: %s%s", code, out, words)
	}
	out, words, code = statusbot(t, "check", "--config", file, "shpo")
	if code != 64 || out != "" || !strings.Contains(words, "did you mean shop?") {
		t.Errorf("a name that does not exist: exit code %d, want 64: %q %q", code, out, words)
	}

	// What nginx saw: each probe once, under its own name.
	agents := map[string]string{"/page": "statusbot", "/plugin": "check_http/", "/gone": "check_http/"} // :: path -> beginning of the agent
	times := map[string]int{}                                                                           // :: path -> requests
	for _, r := range web.requests() {
		times[r.path]++
		if !strings.HasPrefix(r.agent, agents[r.path]) {
			t.Errorf("%s was asked for by %q, want %s", r.path, r.agent, agents[r.path])
		}
	}
	for path := range agents {
		if times[path] != 2 {
			t.Errorf("%s was asked for %d times, want 2", path, times[path])
		}
	}
}

// statusbot runs the program to its end as a process of its own.
func statusbot(t *testing.T, args ...string) (out, words string, code int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() < 0) {
		t.Fatalf("statusbot %s: %v", strings.Join(args, " "), err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}
