package probetest

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// NeedProgram returns the first program that one of the patterns names, or
// skips: tests of kinds that ask servers run against the real ones.
func NeedProgram(t *testing.T, debian string, patterns ...string) string {
	t.Helper()
	for _, pattern := range patterns {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
	}
	longtest.Lacks(t, "none of %s is here: the test needs Debian's package %s", strings.Join(patterns, ", "), debian)
	return ""
}

// Nobody is who humble commands run as; needed is false where the test does not
// run as root.
func Nobody(t *testing.T) (uid, gid int, needed bool) {
	t.Helper()
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	who, err := user.Lookup("nobody")
	OK(t, err)
	uid, err = strconv.Atoi(who.Uid)
	OK(t, err)
	gid, err = strconv.Atoi(who.Gid)
	OK(t, err)
	return uid, gid, true
}

// HumbleDir returns a folder that a humble command owns.
func HumbleDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if uid, gid, ok := Nobody(t); ok {
		// The parent is a folder of this test's own, too.
		OK(t, os.Chown(filepath.Dir(dir), uid, gid))
		OK(t, os.Chown(dir, uid, gid))
	}
	return dir
}

// StartDatabase starts a humble server and stops it by the signal at the end.
func StartDatabase(t *testing.T, dir string, end os.Signal, program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(program, args...)
	Humble(t, cmd)
	return cmd, start(t, cmd, dir, end)
}

// StartServer is StartDatabase for a server that runs as who runs the tests.
func StartServer(t *testing.T, dir string, end os.Signal, program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(program, args...)
	return cmd, start(t, cmd, dir, end)
}

func start(t *testing.T, cmd *exec.Cmd, dir string, end os.Signal) *bytes.Buffer {
	t.Helper()
	log := &bytes.Buffer{} // read after Wait only
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	OK(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(end)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), log)
		}
	})
	return log
}

// FreePort returns a port that is the test's own, on which nobody listens until
// a server that it starts does.
func FreePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(hold(t).Port())
}

// Refused returns an address where nobody listens.
func Refused(t *testing.T) string {
	t.Helper()
	return hold(t).Address()
}

func hold(t *testing.T) *port.Held {
	t.Helper()
	h, err := port.Hold()
	OK(t, err)
	t.Cleanup(func() { OK(t, h.Close()) })
	return h
}

// UntilPass probes until a server that was started answers as expected.
func UntilPass(t *testing.T, kind *probe.Kind, options any) {
	t.Helper()
	var r checks.Result
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if r = Probing(t, kind, options, 5*time.Second); r.Outcome == checks.Pass {
			return
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the condition
	}
	t.Fatalf("the server does not come up: %+v", r)
}

// HumbleUser returns whom a humble command runs as, and that user's group.
func HumbleUser(t *testing.T) (name, group string) {
	t.Helper()
	who, err := user.Current()
	OK(t, err)
	if _, _, root := Nobody(t); root {
		who, err = user.Lookup("nobody")
		OK(t, err)
	}
	of, err := user.LookupGroupId(who.Gid)
	OK(t, err)
	return who.Username, of.Name
}
