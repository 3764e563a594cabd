//go:build unix

package probetest

import (
	"os/exec"
	"syscall"
	"testing"
)

// Humble makes a command run as nobody if the test runs as root, which some
// servers refuse.
func Humble(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if uid, gid, ok := Nobody(t); ok {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
}
