//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/replay/replaytest"
)

// aReader is who types what a page shows into a shell, in a folder of their own.
type aReader struct {
	t      *testing.T
	folder string
	env    []string
}

// newReader returns a reader whose shell knows statusbot, also as bin/statusbot.
func newReader(t *testing.T, env ...string) aReader {
	t.Helper()
	r := aReader{t: t, folder: t.TempDir(), env: append([]string{"STATUSBOT_SLACK_LISTEN=127.0.0.1:0"}, env...)}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.write("bin/statusbot", fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asProgram, exe))
	r.write("bin/less", "#!/bin/sh\nexec cat\n") // behind the real one: a pager that is no terminal's does the same
	return r
}

func (r aReader) write(name, text string) {
	r.t.Helper()
	file := filepath.Join(r.folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := writeProgram(file, []byte(text)); err != nil {
		r.t.Fatal(err)
	}
}

// types runs one line. What `run` begins is ended once the bot leads.
func (r aReader) types(line string) (output string, code int) {
	r.t.Helper()
	if _, args, ok := strings.Cut(line, "statusbot run "); ok {
		words := strings.Fields(strings.ReplaceAll(args, "--config ", "--config "+r.folder+"/"))
		if !strings.Contains(args, "--data-dir") {
			words = append(words, "--data-dir", filepath.Join(r.folder, "data"))
		}
		bot := startStatusbot(r.t, r.env, append([]string{"run"}, words...)...)
		ctx, cancel := context.WithTimeout(r.t.Context(), patience)
		defer cancel()
		bot.awaitLine(ctx, "leading")
		return bot.out.String(), bot.terminate()
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Env = r.folder, append(append(os.Environ(), "PATH="+os.Getenv("PATH")+":"+filepath.Join(r.folder, "bin")), r.env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatalf("%s: %v", line, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// commandLines returns the lines of a page's shell examples that run
// statusbot, without their remarks.
func commandLines(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range examples(string(text), "sh") {
		for line := range strings.Lines(e.text) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
			if strings.HasPrefix(line, "go ") { // .ci/run builds, tests and runs the demo
				continue
			}
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// readsAndTypes runs the lines of a page, each of which must end well.
func (r aReader) readsAndTypes(page string, want int, replace ...string) {
	r.t.Helper()
	lines := commandLines(r.t, page)
	if len(lines) != want {
		r.t.Fatalf("%s has %d command lines, and %d have a test: %q", page, len(lines), want, lines)
	}
	for _, line := range lines {
		line = strings.NewReplacer(replace...).Replace(line)
		if out, code := r.types(line); code != exitOK {
			r.t.Errorf("%s: %s: exit code %d\n%s", page, line, code, out)
		}
	}
}

func TestCommandsOfReadme(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("..", "..", "checks.d", "disk_space.sh"))
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	r.write("statusbot.yaml", examples(string(page), "yaml")[0].text)
	r.write("checks.d/disk_space.sh", string(script))
	lines := commandLines(t, "README.md")
	if len(lines) != 3 {
		t.Fatalf("README.md has %d command lines, and 3 have a test: %q", len(lines), lines)
	}
	for _, line := range lines {
		out, code := r.types(line)
		if strings.Contains(line, "statusbot check") {
			// The page says that the two hosts do not exist.
			if code == exitUsage || !strings.Contains(out, "3 checks: ") || !strings.Contains(out, "billing/page") {
				t.Errorf("%s: exit code %d\n%s", line, code, out)
			}
		} else if code != exitOK {
			t.Errorf("%s: exit code %d\n%s", line, code, out)
		}
	}
}

const readersCompany = `products: [{id: shop}]
checks:
  - {id: front, product: shop, kind: tcp, every: 10s, tcp: {address: "127.0.0.1:1"}}
`

func TestCommandsOfOperations(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.write("config.yaml", readersCompany)
	r.readsAndTypes(filepath.Join("docs", "operations.md"), 3, "/var/lib/statusbot", t.TempDir())
}

func TestCommandsOfSlackPage(t *testing.T) {
	t.Parallel()
	w, env := workspace(t)
	if err := w.Channel(t.Context(), "incidents", map[string]bool{"bot_member": true}); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, env...)
	r.write("config.yaml", "updates: {channel: incidents}\n"+readersCompany)
	r.readsAndTypes(filepath.Join("docs", "slack.md"), 3)
}

func TestCommandsOfReplayAndReport(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.write("company.yaml", readersCompany)
	r.write("config.yaml", "data_dir: data\n"+readersCompany)
	j, err := journal.Open(t.Context(), journal.Config{Dir: filepath.Join(r.folder, "data")})
	if err != nil {
		t.Fatal(err)
	}
	list := replaytest.Outage()
	batch, err := checks.EncodeResults(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.AppendResults(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	at := list[150].Started
	last := uint64(0)
	for _, e := range []incident.Event{
		{Incident: "inc-7", At: at, Kind: incident.Opened, Number: 7, By: "U1", Every: 5 * time.Minute},
		{Incident: "inc-7", At: at, Kind: incident.Level, Product: "shop", From: "ok", To: "outage"},
		{Incident: "inc-7", At: at.Add(time.Hour), Kind: incident.Resolved, By: "U1"},
	} {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if last, err = j.AppendEvent(t.Context(), e.Incident, last, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r.readsAndTypes(filepath.Join("docs", "replay.md"), 3)
	if decisions, err := os.ReadFile(filepath.Join(r.folder, "decisions.jsonl")); err != nil || !strings.Contains(string(decisions), `"outage"`) {
		t.Errorf("decisions.jsonl: %v\n%s", err, decisions)
	}
	r.readsAndTypes(filepath.Join("docs", "report.md"), 2)
	for _, name := range []string{"incident-7.html", "incident-7.md"} {
		if report, err := os.ReadFile(filepath.Join(r.folder, name)); err != nil || !strings.Contains(string(report), "Incident 7") {
			t.Errorf("%s: %v\n%.200s", name, err, report)
		}
	}
}

// writeProgram writes a file that is to be run, while nothing is forked: a child
// would hold it open for writing, and the system refuses to run that.
func writeProgram(path string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, text, 0o700)
}
