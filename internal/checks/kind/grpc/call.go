package grpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

const (
	// wireMax is how much of a connection one call reads, in bytes: the
	// message of 64 KiB, as much of header, and what HTTP/2 puts between.
	wireMax   = 3 * probe.ReadMax
	headerMax = probe.ReadMax
	// window is how much a server may send ahead; net/http takes no less.
	window = 2 * probe.ReadMax
)

// line is a connection that speaks HTTP/2.
type line struct {
	conn   *openingConn
	client *http.ClientConn
	remote string
}

// openingConn is a bounded connection that remembers how the peer began.
type openingConn struct {
	*probe.BoundedConn
	opening []byte        // guarded by probe.BoundedConn.mu
	over    chan struct{} // closed once reading has ended
	once    sync.Once

	// Nothing is read before the first call is under way: a peer that is
	// drained says so at once, and answers what it has by then (RFC 9113,
	// 6.8), but net/http gives a connection up on which no call is open.
	writes  atomic.Int32  // the first is the preface, the second the call
	called  chan struct{} // closed by the call, or the end
	calling sync.Once
}

func (c *openingConn) begin() { c.calling.Do(func() { close(c.called) }) }

// Close ends the wait for a call as well.
func (c *openingConn) Close() error {
	c.begin()
	return c.BoundedConn.Close()
}

func newOpeningConn(conn net.Conn) *openingConn {
	return &openingConn{BoundedConn: probe.NewBoundedConn(conn), over: make(chan struct{}), called: make(chan struct{})}
}

// openingMax is how much of it is kept: enough for the first line of an
// error.
const openingMax = 256

func (c *openingConn) Read(b []byte) (int, error) {
	<-c.called
	n, err := c.BoundedConn.Read(b)
	c.Mu.Lock()
	c.opening = append(c.opening, b[:min(n, openingMax-len(c.opening))]...)
	c.Mu.Unlock()
	if err != nil {
		c.once.Do(func() { close(c.over) })
	}
	return n, err
}

// lastWords is how long a peer that takes nothing more has for what it said
// before to be read.
const lastWords = 100 * time.Millisecond

// Write returns the error of a peer that is gone only when all is read that it
// said: that tells more, and whoever writes ends the reading.
func (c *openingConn) Write(b []byte) (int, error) {
	n, err := c.BoundedConn.Write(b)
	if c.writes.Add(1) > 1 || err != nil {
		c.begin()
	}
	if err != nil && probe.ClosedBy(err) != "" {
		timer := time.NewTimer(lastWords)
		defer timer.Stop()
		select {
		case <-c.over:
		case <-timer.C:
		}
	}
	return n, err
}

// drained reports whether the peer said in its first frames that it takes no
// more calls than it has (GOAWAY without an error, RFC 9113, 6.8).
func (c *openingConn) drained() bool {
	const head = 9 // bytes of a frame's header: length, type, flags, stream
	for b := c.began(); len(b) >= head; {
		size := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		if b[3] == 7 && len(b) >= head+8 {
			return bytes.Equal(b[head+4:head+8], make([]byte, 4))
		}
		b = b[min(len(b), head+size):]
	}
	return false
}

// began returns the first bytes that came.
func (c *openingConn) began() []byte {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	return bytes.Clone(c.opening)
}

// connect dials, by the guard, and begins to speak HTTP/2. The client of
// net/http gets that connection and no other, has no pool and tries nothing
// twice.
func (p *prober) connect(ctx context.Context, tr *probe.Trail) (*line, error) {
	conn, err := tr.Connect(ctx, p.target, p.tls)
	if err != nil {
		return nil, err
	}
	if p.tls != nil && !probe.Negotiated(conn) {
		conn.Close()
		return nil, probe.ErrNotHTTP2
	}
	defer probe.Bind(ctx, conn)()
	bounded := newOpeningConn(conn)
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true) // what is to be encrypted is so already
	transport := &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return bounded, nil },
		Protocols:   protocols, DisableCompression: true, MaxResponseHeaderBytes: headerMax, IdleConnTimeout: probe.IdleMax,
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16 << 10, MaxReceiveBufferPerConnection: window, MaxReceiveBufferPerStream: window},
	}
	tr.Stage = probe.Sending
	client, err := transport.NewClientConn(ctx, "http", p.target.Address)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &line{conn: bounded, client: client, remote: tr.Remote}, nil
}

func (l *line) close() { _ = l.client.Close() }

// gone reports whether the connection takes no other call.
func (l *line) gone() bool { return l.client.Err() != nil || l.client.Available() == 0 }

// answer is what came back of a call.
type answer struct {
	http    int // status of HTTP; 0 for no answer
	code    int // status of gRPC
	text    string
	headers http.Header // of the answer, and what came after it
	message []byte
	there   bool // there is a message, which may be empty
	reused  bool // on a connection of an earlier probe
}

// exchange makes the call, on a kept connection if there is one.
func (p *prober) exchange(ctx context.Context, tr *probe.Trail, token string) (answer, error) {
	if l := p.idle.Swap(nil); l != nil {
		tr.Remote = l.remote
		got, err := p.callOn(ctx, l, tr, token)
		got.reused = true
		// A kept connection may have been closed by the peer, in its right,
		// before it saw this call: that proves nothing.
		if err == nil || tr.Stage == probe.Reading || ctx.Err() != nil || !l.gone() {
			return got, err
		}
	}
	for try := 1; ; try++ {
		l, err := p.connect(ctx, tr)
		if err != nil {
			return answer{}, err
		}
		got, err := p.callOn(ctx, l, tr, token)
		if err == nil || tr.Stage == probe.Reading || ctx.Err() != nil || !l.conn.drained() {
			return got, err
		}
		// It was drained before it saw the call, which a client makes anew.
		if try == drainedMax {
			return got, &peerReset{"closed the connection: NO_ERROR"}
		}
	}
}

// drainedMax is how many connections that the server ends before the call are
// tried.
const drainedMax = 3

// callOn makes a call on a connection, and keeps or closes it.
func (p *prober) callOn(ctx context.Context, l *line, tr *probe.Trail, token string) (answer, error) {
	unbind := probe.Bind(ctx, l.conn)
	l.conn.Allow(wireMax)
	got, err := l.call(p.request(ctx, tr, token), tr)
	if unbind() && err == nil && p.reuse && !l.gone() && p.idle.CompareAndSwap(nil, l) {
		return got, nil
	}
	l.close()
	return got, err
}

// request returns the request of a call (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func (p *prober) request(ctx context.Context, tr *probe.Trail, token string) *http.Request {
	header := http.Header{
		"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {probe.UserAgent}, "Grpc-Accept-Encoding": {"identity"},
	}
	for name, value := range p.metadata {
		header.Set(name, value)
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	if p.trace && header.Get(probe.TraceHeader) == "" { // one that the options name stays
		header[probe.TraceHeader] = []string{tr.Parent()}
	}
	scheme := "http"
	if p.tls != nil {
		scheme = "https"
	}
	r := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Scheme: scheme, Host: p.target.Address, Path: p.method.path}, Host: p.authority, Header: header,
		Body: io.NopCloser(bytes.NewReader(p.message)), ContentLength: -1, // told by no header, as gRPC's clients have it
	}
	return r.WithContext(ctx)
}

// call makes one call. With an error, the answer holds what had come until
// then.
func (l *line) call(r *http.Request, tr *probe.Trail) (got answer, err error) {
	tr.Stage = probe.Waiting
	sent := time.Now()
	resp, err := l.client.RoundTrip(r)
	if err != nil {
		return got, l.blame(err)
	}
	defer resp.Body.Close()
	first := time.Now()
	tr.Stage = probe.Reading
	tr.Phases.FirstByte += first.Sub(sent)
	defer func() { tr.Phases.Transfer += time.Since(first) }()
	got.http, got.headers = resp.StatusCode, resp.Header
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "application/grpc" && !strings.HasPrefix(kind, "application/grpc+") && !strings.HasPrefix(kind, "application/grpc;") {
		got.message, _ = io.ReadAll(io.LimitReader(resp.Body, 2*probe.OutputMax)) // as evidence
		return got, errNotGRPC
	}
	got.message, got.there, err = readFramed(resp.Body, resp.Header.Get("Grpc-Encoding"))
	if err != nil && !errors.Is(err, errCutMessage) {
		return got, l.blame(err)
	}
	ending := resp.Header // of an answer without a message
	if resp.Trailer.Get("Grpc-Status") != "" {
		ending = resp.Trailer
		got.headers = resp.Header.Clone()
		maps.Copy(got.headers, resp.Trailer)
	}
	code, text, ok := readStatus(ending.Get("Grpc-Status"), ending.Get("Grpc-Message"))
	got.code, got.text = code, text
	switch {
	case !ok:
		return got, errNoStatus
	case code == codeOK && err != nil:
		return got, err
	case code == codeOK && !got.there:
		return got, errNoMessage
	}
	return got, nil
}

var (
	errNotGRPC   = errors.New("the answer is not one of gRPC")
	errNoStatus  = errors.New("the answer ends without a status of gRPC")
	errNoMessage = errors.New("the answer is OK without a message")
)

// peerReset is how the peer ended a call, or the connection.
type peerReset struct{ how string }

func (e *peerReset) Error() string { return "the server " + e.how }

// blame returns what a call ended with, where net/http says it in words of its
// own.
func (l *line) blame(err error) error {
	if code, byPeer, reset := probe.StreamReset(err); reset && !byPeer {
		return errBrokenHTTP2
	} else if reset {
		return &peerReset{"reset the call: " + code}
	}
	if code, gone := probe.GoneAway(err); gone {
		return &peerReset{"closed the connection: " + code}
	}
	began := l.conn.began()
	if len(began) > 0 && !opensHTTP2(began) {
		return &probe.Misspoke{Text: string(began)}
	}
	if ended := l.conn.Ending(); ended != nil && !errors.Is(ended, net.ErrClosed) { // by ourselves
		return ended
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || isFraming(err) || probe.ClosedBy(err) != "" {
		return err
	}
	return errBrokenHTTP2
}

var errBrokenHTTP2 = errors.New("the server breaks the rules of HTTP/2, or the header of its answer is too long")

func isFraming(err error) bool {
	return errors.Is(err, errCompressed) || errors.Is(err, errNotFramed) || errors.Is(err, errLongMessage) || errors.Is(err, errTwoMessages) || errors.Is(err, probe.ErrBadGzip)
}

// opensHTTP2 reports whether a peer's first bytes are as much of a frame of
// settings (RFC 9113, 3.4) as there is of them.
func opensHTTP2(b []byte) bool {
	return len(b) < 4 && b[0] == 0 || len(b) >= 4 && b[0] == 0 && b[3] == 4
}

// opensTLS reports whether they are a record of TLS (RFC 8446, 5.1).
func opensTLS(b string) bool {
	return len(b) > 2 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3
}
