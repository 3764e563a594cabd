package bot

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// pingless is how long slack-go waits for a ping where we look ourselves:
// longer than any connection lives.
const pingless = 1000 * time.Hour

// quiet is a connection that a WebSocket runs over. slack-go never pings, and
// gives a connection up on which the server does not: here the client pings
// after a while of silence, and closes what stays silent all the same. A server
// that pings by itself is held to it, since its pings come from where the
// events come from, while anybody on the way may answer ours.
type quiet struct {
	net.Conn
	every  time.Duration // of silence before a ping
	silent time.Duration // until it counts as deaf

	write sync.Mutex // a frame is written whole
	mu    sync.Mutex
	ping  *time.Timer
	deaf  *time.Timer
	pings bool // the server pings by itself
	done  bool
}

// First bytes of frames (RFC 6455, section 5.2): the last of its message, and what it is.
const (
	framePing = 0x89
	framePong = 0x8a
)

// keep watches over a connection; it pings once something was read.
func keep(c net.Conn, silent time.Duration) *quiet {
	return &quiet{Conn: c, every: silent / 3, silent: silent}
}

func (q *quiet) Read(b []byte) (int, error) {
	n, err := q.Conn.Read(b)
	if n > 0 {
		q.heard(b[:n])
	}
	return n, err
}

// heard notes that the server said something. slack-go reads with a buffer, so
// that frames come whole unless they are large.
func (q *quiet) heard(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pings = q.pings || b[0] == framePing
	answer := b[0] == framePong && len(b) == 2
	switch {
	case q.done || answer && q.pings:
	case q.deaf == nil:
		q.deaf = time.AfterFunc(q.silent, func() { q.Close() })
		q.ping = time.AfterFunc(q.every, q.say)
	default:
		q.deaf.Reset(q.silent)
		q.ping.Reset(q.every)
	}
}

// say pings.
func (q *quiet) say() {
	frame := []byte{framePing, 0x80, 0, 0, 0, 0} // empty; a client masks
	binary.BigEndian.PutUint32(frame[2:], rand.Uint32())
	if _, err := q.Write(frame); err != nil {
		return // the reader learns of it
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.done {
		q.ping.Reset(q.every)
	}
}

func (q *quiet) Write(b []byte) (int, error) {
	q.write.Lock()
	defer q.write.Unlock()
	return q.Conn.Write(b)
}

func (q *quiet) Close() error {
	q.mu.Lock()
	q.done = true
	if q.deaf != nil {
		q.deaf.Stop()
		q.ping.Stop()
	}
	q.mu.Unlock()
	return q.Conn.Close()
}

// handshake bounds dialling; gorilla's own default.
const handshake = 45 * time.Second

// dialer dials sockets that are watched over, and says for how long slack-go is
// to wait for a ping. Through a proxy what runs over the connection is not ours
// to see: there slack-go does as it does.
func dialer(silent time.Duration, proxy func(*http.Request) (*url.URL, error)) (*websocket.Dialer, time.Duration) {
	d := &websocket.Dialer{Proxy: proxy, HandshakeTimeout: handshake}
	far := &http.Request{URL: &url.URL{Scheme: "https", Host: "wss-primary.slack.com"}}
	if via, err := proxy(far); via != nil || err != nil {
		return d, silent
	}
	d.Proxy = nil
	plain := &net.Dialer{}
	d.NetDialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := plain.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return keep(c, silent), nil
	}
	secure := &tls.Dialer{NetDialer: plain, Config: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}}
	d.NetDialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := secure.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return keep(c, silent), nil
	}
	return d, pingless
}
