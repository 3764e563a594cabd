//go:build linux

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/ways"
)

// shellBlocks are the examples of a page that are typed into a shell, each of which has a test.
var shellBlocks = map[string]struct {
	blocks int
	by     string
}{
	"README.md":               {2, "TestCommandsOfReadme, and .ci/run"},
	"docs/api.md":             {2, "TestCommandsOfAPI"},
	"docs/kinds/exec.md":      {1, "TestScriptsOfExecPage"},
	"docs/kinds/grpc.md":      {1, "TestCompilerOfGRPCPage"},
	"docs/kinds/heartbeat.md": {3, "TestScriptsOfHeartbeatPage"},
	"docs/import.md":          {3, "TestCommandsOfImport, TestShadowBesideGatus"},
	"docs/marks.md":           {2, "TestBackupBesideARunningStatusbot, TestTheCommandOfThePage"},
	"docs/operations.md":      {2, "TestCommandsOfOperations"},
	"docs/packages.md":        {3, "TestCommandsOfPackages, TestMembersOfTheChart"},
	"docs/replay.md":          {1, "TestCommandsOfReplayAndReport"},
	"docs/report.md":          {1, "TestCommandsOfReplayAndReport"},
	"docs/sandbox.md":         {14, "TestExamplesOfThePage"},
	"docs/slack.md":           {2, "TestCommandsOfSlackPage"},
	"docs/vantages.md":        {3, "TestCommandsOfVantages"},
	"docs/ways.md":            {1, "TestScriptOfWays"},
}

// TestEveryShellBlockHasATest fails where a page has one more than are run.
func TestEveryShellBlockHasATest(t *testing.T) {
	t.Parallel()
	for _, page := range pagesOf(t) {
		text, err := os.ReadFile(page)
		need(t, err)
		name, err := filepath.Rel(filepath.Join("..", ".."), page)
		need(t, err)
		if got := len(examples(string(text), "sh")); got != shellBlocks[name].blocks {
			t.Errorf("%s has %d examples for a shell; %d are run, by %q", name, got, shellBlocks[name].blocks, shellBlocks[name].by)
		}
	}
}

// TestCommandsOfAPI: what docs/api.md types is answered. Who shows a wrong token is told so, and not answered as
// everybody is.
func TestCommandsOfAPI(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "curl", "curl")
	const token = "0123456789abcdef0123456789abcdef"
	r := newReader(t)
	r.write("config.yaml", "web: {listen: \"127.0.0.1:0\"}\npage: {enabled: true, public: true, token: "+token+"}\n"+readersCompany)
	bot := startStatusbot(t, r.env, "run", "--config", filepath.Join(r.folder, "config.yaml"), "--data-dir", filepath.Join(r.folder, "data"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	url := bot.readyURL(ctx)
	lines := commandLines(t, filepath.Join("docs", "api.md"))
	if len(lines) != 2 {
		t.Fatalf("the page has %d command lines, and 2 have a test: %q", len(lines), lines)
	}
	for _, line := range lines {
		out, code := r.types(strings.NewReplacer("curl ", "curl -fsS ", "https://status.example.com", url, "Bearer TOKEN", "Bearer "+token).Replace(line))
		var board struct {
			Products []struct {
				ID       string
				Measured *struct{}
			}
		}
		if err := json.Unmarshal([]byte(out), &board); err != nil || code != exitOK || len(board.Products) != 1 || board.Products[0].Measured == nil {
			t.Errorf("%s: exit code %d\n%s", line, code, out)
		}
	}
	for _, tt := range []struct {
		method, authorization, origin string
		status                        int
	}{
		{http.MethodGet, "", "", http.StatusOK},
		{http.MethodGet, "Bearer x" + token, "", http.StatusUnauthorized},
		{http.MethodOptions, "", "https://other.example.com", http.StatusNoContent},
	} {
		req, err := http.NewRequestWithContext(ctx, tt.method, url+"/api/v1/board", nil)
		need(t, err)
		req.Header.Set("Authorization", tt.authorization)
		req.Header.Set("Origin", tt.origin)
		resp, err := http.DefaultClient.Do(req)
		need(t, err)
		resp.Body.Close()
		if resp.StatusCode != tt.status || tt.status < 300 && resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s with %q: %s, %v", tt.method, tt.authorization, resp.Status, resp.Header)
		}
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestScriptOfWays: the script of docs/ways.md says what a way of kind exec gives it.
func TestScriptOfWays(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "jq", "jq")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "ways.md"))
	need(t, err)
	r := newReader(t)
	r.write("siren.sh", examples(string(page), "sh")[0].text)
	r.write("bin/wall", "#!/bin/sh\nexec cat >said\n") // the real one speaks to who is logged in
	event, err := json.Marshal(ways.Event{Type: "incident.worse", Data: ways.EventData{Text: "Billing is down.\nAll 24 tries failed."}})
	need(t, err)
	cmd := exec.CommandContext(t.Context(), "./siren.sh")
	cmd.Dir, cmd.Env, cmd.Stdin = r.folder, append(os.Environ(), "PATH="+filepath.Join(r.folder, "bin")+":"+os.Getenv("PATH")), strings.NewReader(string(event))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if said, err := os.ReadFile(filepath.Join(r.folder, "said")); err != nil || string(said) != "Billing is down.\nAll 24 tries failed.\n" {
		t.Errorf("it says %q, %v", said, err)
	}
}

var (
	pathsOnAMachine = regexp.MustCompile("/(?:etc|usr/share|var/lib)/[A-Za-z0-9./_-]*[a-z]")
	setOfChart      = regexp.MustCompile(`--set(?:-file)? '?([A-Za-z]+)(\\?[.A-Za-z\\]*)'?[=]`)
	secretOfChart   = regexp.MustCompile(`kubectl create secret generic "?([a-z-]+)`)
)

// TestCommandsOfPackages: what docs/packages.md names is in the packages, and in the chart.
func TestCommandsOfPackages(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "packages.md"))
	need(t, err)
	packaging := filepath.Join("..", "..", "packaging")
	packaged := ""
	for _, name := range []string{"nfpm.yaml", "statusbot.service", "scripts.conf", "Dockerfile"} {
		text, err := os.ReadFile(filepath.Join(packaging, name))
		need(t, err)
		packaged += string(text)
	}
	paths := pathsOnAMachine.FindAllString(string(page), -1)
	for _, one := range paths {
		if name, is := strings.CutPrefix(one, "/var/lib/"); strings.Contains(packaged, one) || is && strings.Contains(packaged, "StateDirectory="+name) {
			continue
		}
		t.Errorf("the page names %s, which no package has", one)
	}
	var values map[string]any
	text, err := os.ReadFile(filepath.Join(packaging, "chart", "values.yaml"))
	need(t, err)
	need(t, yaml.Unmarshal(text, &values))
	sets, files := 0, 0
	for line := range strings.Lines(string(page)) {
		for _, m := range setOfChart.FindAllStringSubmatch(line, -1) {
			if _, there := values[m[1]]; !there {
				t.Errorf("the chart has no value %s: %s", m[1], line)
			}
			sets++
		}
		for _, m := range secretOfChart.FindAllStringSubmatch(line, -1) {
			if name := strings.TrimSuffix(m[1], "-"); name != values["secret"] && name != values["clusterSecret"] {
				t.Errorf("the chart reads no Secret %s: %s", m[1], line)
			}
			sets++
		}
		for word := range strings.FieldsSeq(line) {
			kind := path.Ext(word)
			if like, err := path.Match(word, "./statusbot_1.2.3_linux_amd64"+kind); err == nil && like && (kind == ".deb" || kind == ".rpm") {
				files++
			}
		}
	}
	if len(paths) < 5 || sets != 8 || files != 2 {
		t.Errorf("of the page %d paths, %d values and Secrets of the chart and %d files were read", len(paths), sets, files)
	}
}

// TestReceiverOfMarks: Alertmanager takes the receiver that docs/marks.md shows.
func TestReceiverOfMarks(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "amtool", "prometheus-alertmanager")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "marks.md"))
	need(t, err)
	file, tried := filepath.Join(t.TempDir(), "alertmanager.yml"), 0
	for _, e := range examples(string(page), "yml") {
		if !strings.Contains(e.text, "receivers:") {
			continue
		}
		need(t, os.WriteFile(file, []byte("route: {receiver: statusbot}\n"+e.text), 0o600))
		if out, err := exec.CommandContext(t.Context(), "amtool", "check-config", file).CombinedOutput(); err != nil {
			t.Errorf("docs/marks.md:%d: %v\n%s", e.line, err, out)
		}
		tried++
	}
	if tried != 1 {
		t.Errorf("the page has %d receivers", tried)
	}
}
