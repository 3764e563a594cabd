package browser

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// gate is the one way out of a probe's browser: an HTTP proxy on
// loopback, for as long as the probe lasts, whose connections go through the
// package's guard. It resolves every name itself, so the address that is
// judged is the one that is connected to, for each request and redirect of the
// page. It also knows, as the browser does not tell, why a host was not
// reached.
type gate struct {
	ctx      context.Context // ends with the probe; strict if the check is
	stop     context.CancelFunc
	dialer   probe.Dialer
	opened   time.Time
	listener net.Listener
	server   *http.Server
	out      *http.Transport
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool              // guarded by mu; nothing may be added to running
	reach  map[string]*reach // :: host:port -> the newest connection to it; guarded by mu
}

// reach is one connection that the browser asked for. What it holds may
// be read once it is over, or the gate is closed.
type reach struct {
	tr   probe.Trail
	err  error // why there is no connection, or none any more
	over bool  // the connection was made, or was not

	// When it was first spoken to, and when it first said something, in
	// nanoseconds since the gate was opened; 0 before.
	spoke, heard atomic.Int64
}

// hostsMax is how many hosts of one page are remembered.
const hostsMax = 1000

func openGate(ctx context.Context, dialer probe.Dialer) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{dialer: dialer, opened: time.Now(), listener: l, reach: map[string]*reach{}}
	g.ctx, g.stop = context.WithCancel(ctx)
	g.out = &http.Transport{
		// The context of the gate and not that of the request: the guard's
		// strictness must not depend on how a library hands contexts on.
		DialContext:         func(_ context.Context, _, address string) (net.Conn, error) { return g.dial(address) },
		DisableCompression:  true,
		MaxIdleConnsPerHost: 6, // as many as a browser has to one host
	}
	silent := log.New(io.Discard, "", 0)
	plain := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport:     g.out,
		FlushInterval: -1,
		ErrorLog:      silent,
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			g.blame(addressOf(r.URL), err)
			panic(http.ErrAbortHandler) // no answer is what the browser shall see, too
		},
	}
	g.server = &http.Server{
		ErrorLog:    silent,
		BaseContext: func(net.Listener) context.Context { return g.ctx },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodConnect:
				g.tunnel(w, r)
			case r.URL.Scheme == "http" && r.URL.Host != "" && r.URL.Host != l.Addr().String():
				plain.ServeHTTP(w, r)
			default: // the page took the gate for a server
				http.Error(w, "this is a proxy", http.StatusBadRequest)
			}
		}),
	}
	g.running.Go(func() { _ = g.server.Serve(l) }) // until close
	return g, nil
}

// address is where the browser finds the gate.
func (g *gate) address() string { return "http://" + g.listener.Addr().String() }

// close ends all connections, and waits until they are.
func (g *gate) close() {
	g.stop()
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	_ = g.server.Close()
	g.running.Wait()
	g.out.CloseIdleConnections()
}

var errGateClosed = errors.New("the probe is over")

// enter counts what close must wait for, unless it is too late.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.running.Add(1)
	return true
}

// addressOf returns host:port of an URL.
func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// dial makes a connection through the guard, and remembers how it went.
func (g *gate) dial(address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !g.enter() {
		return nil, errGateClosed
	}
	defer g.running.Done()
	r := &reach{tr: g.dialer.Trail()}
	key := strings.ToLower(address)
	g.mu.Lock()
	// A browser that waits opens a second connection, in case the first one is
	// slow. As long as that one is not made it says nothing of a host to which
	// another stands.
	if was := g.reach[key]; was == nil && len(g.reach) < hostsMax || was != nil && was.err != nil {
		g.reach[key] = r
	}
	g.mu.Unlock()
	conn, err := r.tr.Dial(g.ctx, probe.NewTarget(host, port))
	g.mu.Lock()
	defer g.mu.Unlock()
	r.err, r.over = err, true
	if g.reach[key] != nil && (err == nil || g.ctx.Err() == nil) {
		g.reach[key] = r
	}
	if err != nil {
		return nil, err
	}
	r.tr.Stage = probe.Waiting
	return &heardConn{Conn: conn, reach: r, opened: g.opened}, nil
}

// blame notes that an exchange with a host went wrong after the connection was
// made.
func (g *gate) blame(address string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.reach[address]; r != nil && r.err == nil && g.ctx.Err() == nil {
		r.err = err
	}
}

// known returns what is known of the newest connection to a host, if that was
// made or failed, or the gate is closed.
func (g *gate) known(u *url.URL) *reach {
	if u == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.reach[addressOf(u)]
	if r == nil || !r.over && g.ctx.Err() == nil {
		return nil
	}
	return r
}

// tunnel connects the browser with a host (RFC 9110, 9.3.6).
func (g *gate) tunnel(w http.ResponseWriter, r *http.Request) {
	conn, err := g.dial(r.Host)
	if err != nil {
		http.Error(w, "no connection", http.StatusBadGateway)
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		conn.Close()
		return // unreachable: it is HTTP/1.1
	}
	browser, buffered, err := hijacker.Hijack()
	if err != nil {
		conn.Close()
		return
	}
	defer func() { _, _ = conn.Close(), browser.Close() }()
	if !g.enter() {
		return
	}
	defer g.running.Done()
	defer context.AfterFunc(g.ctx, func() { _, _ = conn.Close(), browser.Close() })()
	_, _ = io.WriteString(browser, "HTTP/1.1 200 Connection established\r\n\r\n")
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(conn, buffered)
		sayNoMore(conn)
	})
	if _, err := io.Copy(browser, conn); err != nil && !errors.Is(err, net.ErrClosed) {
		g.blame(strings.ToLower(r.Host), err)
	}
	sayNoMore(browser)
	up.Wait()
}

// sayNoMore tells a peer that nothing more comes, and lets it end.
func sayNoMore(conn net.Conn) {
	if c, ok := conn.(*heardConn); ok {
		conn = c.Conn
	}
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.CloseWrite()
		return
	}
	_ = conn.Close()
}

// heardConn notes when it was first written to and when its peer first said
// something.
type heardConn struct {
	net.Conn
	reach  *reach
	opened time.Time // of the gate
}

func (c *heardConn) Write(b []byte) (int, error) {
	c.note(&c.reach.spoke)
	return c.Conn.Write(b)
}

func (c *heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.note(&c.reach.heard)
	}
	return n, err
}

func (c *heardConn) note(first *atomic.Int64) {
	if first.Load() == 0 {
		first.Store(int64(time.Since(c.opened)))
	}
}

// shook is about how long a handshake took: from its first byte to the first
// of the answer.
func (r *reach) shook() time.Duration {
	return max(0, time.Duration(r.heard.Load()-r.spoke.Load()))
}
