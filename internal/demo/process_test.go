//go:build linux

package demo

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// TestStoppedMeansRefused: from its stop on a process refuses connections, also
// while others are forked, which have its listening socket until they are another
// program.
func TestStoppedMeansRefused(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var forking sync.WaitGroup
	for range 2 {
		forking.Go(func() {
			for ctx.Err() == nil {
				if err := exec.Command("/bin/true").Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer forking.Wait()
	defer cancel()
	p := &process{name: "a process", serve: serveTCP(func(context.Context, *conn) {})}
	defer p.end()
	for range 200 {
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
		p.halt()
		c, err := net.Dial("tcp", p.address())
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("%v, want it refused", err)
		}
	}
}
