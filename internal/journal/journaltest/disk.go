// Package journaltest has what tests of the journal's disk need.
package journaltest

import (
	"os"
	"os/exec"
	"testing"
)

// mountsEnv is 1 where .ci/run found that file systems can be mounted: there a
// test that cannot do so fails.
const mountsEnv = "STATUSBOT_TEST_MOUNTS"

// SmallDisk mounts a file system in memory of so many MiB ("8m") until the end of
// the test. Where that is not allowed it skips the test.
func SmallDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() }) // best effort: it is of the test alone
	return dir
}

// ReadOnly mounts such a disk anew for reading only.
func ReadOnly(t *testing.T, dir string) {
	t.Helper()
	mount(t, "-o", "remount,ro", dir)
}

func mount(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("mount", args...).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv(mountsEnv) == "1":
		t.Fatalf("%s asks for it, and a file system cannot be mounted: %v: %s", mountsEnv, err, out)
	default:
		t.Skipf("a small file system cannot be mounted: run the test as root on Linux: %v: %s", err, out)
	}
}
