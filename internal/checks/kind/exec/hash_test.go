package exec

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestScriptHashFollowsTheFile(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "a.sh")
	write := func(text string) {
		next := filepath.Join(dir, "next")
		probetest.OK(t, probetest.WriteProgram(next, text))
		probetest.OK(t, os.Rename(next, script))
	}
	write("#!/bin/sh\nexit 2\n")
	for name, argv := range map[string][]string{
		"itself":            {"./a.sh"},
		"by an interpreter": {"/bin/sh", "-u", "a.sh", "x"},
		"through env":       {"/usr/bin/env", "LANG=C", "sh", "./a.sh"},
	} {
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "a", Kind: "exec", Every: 5 * time.Second, Timeout: 5 * time.Second, Options: &Options{Argv: argv, Dir: dir}})
		probetest.OK(t, err)
		write("#!/bin/sh\nexit 2\n")
		r, _ := c.Run(t.Context())
		before := r.Evidence.ScriptSHA256
		if len(before) != 64 || before != sumOf(script) {
			t.Errorf("%s: %q, %s", name, before, r.Summary)
		}
		write("#!/bin/sh\nexit 1\n")
		r, _ = c.Run(t.Context())
		if now := r.Evidence.ScriptSHA256; now == before || now != sumOf(script) {
			t.Errorf("%s, after a change: %q, before %q", name, now, before)
		}
	}
}

func TestScriptHashReadsOnceUnlessChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.sh")
	probetest.OK(t, os.WriteFile(file, []byte("abc"), 0o644))
	var h hashes
	// The SHA-256 of "abc" (FIPS 180-2, B.1).
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := h.of(file); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	// The same inode, size and time: not read again.
	info, err := os.Stat(file)
	probetest.OK(t, err)
	probetest.OK(t, os.WriteFile(file, []byte("abd"), 0o644))
	probetest.OK(t, os.Chtimes(file, info.ModTime(), info.ModTime()))
	if got := h.of(file); got != want {
		t.Errorf("read again: %s", got)
	}
	probetest.OK(t, os.Chtimes(file, info.ModTime(), info.ModTime().Add(time.Second)))
	if got := h.of(file); got == want || got == "" {
		t.Errorf("not read after a change: %q", got)
	}
	probetest.OK(t, os.Remove(file))
	if got := h.of(file); got != "" {
		t.Errorf("of no file: %s", got)
	}
}
