// Package journaltest has what tests of the journal's disk need.
package journaltest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	may(t, "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() }) // best effort: it is of the test alone
	return dir
}

// Device is a file system of blocks in a file: unlike one in memory it can fail, hang
// and be mounted again while files of it are open.
type Device struct {
	Dir  string // where it is mounted
	t    *testing.T
	loop string // device of the mounted file
	file string
}

// NewDevice mounts such a file system of some MiB until the end of the test. Where
// that is not allowed it skips the test, and also unless long forms are asked for:
// what notices a disk that hangs takes its seconds.
func NewDevice(t *testing.T) *Device {
	t.Helper()
	if os.Getenv("STATUSBOT_TEST_LONG") != "1" {
		t.Skip("a long form: STATUSBOT_TEST_LONG=1 asks for it")
	}
	d := &Device{t: t, Dir: t.TempDir(), file: filepath.Join(t.TempDir(), "image")}
	if err := os.WriteFile(d.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.file, 32<<20); err != nil {
		t.Fatal(err)
	}
	may(t, "mkfs.ext4", "-q", "-F", d.file)
	out := may(t, "losetup", "--find", "--show", d.file)
	d.loop = strings.TrimSpace(out)
	t.Cleanup(func() {
		_ = exec.Command("fsfreeze", "-u", d.Dir).Run() // best effort, all of it: the disk is of the test alone
		_ = exec.Command("umount", "-l", d.Dir).Run()
		_ = exec.Command("losetup", "-d", d.loop).Run()
	})
	d.Mount()
	return d
}

// Mount mounts it, and again after Unmount.
func (d *Device) Mount() {
	d.t.Helper()
	may(d.t, "mount", "-o", "errors=remount-ro", d.loop, d.Dir)
}

// Unmount takes it from its place, with files of it open.
func (d *Device) Unmount() {
	d.t.Helper()
	may(d.t, "umount", "-l", d.Dir)
}

// Hang has all that writes to it wait until Thaw.
func (d *Device) Hang() {
	d.t.Helper()
	may(d.t, "fsfreeze", "-f", d.Dir)
}

// Thaw ends Hang.
func (d *Device) Thaw() {
	d.t.Helper()
	may(d.t, "fsfreeze", "-u", d.Dir)
}

// Fail has the kernel find an error in it, for which it makes it read-only, until
// it is mounted anew with no file of it open.
func (d *Device) Fail() {
	d.t.Helper()
	trigger := filepath.Join("/sys/fs/ext4", filepath.Base(d.loop), "trigger_fs_error")
	if err := os.WriteFile(trigger, []byte("a test\n"), 0o200); err != nil {
		d.t.Skipf("the kernel takes no errors of a file system: %v", err)
	}
}

// ReadOnly mounts such a disk anew for reading only.
func ReadOnly(t *testing.T, dir string) {
	t.Helper()
	may(t, "mount", "-o", "remount,ro", dir)
}

// may runs a program that needs the right to mount.
func may(t *testing.T, program string, args ...string) (out string) {
	t.Helper()
	b, err := exec.Command(program, args...).CombinedOutput()
	switch {
	case err == nil:
		return string(b)
	case os.Getenv(mountsEnv) == "1":
		t.Fatalf("%s asks for it, and a file system cannot be mounted: %s: %v: %s", mountsEnv, program, err, b)
	default:
		t.Skipf("a small file system cannot be mounted: run the test as root on Linux: %s: %v: %s", program, err, b)
	}
	return ""
}
