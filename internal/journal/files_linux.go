package journal

import (
	"path/filepath"
	"syscall"
)

// noFiles reports whether the disk of a directory, or of what is above it, has as many files as it can have, for which there is no other
// error than that of a disk without room.
func noFiles(dir string) bool {
	for {
		var is syscall.Statfs_t
		if syscall.Statfs(dir, &is) == nil {
			return is.Files > 0 && is.Ffree == 0
		}
		above := filepath.Dir(dir)
		if above == dir {
			return false
		}
		dir = above
	}
}
