package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMissingScriptsAreSaidOnce: a thousand checks whose plugins are not on this machine are a
// few lines, each plugin once; programs get all of them.
func TestMissingScriptsAreSaidOnce(t *testing.T) {
	t.Parallel()
	var checks strings.Builder
	for n := range 100 {
		fmt.Fprintf(&checks, "  - {id: c%d, product: shop, kind: exec, every: 1m, exec: {argv: [/nowhere/check_%d]}}\n", n, n%25)
	}
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	need(t, os.WriteFile(file, []byte("products:\n  - {id: shop, name: Shop}\nchecks:\n"+checks.String()), 0o600))
	validate := func(args ...string) (out, words string) {
		var o, w bytes.Buffer
		if code := run(t.Context(), append([]string{"validate", "--config", file}, args...), world{out: &o, err: &w, env: func(string) (string, bool) { return "", false }}); code != exitOK {
			t.Fatalf("%d %s%s", code, o.String(), w.String())
		}
		return o.String(), w.String()
	}
	_, words := validate()
	lines := strings.Split(strings.TrimSpace(words), "\n")
	t.Log(words)
	if len(lines) != 9 || !strings.Contains(lines[8], "more checks cannot be run either; --json names each") {
		t.Errorf("%d lines:\n%s", len(lines), words)
	}
	out, _ := validate("--json")
	var v validityJSON
	need(t, json.Unmarshal([]byte(out), &v))
	if len(v.Warnings) != 100 {
		t.Errorf("%d warnings for programs, want 100", len(v.Warnings))
	}
}
