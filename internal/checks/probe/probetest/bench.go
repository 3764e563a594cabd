//go:build unix

package probetest

import (
	"syscall"
	"testing"
	"time"
)

// Cpu returns the CPU time, user and system, of this process so far.
func Cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	OK(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
