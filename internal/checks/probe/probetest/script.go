package probetest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// WriteScript writes an executable shell script and returns its folder and path.
func WriteScript(t *testing.T, text string) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "check.sh")
	OK(t, WriteProgram(path, "#!/bin/sh\n"+text+"\n"))
	return dir, path
}

// WriteProgram writes a file that is to be run. Nothing is forked meanwhile: the
// child would hold the file open for writing until it runs its own program, and
// the system refuses to run what is being written.
func WriteProgram(path, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(text), 0o755)
}
