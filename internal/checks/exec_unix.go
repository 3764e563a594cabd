//go:build unix

package checks

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the process the leader of a new process group, so that all
// that it starts can be ended with it, and of another user if one is given.
func ownGroup(cmd *exec.Cmd, as *runAs) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		cmd.SysProcAttr.Credential = as.credential
	}
}

// killGroup ends a process group at once.
func killGroup(leader int) error {
	return syscall.Kill(-leader, syscall.SIGKILL)
}
