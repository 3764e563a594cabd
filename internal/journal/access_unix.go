//go:build unix

package journal

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// denied reports whether this process lacks the right to read and write a file, or to make files in a folder. That the disk is
// read-only is none.
func denied(path string, folder bool) bool {
	mode := uint32(unix.R_OK | unix.W_OK)
	if folder {
		mode |= unix.X_OK
	}
	return errors.Is(unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS), fs.ErrPermission)
}
