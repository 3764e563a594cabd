//go:build unix

package checks

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the process the leader of a new process group, so that all
// that it starts can be ended with it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup ends a process group at once.
func killGroup(leader int) error {
	return syscall.Kill(-leader, syscall.SIGKILL)
}
