//go:build !unix

package exec

import (
	"os/exec"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// runAs is the user that a script runs as: nobody but who statusbot runs as.
type runAs struct {
	name string
	home string
}

// newRunAs refuses every user: becoming another one is a matter of Unix.
func newRunAs(name string) (*runAs, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // there is nobody to become
	}
	return nil, &probe.OptionError{Key: "run_as", Problem: "works only on Linux, macOS and other kinds of Unix", Instead: "leave it out: the script runs as the user that statusbot runs as"}
}

func (*runAs) become(*exec.Cmd) {}
