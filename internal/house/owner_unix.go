//go:build unix

package house

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByAnother returns the id of the user who owns a file, if that is
// somebody else than who runs this process.
func ownedByAnother(info fs.FileInfo) (uid int, another bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false // unreachable: os.Stat made it
	}
	return int(s.Uid), int(s.Uid) != os.Geteuid()
}
