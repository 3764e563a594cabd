package probetest

import (
	"os"
	"path/filepath"
	"testing"
)

// WriteScript writes an executable shell script and returns its folder and path.
func WriteScript(t *testing.T, text string) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "check.sh")
	OK(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	return dir, path
}
