package kinds

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestShutdownYieldsNoResult(t *testing.T) {
	silent := probetest.Serve(t, func(c *net.TCPConn) { probetest.UntilClosed(c) })
	dir := t.TempDir()
	for _, c := range []checks.Check{
		{Kind: "http", Options: webOptions("http://" + silent)},
		{Kind: "http", Options: webOptions("https://" + silent)},
		{Kind: "tcp", Options: &tcpkind.Options{Address: silent, Expect: "x"}},
		{Kind: "exec", Options: &execkind.Options{Argv: []string{"sleep", "30"}, Dir: dir}},
	} {
		c.ID, c.Every, c.Timeout = "it", time.Minute, 30*time.Second
		compiled, err := Compile(&c)
		probetest.OK(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		stop := time.AfterFunc(50*time.Millisecond, cancel)
		start := time.Now()
		if r, ok := compiled.Run(ctx); ok {
			t.Errorf("%s: got %+v, want no result", c.Kind, r)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: went on for %v", c.Kind, took)
		}
		stop.Stop()
		cancel()
	}
}
