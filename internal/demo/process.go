package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/port"
	"github.com/statusbot/statusbot/internal/serve"
)

// process is a server that can be stopped and started again on its own port,
// as an operating system's process would be: stopping closes the listener and
// every connection, and returns when all its goroutines have ended.
type process struct {
	name string
	// serve takes connections until ln is closed, and returns when the last
	// of them was let go. Its ctx ends when the process stops.
	serve func(ctx context.Context, ln *listener)

	mu   sync.Mutex
	held *port.Held // its port, from the first start on; nil before
	stop func()     // nil while stopped
}

// start listens, on the port of the last time if there was one.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		return nil
	}
	if p.held == nil {
		held, err := port.Hold()
		if err != nil {
			return fmt.Errorf("start %s: %w", p.name, err)
		}
		p.held = held
	}
	l, err := net.Listen("tcp", p.held.Address())
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ln := &listener{TCPListener: l.(*net.TCPListener), conns: map[*conn]struct{}{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.serve(ctx, ln)
	}()
	p.stop = func() {
		cancel()
		ln.shut()
		<-done
	}
	return nil
}

// halt stops the process if it runs.
func (p *process) halt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// address returns where the process listens, or will again.
func (p *process) address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		return ""
	}
	return p.held.Address()
}

// end stops the process for good and lets go of its port. It is called once.
func (p *process) end() {
	p.halt()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		_ = p.held.Close() // it was open
	}
}

// listener knows its open connections, so that it can end them all.
type listener struct {
	*net.TCPListener

	mu    sync.Mutex
	shutd bool
	conns map[*conn]struct{}
}

// Accept returns the next connection, a *conn.
func (l *listener) Accept() (net.Conn, error) {
	tc, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := &conn{TCPConn: tc, from: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shutd { // accepted while shut ran: end it like the others
		tc.Close()
		return nil, net.ErrClosed
	}
	l.conns[c] = struct{}{}
	return c, nil
}

func (l *listener) shut() {
	_ = port.Shut(l.TCPListener) // it was open
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shutd = true
	for c := range l.conns {
		c.TCPConn.Close()
	}
}

// conn is an accepted connection.
type conn struct {
	*net.TCPConn
	from *listener
}

func (c *conn) Close() error {
	c.from.mu.Lock()
	delete(c.from.conns, c)
	c.from.mu.Unlock()
	return c.TCPConn.Close()
}

// resetOnClose makes Close send a TCP reset.
func (c *conn) resetOnClose() { _ = c.SetLinger(0) } // fails only on a closed connection, which needs no reset

// serveTCP serves each connection with handle, in a goroutine of its own.
func serveTCP(handle func(ctx context.Context, c *conn)) func(context.Context, *listener) {
	return func(ctx context.Context, ln *listener) {
		var wg sync.WaitGroup
		defer wg.Wait()
		for {
			c, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil { // out of file descriptors: the next try may find one
				if !pause(ctx, 10*time.Millisecond) {
					return
				}
				continue
			}
			wg.Go(func() {
				defer c.Close()
				handle(ctx, c.(*conn))
			})
		}
	}
}

// connKey is the context key of a request's *conn.
type connKey struct{}

// serveHTTP serves HTTP with h.
func serveHTTP(h http.Handler, log *zap.Logger) func(context.Context, *listener) {
	return func(ctx context.Context, ln *listener) {
		var open sync.WaitGroup                          // connections; hijacking is not used here
		quiet, _ := zap.NewStdLogAt(log, zap.DebugLevel) // the level is valid, so no error
		srv := serve.New(h, serve.Bounds{}, quiet)
		srv.BaseContext = func(net.Listener) context.Context { return ctx }
		srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
		srv.ConnState = func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed:
				open.Done()
			}
		}
		_ = srv.Serve(ln) // ends when ln is shut, which is no error
		open.Wait()
	}
}
