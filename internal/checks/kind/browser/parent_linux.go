package browser

import (
	"os/exec"
	"syscall"
)

// endWithParent lets a process be killed when this one ends, however it ends.
// It is started by a thread that stays until it has ended, as the signal comes
// when the thread does.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
