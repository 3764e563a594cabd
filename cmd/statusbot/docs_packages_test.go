//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestMembersOfTheChart: what docs/packages.md writes for three members has the folders
// that its next line makes Secrets of, and in each the files that the chart mounts.
func TestMembersOfTheChart(t *testing.T) {
	t.Parallel()
	shell := probetest.NeedProgram(t, "bash", "/bin/bash", "/usr/bin/bash") // for {0,1,2}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "packages.md"))
	need(t, err)
	chart, err := os.ReadFile(filepath.Join("..", "..", "packaging", "chart", "templates", "members.yaml"))
	need(t, err)
	mounted := regexp.MustCompile(`\$file := list ((?:"[a-z.]+" ?)+)`).FindSubmatch(chart)
	if mounted == nil {
		t.Fatal("the chart mounts no files of members")
	}
	var lines []string
	for _, e := range examples(string(page), "sh") {
		for line := range strings.Lines(e.text) {
			if strings.HasPrefix(line, "statusbot cluster init ") || strings.HasPrefix(line, "for i in ") {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) != 2 {
		t.Fatalf("of members the page has %d lines, and 2 have a test: %q", len(lines), lines)
	}
	r := newReader(t)
	// A kubectl that needs no cluster: it says which files the Secret would hold.
	r.write("bin/kubectl", "#!/bin/sh\nfor arg in \"$@\"; do case $arg in --from-file=*) ls \"${arg#--from-file=}\";; statusbot-cluster-*) echo \"$arg\";; esac; done\n")
	cmd := exec.CommandContext(t.Context(), shell, "-ec", strings.Join(lines, ""))
	cmd.Dir, cmd.Env = r.folder, append(os.Environ(), "PATH="+filepath.Join(r.folder, "bin")+":"+os.Getenv("PATH"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files := strings.Fields(strings.ReplaceAll(string(mounted[1]), `"`, ""))
	for _, i := range []string{"0", "1", "2"} {
		_, of, found := strings.Cut(string(out), "statusbot-cluster-"+i+"\n")
		of, _, _ = strings.Cut(of, "statusbot-cluster-")
		for _, name := range files {
			if !found || !strings.Contains("\n"+of, "\n"+name+"\n") {
				t.Errorf("the Secret of member %s has no %s, which the chart mounts:\n%s", i, name, out)
			}
		}
	}
}
