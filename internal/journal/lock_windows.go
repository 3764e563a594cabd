package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock takes the exclusive lock on f without waiting; false when another holds it.
func tryLock(f *os.File) (bool, error) {
	// One byte far behind the text, because Windows' locks are mandatory and the process id must stay readable.
	at := &windows.Overlapped{OffsetHigh: 1}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// unlock drops the lock before f is closed; closing it does so here.
func unlock(*os.File) error { return nil }
