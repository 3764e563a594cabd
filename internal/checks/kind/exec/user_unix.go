//go:build unix

package exec

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// runAs is the user that a script runs as.
type runAs struct {
	name       string
	home       string
	credential *syscall.Credential
}

// newRunAs looks a user up, by name or number; nil for nobody else than the
// user that statusbot runs as. Only root may become another user.
func newRunAs(name string) (*runAs, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // there is nobody to become
	}
	if os.Geteuid() != 0 {
		return nil, &probe.OptionError{Key: "run_as", Problem: "works only where statusbot runs as root", Instead: "leave it out, or run statusbot as root"}
	}
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			return nil, &probe.OptionError{Key: "run_as", Problem: "is not a user of this machine", Instead: "write the name of one, such as nobody"}
		}
	}
	as := &runAs{name: u.Username, home: u.HomeDir, credential: &syscall.Credential{}}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, &probe.OptionError{Key: "run_as", Problem: "is a user whose groups cannot be read"}
	}
	for _, id := range []struct {
		text string
		to   *uint32
	}{{u.Uid, &as.credential.Uid}, {u.Gid, &as.credential.Gid}} {
		n, err := strconv.ParseUint(id.text, 10, 32)
		if err != nil {
			return nil, &probe.OptionError{Key: "run_as", Problem: "is a user without a number"} // unreachable on unix
		}
		*id.to = uint32(n)
	}
	for _, g := range groups {
		if n, err := strconv.ParseUint(g, 10, 32); err == nil {
			as.credential.Groups = append(as.credential.Groups, uint32(n))
		}
	}
	return as, nil
}

// become makes a command run as the user.
func (u *runAs) become(cmd *exec.Cmd) { cmd.SysProcAttr.Credential = u.credential }
