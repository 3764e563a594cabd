package exec

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestScriptsEndWithAStatusbotThatIsKilled: kill -9 leaves nobody here to end them; the
// guard sees that we are gone by what we held.
func TestScriptsEndWithAStatusbotThatIsKilled(t *testing.T) {
	l := newLeftovers()
	_, env := l.begin(nil)
	if l.alive == nil {
		t.Fatal("there is no guard")
	}
	start := func(env []string) *exec.Cmd {
		cmd := exec.Command("sleep", "600")
		cmd.Env = env
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		probetest.OK(t, cmd.Start())
		return cmd
	}
	another := newLeftovers()
	_, others := another.begin(nil)
	script, stranger := start(append(env, "A=b")), start(others)
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
		_ = another.alive.Close()
	})

	probetest.OK(t, l.alive.Close()) // as the kernel does for a process that is gone
	if err := script.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the script ended with %v", err)
	}
	if !alive(t, strconv.Itoa(stranger.Process.Pid)) {
		t.Error("a script of another statusbot was ended, too")
	}
}
