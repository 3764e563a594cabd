package web

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Bounds of a connection: who is slower than these is not a job that reports
// but somebody who holds connections.
const (
	headerWithin = 5 * time.Second
	readWithin   = 10 * time.Second
	writeWithin  = 20 * time.Second // a push may wait 15 s for the journal
	idleFor      = 60 * time.Second
	headerBytes  = 8 << 10

	connectionsMax = 1024 // open at once; more wait to be accepted
	requestsMax    = 256  // under way at once; more are told to come again

	// stopWithin bounds the end: requests under way are answered, then cut off.
	stopWithin = 3 * time.Second
)

// Config says where a server listens and what it serves.
type Config struct {
	Listen   string // host:port
	CertFile string // PEM; empty: plain HTTP
	KeyFile  string // PEM

	Inbox  Inbox         // takes pushes
	Health func() Health // how statusbot is now; must be quick
	Log    *zap.Logger   // nil: none
}

// Server is an HTTP server that listens already.
type Server struct {
	cfg      Config
	listener net.Listener
	server   *http.Server
	slots    chan struct{} // one for each request under way
}

// Listen opens the server's address; Run serves it. The error says what to
// change.
func Listen(cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	s := &Server{cfg: cfg, slots: make(chan struct{}, requestsMax)}
	s.server = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          zap.NewStdLog(cfg.Log.WithOptions(zap.IncreaseLevel(zap.WarnLevel))),
	}
	if cfg.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read web.cert_file and web.key_file: %w", err)
		}
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for web: %w; choose another address with web.listen", err)
	}
	s.listener = bounded(l, connectionsMax)
	return s, nil
}

// URL returns the server's address as others reach it on this machine.
func (s *Server) URL() string {
	scheme := "http"
	if s.cfg.CertFile != "" {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// Run serves until ctx ends; then it takes nothing new and answers what is
// under way.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		if s.cfg.CertFile != "" {
			ended <- s.server.ServeTLS(s.listener, "", "")
			return
		}
		ended <- s.server.Serve(s.listener)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve web: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.cfg.Log.Warn("web: requests were cut off at the end", zap.Error(err))
		_ = s.server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve web: %w", err)
	}
	return nil
}

// Close stops listening, for one that was never run.
func (s *Server) Close() { _ = s.listener.Close() }

// handler is the table of contents.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/push/{check...}", s.push)
	mux.HandleFunc("/api/v1/push/{check...}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "POST")
		refuse(w, http.StatusMethodNotAllowed, "a report is a POST; with curl, add -X POST or -d ''")
	})
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing here; POST /api/v1/push/CHECK takes reports, GET /healthz tells how statusbot is")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
			mux.ServeHTTP(w, r)
		default:
			later(w, http.StatusServiceUnavailable, time.Second, "too many requests at once")
		}
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written"}`) // unreachable: all are plain structs
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

func refuse(w http.ResponseWriter, status int, problem string) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{problem})
}

// later refuses what may be tried again.
func later(w http.ResponseWriter, status int, wait time.Duration, problem string) {
	w.Header().Set("Retry-After", fmt.Sprint(max(1, int((wait+time.Second-1)/time.Second))))
	refuse(w, status, problem)
}

// boundedListener accepts no more connections than there are slots.
type boundedListener struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	close func()
}

func bounded(l net.Listener, most int) net.Listener {
	b := &boundedListener{Listener: l, slots: make(chan struct{}, most), done: make(chan struct{})}
	b.close = sync.OnceFunc(func() { close(b.done) })
	return b
}

var errListenerClosed = errors.New("the listener is closed")

func (b *boundedListener) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	case <-b.done:
		return nil, errListenerClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &boundedConn{Conn: c, release: sync.OnceFunc(func() { <-b.slots })}, nil
}

func (b *boundedListener) Close() error {
	b.close()
	return b.Listener.Close()
}

type boundedConn struct {
	net.Conn
	release func()
}

func (c *boundedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
