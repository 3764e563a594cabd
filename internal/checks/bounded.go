package checks

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"
)

// errTooMuch ends an exchange with a peer that has no end.
var errTooMuch = errors.New("the peer says more than the 64 KiB that a check reads")

// greeting is the stage of kinds whose server speaks first.
const greeting stage = "waiting for the greeting"

// boundedConn is a connection for libraries that read for themselves, also
// in goroutines of their own. It ends after the 64 KiB that a check reads. It
// reads in pieces of 4 KiB: some libraries read byte by byte.
type boundedConn struct {
	net.Conn
	in    *bufio.Reader // used by one reader at a time
	since time.Time     // when the peer was to begin

	mu    sync.Mutex
	first time.Time // when it did
	last  time.Time
	left  int   // bytes that may still be read
	ended error // that a read ended with
}

func newBoundedConn(conn net.Conn) *boundedConn {
	return &boundedConn{Conn: conn, in: bufio.NewReader(conn), since: time.Now(), left: readMax}
}

func (c *boundedConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	left := c.left
	c.mu.Unlock()
	if left <= 0 {
		c.end(errTooMuch)
		return 0, errTooMuch
	}
	n, err := c.in.Read(b[:min(len(b), left)])
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 {
		c.last = time.Now()
		if c.first.IsZero() {
			c.first = c.last
		}
	}
	c.left -= n
	if err != nil {
		c.ended = err
	}
	return n, err
}

func (c *boundedConn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = err
}

// allow sets how many bytes may be read from now on.
func (c *boundedConn) allow(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = n
}

// ending returns what the last read ended with, which a library may have made
// something else of.
func (c *boundedConn) ending() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// note writes down in the trail when the first byte came, and the last.
func (c *boundedConn) note(tr *trail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.first.IsZero() {
		tr.phases.FirstByte = c.first.Sub(c.since)
		tr.phases.Transfer = c.last.Sub(c.first)
	}
}
