package longtest

import "syscall"

const (
	tmpfs  = 0x01021994 // TMPFS_MAGIC of linux/magic.h
	noexec = 0x0008     // ST_NOEXEC of statfs(2)
	write  = 2          // W_OK of access(2)
)

// roomIn says whether a folder is of memory, may be written to, has so many bytes free, and its programs may be run.
func roomIn(dir string, least uint64) bool {
	var is syscall.Statfs_t
	if syscall.Statfs(dir, &is) != nil || is.Type != tmpfs || is.Flags&noexec != 0 {
		return false
	}
	return is.Bavail*uint64(is.Bsize) >= least && syscall.Access(dir, write) == nil
}
