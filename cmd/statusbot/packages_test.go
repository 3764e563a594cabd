package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestTheUnitExposesLittle asks systemd's own judge, which needs no systemd that
// runs. The bounds are what the unit is known to reach.
func TestTheUnitExposesLittle(t *testing.T) {
	t.Parallel()
	judge := probetest.NeedProgram(t, "systemd", "/usr/bin/systemd-analyze")
	for _, tt := range []struct {
		name    string
		dropIns []string
		most    float64
	}{
		{"alone", nil, 1.3},
		{"with scripts of other teams", []string{"scripts.conf"}, 1.6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			unit := filepath.Join(dir, "statusbot.service")
			copyFile(t, unit, "statusbot.service")
			for _, name := range tt.dropIns {
				copyFile(t, filepath.Join(unit+".d", name), name)
			}
			out, err := exec.Command(judge, "security", "--offline=true", "--no-pager", unit).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			said := regexp.MustCompile(`Overall exposure level for statusbot\.service: ([0-9.]+)`).FindSubmatch(out)
			if said == nil {
				t.Fatalf("no level in\n%s", out)
			}
			if level, err := strconv.ParseFloat(string(said[1]), 64); err != nil || level > tt.most {
				t.Errorf("it exposes %s, want at most %v\n%s", said[1], tt.most, out)
			}
		})
	}
}

// copyFile copies a file of packaging to where a test wants it.
func copyFile(t *testing.T, to, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "packaging", name))
	probetest.OK(t, err)
	probetest.OK(t, os.MkdirAll(filepath.Dir(to), 0o700))
	probetest.OK(t, os.WriteFile(to, data, 0o600))
}

// TestPartialsOfTheChart: Helm reads files whose name begins with _ for what they define, and renders nothing else of
// them: what refuses a value there never does.
func TestPartialsOfTheChart(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "packaging", "chart", "templates", "*"))
	probetest.OK(t, err)
	refuses := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		probetest.OK(t, err)
		if partial := strings.HasPrefix(filepath.Base(file), "_"); !partial {
			refuses += strings.Count(string(text), "{{- fail ")
			continue
		}
		tree := parse.New("all")
		tree.Mode = parse.SkipFuncCheck
		tree, err = tree.Parse(string(text), "", "", map[string]*parse.Tree{})
		probetest.OK(t, err)
		for _, node := range tree.Root.Nodes {
			if strings.TrimSpace(node.String()) != "" {
				t.Errorf("%s has more than definitions, which is never rendered: %s", filepath.Base(file), node)
			}
		}
	}
	if refuses == 0 {
		t.Error("no template refuses a number of members that is neither 1 nor 3")
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, "v1.2.3"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-29T20:10:00Z"}, {Key: "vcs.modified", Value: "false"}}, "v1.2.3 (commit 0123456789ab, 2026-11-29)"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-29T20:10:00Z"}, {Key: "vcs.modified", Value: "true"}}, "v1.2.3 (commit 0123456789ab, and changes, 2026-11-29)"},
	} {
		if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: tt.settings}); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
