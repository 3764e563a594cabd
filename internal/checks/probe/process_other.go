//go:build !unix

package probe

import (
	"os"
	"os/exec"
)

// OwnGroup does nothing: the system has no groups of processes as Unix has them.
func OwnGroup(*exec.Cmd) {}

// KillGroup ends the leader at once; what it started lives on.
func KillGroup(leader int) error {
	p, err := os.FindProcess(leader)
	if err != nil {
		return err
	}
	return p.Kill()
}
