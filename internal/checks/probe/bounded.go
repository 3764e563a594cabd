package probe

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"
)

// ErrTooMuch ends an exchange with a peer that has no end.
var ErrTooMuch = errors.New("the peer says more than the 64 KiB that a check reads")

// Greeting is the stage of kinds whose server speaks first.
const Greeting Stage = "waiting for the greeting"

// BoundedConn is a connection for libraries that read for themselves, also
// in goroutines of their own. It ends after the 64 KiB that a check reads. It
// reads in pieces of 4 KiB: some libraries read byte by byte.
type BoundedConn struct {
	net.Conn
	in    *bufio.Reader // used by one reader at a time
	since time.Time     // when the peer was to begin

	Mu    sync.Mutex
	first time.Time // when it did
	last  time.Time
	left  int   // bytes that may still be read
	ended error // that a read ended with
}

// NewBoundedConn bounds what is read from a connection, see BoundedConn.
func NewBoundedConn(conn net.Conn) *BoundedConn {
	return &BoundedConn{Conn: conn, in: bufio.NewReader(conn), since: time.Now(), left: ReadMax}
}

func (c *BoundedConn) Read(b []byte) (int, error) {
	c.Mu.Lock()
	left := c.left
	c.Mu.Unlock()
	if left <= 0 {
		c.end(ErrTooMuch)
		return 0, ErrTooMuch
	}
	n, err := c.in.Read(b[:min(len(b), left)])
	c.Mu.Lock()
	defer c.Mu.Unlock()
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

func (c *BoundedConn) end(err error) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.ended = err
}

// Allow sets how many bytes may be read from now on.
func (c *BoundedConn) Allow(n int) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.left = n
}

// Ending returns what the last read ended with, which a library may have made
// something else of.
func (c *BoundedConn) Ending() error {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	return c.ended
}

// Note writes down in the trail when the first byte came, and the last.
func (c *BoundedConn) Note(tr *Trail) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if !c.first.IsZero() {
		tr.Phases.FirstByte = c.first.Sub(c.since)
		tr.Phases.Transfer = c.last.Sub(c.first)
	}
}

// ReadBuffers hold what a probe reads; kept between probes because 64 KiB
// for each would be most of the garbage.
var ReadBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}
