package journal

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// mayUse fails where this process may not read and write what is in the data directory, as after a start by another user: the server
// inside takes what it may not read for what is not there, and so would be lost what is well. The caller holds the lock.
func mayUse(dir string) error {
	n, first := 0, ""
	look := func(path string, folder bool) {
		if !denied(path, folder) {
			return
		}
		if n++; first == "" {
			first = path
		}
	}
	look(dir, true)
	for _, name := range []string{"node", secondFile, twinFile, checkpointsDir, aloneDir, clusterDir} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path += string(filepath.Separator) // of a link what it leads to
		}
		// What cannot be looked into was told of when it was met.
		_ = filepath.WalkDir(path, func(path string, d fs.DirEntry, _ error) error {
			if d != nil && (d.IsDir() || d.Type().IsRegular()) {
				look(filepath.Clean(path), d.IsDir())
			}
			return nil
		})
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d files and folders in it may not be used, as after a start by another user, and chown -R mends it; the first: %w", n,
		&fs.PathError{Op: "use", Path: first, Err: syscall.EACCES})
}
