package checks

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
)

// browserGate is the one way out of a probe's browser: an HTTP proxy on
// loopback, for as long as the probe lasts, whose connections go through the
// package's guard. It resolves every name itself, so the address that is
// judged is the one that is connected to, for each request and redirect of the
// page. It also knows, as the browser does not tell, why a host was not
// reached.
type browserGate struct {
	ctx      context.Context // ends with the probe; strict if the check is
	stop     context.CancelFunc
	timeout  time.Duration
	listener net.Listener
	server   *http.Server
	out      *http.Transport
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool                     // guarded by mu; nothing may be added to running
	reach  map[string]*browserReach // :: host:port -> the newest connection to it; guarded by mu
}

// browserReach is one connection that the browser asked for. What it holds may
// be read once it is over, or the gate is closed.
type browserReach struct {
	tr    trail
	err   error       // why there is no connection, or none any more
	over  bool        // the connection was made, or was not
	heard atomic.Bool // the peer has said something
}

// hostsMax is how many hosts of one page are remembered.
const hostsMax = 1000

func openBrowserGate(ctx context.Context, timeout time.Duration) (*browserGate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &browserGate{timeout: timeout, listener: l, reach: map[string]*browserReach{}}
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
func (g *browserGate) address() string { return "http://" + g.listener.Addr().String() }

// close ends all connections, and waits until they are.
func (g *browserGate) close() {
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
func (g *browserGate) enter() bool {
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
func (g *browserGate) dial(address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !g.enter() {
		return nil, errGateClosed
	}
	defer g.running.Done()
	r := &browserReach{tr: trail{timeout: g.timeout}}
	g.mu.Lock()
	if key := strings.ToLower(address); len(g.reach) < hostsMax || g.reach[key] != nil {
		g.reach[key] = r
	}
	g.mu.Unlock()
	conn, err := r.tr.dial(g.ctx, newTarget(host, port))
	g.mu.Lock()
	defer g.mu.Unlock()
	r.err, r.over = err, true
	if err != nil {
		return nil, err
	}
	r.tr.stage = waiting
	return &heardConn{Conn: conn, heard: &r.heard}, nil
}

// blame notes that an exchange with a host went wrong after the connection was
// made.
func (g *browserGate) blame(address string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.reach[address]; r != nil && r.err == nil && g.ctx.Err() == nil {
		r.err = err
	}
}

// known returns what is known of the newest connection to a host, if that was
// made or failed, or the gate is closed.
func (g *browserGate) known(u *url.URL) *browserReach {
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
func (g *browserGate) tunnel(w http.ResponseWriter, r *http.Request) {
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

// heardConn notes that its peer has said something.
type heardConn struct {
	net.Conn
	heard *atomic.Bool
}

func (c *heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(true)
	}
	return n, err
}
