//go:build unix

package exec

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// cpuWithChildren is cpu with that of the processes that were waited for.
func cpuWithChildren(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	probetest.OK(b, syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u))
	return probetest.Cpu(b) + time.Duration(u.Utime.Nano()+u.Stime.Nano())
}

// BenchmarkExecRatio sets a probe of kind exec against the least that Go can
// do to run /bin/true: syscall.ForkExec, which on Linux shares its memory with
// the child until that is another program (CLONE_VM and CLONE_VFORK), and
// wait4, with nothing read. They take turns, one by one. The CPU is that of both
// processes, ours and the child's.
func BenchmarkExecRatio(b *testing.B) {
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "exec", Every: time.Minute, Timeout: 30 * time.Second, Options: &Options{Argv: []string{"/bin/true"}, Dir: "/"}})
	probetest.OK(b, err)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	probetest.OK(b, err)
	defer null.Close()
	attr := &syscall.ProcAttr{Dir: "/", Env: []string{"PATH=" + os.Getenv("PATH")}, Files: []uintptr{null.Fd(), null.Fd(), null.Fd()},
		Sys: &syscall.SysProcAttr{Setpgid: true}}

	var ours, bare, oursWall, bareWall time.Duration
	n := 0
	for b.Loop() {
		t0, w0 := cpuWithChildren(b), time.Now()
		if r, ok := c.Run(context.Background()); !ok || r.Outcome != checks.Pass {
			b.Fatalf("got %v %+v, want a pass", ok, r)
		}
		t1, w1 := cpuWithChildren(b), time.Now()
		pid, err := syscall.ForkExec("/bin/true", []string{"/bin/true"}, attr)
		probetest.OK(b, err)
		var status syscall.WaitStatus
		for {
			if _, err = syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
				break
			}
		}
		probetest.OK(b, err)
		ours += t1 - t0
		oursWall += w1.Sub(w0)
		bare += cpuWithChildren(b) - t1
		bareWall += time.Since(w1)
		n++
	}
	micro := func(d time.Duration) float64 { return float64(d) / float64(n) / 1e3 }
	b.ReportMetric(micro(ours), "cpu-us/probe")
	b.ReportMetric(micro(bare), "cpu-us/bare")
	b.ReportMetric(micro(oursWall), "us/probe")
	b.ReportMetric(micro(bareWall), "us/bare")
	b.ReportMetric(float64(ours)/float64(bare), "ratio")
	b.ReportMetric(float64(oursWall)/float64(bareWall), "wall-ratio")
	b.ReportMetric(0, "ns/op")
}
