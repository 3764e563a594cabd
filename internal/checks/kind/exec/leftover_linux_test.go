package exec

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// quietly is a session of its own that holds nothing of the script's; it is there
// once the file child holds its number.
const quietly = `setsid sh -c 'echo $$ >new; mv new child; exec sleep 600' </dev/null >/dev/null 2>&1 & while [ ! -e child ]; do sleep 0.01; done; `

func init() { scripts.every = 100 * time.Millisecond }

func TestWhatLeftTheGroupEndsWithItsScript(t *testing.T) {
	for name, script := range map[string]string{
		"session":    quietly + `echo OK`,
		"background": `sleep 600 </dev/null >/dev/null 2>&1 & echo $! >child; echo OK`,
		"daemon": `setsid sh -c 'cd /; sleep 600 <&- >&- 2>&- & echo $! >'"$PWD"'/new' </dev/null >/dev/null 2>&1
			mv new child; echo OK`,
		"session of a session": `setsid sh -c 'setsid sh -c "echo \$\$ >new; mv new child; sleep 600; true" & sleep 600; true' </dev/null >/dev/null 2>&1 &
			while [ ! -e child ]; do sleep 0.01; done; echo OK`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, _ := probetest.WriteScript(t, script)
			r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir}, time.Minute)
			probetest.WantResult(t, r, checks.Pass, "", "OK")
			gone(t, filepath.Join(dir, "child"))
		})
	}
}

// begun runs a script until end is called, and returns once the file child is
// there.
func begun(t *testing.T, dir string) (end func()) {
	t.Helper()
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Every: time.Hour, Timeout: 10 * time.Minute, Options: &Options{Argv: []string{"./check.sh"}, Dir: dir}})
	probetest.OK(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	end = func() { cancel(); <-done }
	t.Cleanup(end)
	child := filepath.Join(dir, "child")
	for limit := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(child); err == nil {
			return end
		}
		if time.Now().After(limit) {
			t.Fatal("the script started nothing")
		}
	}
}

func TestWhatLeftTheGroupEndsWithAScriptThatIsEnded(t *testing.T) {
	dir, _ := probetest.WriteScript(t, quietly+`sleep 600`)
	begun(t, dir)()
	text, err := os.ReadFile(filepath.Join(dir, "child"))
	probetest.OK(t, err)
	if alive(t, strings.TrimSpace(string(text))) {
		t.Error("it is there after the probe")
		gone(t, filepath.Join(dir, "child"))
	}
}

// alive is whether a process runs.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestASweepEndsNothingElse: neither what runs, nor another statusbot's scripts,
// nor what merely speaks of a mark.
func TestASweepEndsNothingElse(t *testing.T) {
	dir, _ := probetest.WriteScript(t, quietly+`sleep 600`)
	end := begun(t, dir)
	text, err := os.ReadFile(filepath.Join(dir, "child"))
	probetest.OK(t, err)
	prefix := string(scripts.prefix)
	others := map[string]string{ // :: pid -> its mark
		strings.TrimSpace(string(text)): "of a script that runs",
	}
	for _, mark := range []string{string(newLeftovers().prefix) + "1", prefix + "x", prefix, "X" + prefix + "1", "A=" + prefix + "1"} {
		cmd := exec.Command("sleep", "600")
		cmd.Env = []string{mark}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		probetest.OK(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		others[strconv.Itoa(cmd.Process.Pid)] = mark
	}
	scripts.sweep()
	for pid, mark := range others {
		if !alive(t, pid) {
			t.Errorf("ended: %s", mark)
		}
	}
	end()
	if pid := strings.TrimSpace(string(text)); alive(t, pid) {
		t.Error("it outlives its script")
	}
}

func BenchmarkSweep(b *testing.B) {
	for b.Loop() {
		scripts.sweep()
	}
}
