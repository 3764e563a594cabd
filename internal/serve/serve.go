// Package serve is the one place where HTTP servers are made, within bounds of
// time and size, so that who is slow or sends without end holds a connection for
// seconds; and it listens on one address until its context ends. Programs are
// answered in one form. What is served, and who may ask, is its callers' matter.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// stopWithin is how long requests under way may take at the end; then they are
// cut off.
const stopWithin = 2 * time.Second

// Config says where a server listens and what it serves.
type Config struct {
	Section  string // of the configuration where the next three stand: errors name it
	Listen   string // host:port
	CertFile string // certificate and its chain in PEM; empty: plain HTTP
	KeyFile  string // its key in PEM

	Handler http.Handler
	Bounds  Bounds
	Log     *zap.Logger
}

// Server is an HTTP server that listens already.
type Server struct {
	cfg      Config
	listener net.Listener
	server   *http.Server
}

// Listen opens the address; Run serves it. The error says what to change.
func Listen(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, server: New(cfg.Handler, cfg.Bounds, log.New(io.Discard, "", 0))}
	if cfg.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read %s.cert_file and %[1]s.key_file: %w", cfg.Section, err)
		}
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with %s.listen", err, cfg.Section)
	}
	s.listener = cfg.Bounds.Limit(l)
	return s, nil
}

// URL returns the address as others reach it on this machine, without a path.
func (s *Server) URL() string {
	scheme := "http"
	if s.cfg.CertFile != "" {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// Run serves until ctx ends; then it takes nothing new, calls ending (may be
// nil), and gives what is under way 2 s to be answered.
func (s *Server) Run(ctx context.Context, ending func()) error {
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
		return fmt.Errorf("serve %s: %w", s.cfg.Section, err)
	case <-ctx.Done():
	}
	if ending != nil {
		ending()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.cfg.Log.Warn("requests were cut off at the end", zap.Error(err))
		_ = s.server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.cfg.Section, err)
	}
	return nil
}

// Close stops listening, for one that was never run.
func (s *Server) Close() { _ = s.listener.Close() }
