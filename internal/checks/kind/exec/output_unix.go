//go:build unix

package exec

import (
	"syscall"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// rest takes what is in the pipe without waiting for more, and reports whether it came
// to the end: that nobody holds the other one.
func (o *output) rest() (ended bool) {
	if o.from.SetReadDeadline(time.Time{}) != nil {
		return false // unreachable: it had one
	}
	raw, err := o.from.SyscallConn()
	if err != nil {
		return false // unreachable: it is open
	}
	var piece [4 << 10]byte
	_ = raw.Read(func(fd uintptr) bool {
		// More than its room is written meanwhile, by somebody else than the script.
		for taken := 0; taken <= 16*probe.ReadMax; {
			n, err := syscall.Read(int(fd), piece[:])
			if err == syscall.EINTR {
				continue
			}
			if n <= 0 {
				ended = n == 0 && err == nil
				break
			}
			_, _ = o.to.Write(piece[:n]) // has no error to give
			taken += n
		}
		return true
	})
	return ended
}
