package probe

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// lastWordWithin bounds the look for what has come already.
const lastWordWithin = 50 * time.Millisecond

// lastWordMax is more than the alerts and tickets of a peer that ends, in bytes.
const lastWordMax = 16 << 10

// lastWord is the alert that a peer sent before it broke the connection, in place of that it broke. In TLS 1.3 it refuses our
// certificate only after we went on, and what we write then fails before we have read why.
func (tr *Trail) lastWord(err error) error {
	if tr.secured == nil || !broke(err) {
		return err
	}
	_ = tr.secured.SetReadDeadline(time.Now().Add(lastWordWithin)) // of a connection that is closed: the read says so
	_, said := tr.secured.Read(make([]byte, 1))
	if alert, ok := errors.AsType[*net.OpError](said); ok && alert.Op == "remote error" {
		return said
	}
	return err
}

// broke tells whether an error is that of a connection that its peer broke.
func broke(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// lasting is a connection whose peer is heard out when a write finds it broken: what came before stays to be read, also after it
// was closed, as drivers close it as soon as a write fails.
type lasting struct {
	net.Conn

	reading sync.Mutex
	left    []byte // came before the peer broke it, and is not read yet
}

func (c *lasting) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil && broke(err) && c.reading.TryLock() { // else who reads gets it
		c.hearOut()
		c.reading.Unlock()
	}
	return n, err
}

// hearOut reads what has come.
func (c *lasting) hearOut() {
	_ = c.SetReadDeadline(time.Now().Add(lastWordWithin))
	more, _ := io.ReadAll(io.LimitReader(c.Conn, int64(lastWordMax-len(c.left)))) // how it ends is known
	c.left = append(c.left, more...)
}

func (c *lasting) Read(b []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if len(c.left) > 0 {
		n := copy(b, c.left)
		c.left = c.left[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
