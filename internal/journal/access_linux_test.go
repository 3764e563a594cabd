package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asNobody has do be done by a thread without the rights of root, if this process has them; the thread ends with it.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and is not unlocked: nobody else gets this thread
		const nobody = 65534
		err := syscall.Setfsuid(nobody)
		if err == nil {
			do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestWhatMayNotBeUsedEndsTheStart: files that belong to somebody else, as after a start as root, are not taken for damaged or missing ones.
// The error names the first, and nothing in the directory is touched.
func TestWhatMayNotBeUsedEndsTheStart(t *testing.T) {
	t.Parallel()
	made := makeMixed(t)
	for _, name := range []string{
		secondFile, twinFile, "node", checkpointsDir, aloneDir, evs, evs + "/msgs", evs + "/msgs/1.blk", evs + "/meta.inf", recs + "/msgs/index.db", "",
	} {
		parent := t.TempDir()
		s := strangeDir{t, filepath.Join(parent, "data")}
		s.need(errors.Join(os.Chmod(parent, 0o755), os.Chmod(filepath.Dir(parent), 0o755))) // anybody may go there
		s.need(os.CopyFS(s.dir, os.DirFS(made.newer)))
		s.need(os.MkdirAll(s.in(checkpointsDir), 0o700))
		s.need(filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
			return errors.Join(err, os.Chmod(path, map[bool]fs.FileMode{true: 0o777, false: 0o666}[d.IsDir()]))
		}))
		before := filesOf(t, s.dir)
		info, err := os.Stat(s.in(name))
		s.need(err)
		s.need(os.Chmod(s.in(name), info.Mode()&0o444)) // who may only read it would not write what it has
		if name == "" {
			s.need(os.Chmod(s.in(name), 0o555))
		}
		asNobody(t, func() {
			var j *Journal
			if j, err = Open(t.Context(), Config{Dir: s.dir}); err == nil {
				_ = j.Close() // it is an error that it opened
			}
		})
		if err == nil || !strings.Contains(err.Error(), "use "+s.in(name)+": permission denied") || !strings.Contains(err.Error(), "chown -R") || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%q may not be used: %v", name, err)
		}
		s.need(os.Chmod(s.in(name), info.Mode()))
		if after := filesOf(t, s.dir); strings.Join(after, "\n") != strings.Join(before, "\n") {
			t.Errorf("%q may not be used: there are %q, and were %q", name, after, before)
		}
	}
}
