//go:build linux

package port

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

func TestHeldPortIsOursWhileNobodyListens(t *testing.T) {
	h, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	refused := func(when string) {
		t.Helper()
		c, err := net.Dial("tcp", h.Address())
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %v, want it refused", when, err)
		}
	}
	refused("before anybody listens")
	for range 3 {
		l, err := net.Listen("tcp", h.Address())
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", h.Address())
		if err != nil {
			t.Fatal(err)
		}
		in, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		// The listener's end closes first and keeps the port in TIME_WAIT.
		in.Close()
		c.Close()
		l.Close()
		refused("after the end")
	}
	if _, err := HoldAt(h.Port()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("held twice: %v", err)
	}
}

// The system gives the port to nobody who asks for any, also if there is no
// other.
func TestHeldPortIsGivenToNobody(t *testing.T) {
	h, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	const oneOf = 51 // IP_LOCAL_PORT_RANGE, ip(7): the lowest and the highest port that may be given
	narrow := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var set error
		err := c.Control(func(fd uintptr) {
			set = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, oneOf, h.Port()|h.Port()<<16)
		})
		return errors.Join(err, set)
	}}
	l, err := narrow.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	switch {
	case err == nil:
		l.Close()
		t.Errorf("%s was given to another", l.Addr())
	case errors.Is(err, syscall.ENOPROTOOPT):
		longtest.Lacks(t, "the kernel is older than 6.3 and cannot be asked for one port")
	case !errors.Is(err, syscall.EADDRINUSE):
		t.Error(err)
	}
}
