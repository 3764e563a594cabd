//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCommandsOfImport: the page's commands, with the files that the importers are tested on.
func TestCommandsOfImport(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	for name, from := range map[string]string{
		"config.yaml": "gatus.yaml", "monitors.json": "uptime-kuma-table.json", "monitors.csv": "uptimerobot.csv", ".upptimerc.yml": "upptime.yml",
		"blackbox.yml": "blackbox.yml", "prometheus.yml": "prometheus.yml", "targets.json": "targets.json", "objects.cache": "objects.cache", "resource.cfg": "resource.cfg", "nagios.cfg": "nagios.cfg", "state.json": "terraform.json",
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", "internal", "adopt", "testdata", from))
		need(t, err)
		r.write(name, string(text))
	}
	r.write("checks/queue.sh", "#!/bin/sh\necho 'WARNING: the oldest message waits 1200 s|age=1200s'; exit 1\n")
	r.readsAndTypes(filepath.Join("docs", "import.md"), 11, "statusbot shadow", "statusbot shadow --help #") // TestShadowBesideGatus runs that line
}
