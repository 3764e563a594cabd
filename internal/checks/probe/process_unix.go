//go:build unix

package probe

import (
	"os/exec"
	"syscall"
)

// OwnGroup makes the process the leader of a new process group, so that all
// that it starts can be ended with it.
func OwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// KillGroup ends a process group at once.
func KillGroup(leader int) error {
	return syscall.Kill(-leader, syscall.SIGKILL)
}
