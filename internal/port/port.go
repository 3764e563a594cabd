// Package port keeps a TCP port of this machine for somebody who will listen
// on it later, stops for a while, or never comes. A port that was free a moment
// ago is not: any connection that leaves this machine may be given it, and any
// other program. One that is bound and not listened on refuses connections, is
// given to nobody, and is still there for whoever listens on it by name.
package port

import (
	"fmt"
	"net"
	"strconv"
)

// Held is a port of loopback that is kept until Close.
//
// Whoever listens on it must set SO_REUSEADDR first, as Go and all common
// servers do. Where the system cannot hold a port that way (other than Linux)
// it is merely one that was free.
type Held struct {
	port  int
	close func() error
}

// Hold keeps a port of 127.0.0.1 that the system chooses.
func Hold() (*Held, error) { return HoldAt(0) }

// HoldAt keeps a port of 127.0.0.1; 0 for one that the system chooses. The
// error says that it is taken.
func HoldAt(number int) (*Held, error) {
	got, closed, err := hold(number)
	if err != nil {
		return nil, fmt.Errorf("hold port %d of 127.0.0.1: %w", number, err)
	}
	return &Held{port: got, close: closed}, nil
}

// Port is its number.
func (h *Held) Port() int { return h.port }

// Address is "127.0.0.1:PORT".
func (h *Held) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(h.port)) }

// Close lets go of the port. Who listens on it goes on.
func (h *Held) Close() error { return h.close() }

// Shut closes a listener, and connections are refused from then on. To close it alone
// is less: what is forked at that moment has the socket, too, and goes on listening
// until it is another program.
func Shut(l *net.TCPListener) error { return shut(l) }
