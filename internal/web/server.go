package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/serve"
)

const (
	writeWithin = 20 * time.Second // a push may wait 15 s for the journal
	requestsMax = 256              // under way at once; more are told to come again

	// connectionsMost are open at once: those that last, and the others. Each takes some 20 KiB.
	connectionsMost = 4096
)

// Config says where a server listens and what it serves.
type Config struct {
	Listen   string // host:port
	CertFile string // PEM; empty: plain HTTP
	KeyFile  string // PEM

	Inbox   Inbox         // takes pushes, once Ready is closed
	Ready   chan struct{} // nil: it is from the beginning
	Health  func() Health // how statusbot is now; must be quick
	Alive   func()        // returns unless this process is stuck; asks neither Slack nor the journal. nil: it is not
	Waits   func() string // what this process waits for before it has caught up; empty: it has. nil: it has
	Metrics Metrics
	Routes  []func(*http.ServeMux)   // what else is served; each adds its own paths
	Lasts   func(*http.Request) bool // whether a request goes on until its reader goes away; it takes no turn of the others. nil: none does
	Bounds  serve.Bounds             // what callers may take; what is zero is as usual
	Log     *zap.Logger              // nil: none
}

// Server is an HTTP server that listens already.
type Server struct {
	cfg    Config
	server *serve.Server
	slots  chan struct{} // one for each request under way
	starts starts        // of jobs that said when they began
}

// Listen opens the server's address; Run serves it. The error says what to
// change.
func Listen(cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Ready == nil {
		cfg.Ready = make(chan struct{})
		close(cfg.Ready)
	}
	cfg.Bounds.Answer = cmp.Or(cfg.Bounds.Answer, writeWithin)
	cfg.Bounds.Connections = cmp.Or(cfg.Bounds.Connections, connectionsMost)
	s := &Server{cfg: cfg, slots: make(chan struct{}, requestsMax)}
	server, err := serve.Listen(serve.Config{Section: "web", Listen: cfg.Listen, CertFile: cfg.CertFile, KeyFile: cfg.KeyFile,
		Handler: s.handler(), Bounds: cfg.Bounds, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("listen for web: %w", err)
	}
	s.server = server
	return s, nil
}

// URL returns the server's address as others reach it on this machine.
func (s *Server) URL() string { return s.server.URL() }

// Run serves until ctx ends; then it takes nothing new and answers what is
// under way.
func (s *Server) Run(ctx context.Context) error { return s.server.Run(ctx, nil) }

// Close stops listening, for one that was never run.
func (s *Server) Close() { s.server.Close() }

// handler is the table of contents.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/push/{check...}", s.push)
	mux.HandleFunc("/api/v1/push/{check...}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "POST")
		refuse(w, http.StatusMethodNotAllowed, "a report is a POST; with curl, add -X POST or -d ''")
	})
	s.foreign(mux)
	s.metrics(mux)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /livez", s.live)
	mux.HandleFunc("GET /readyz", s.caughtUp)
	for _, add := range s.cfg.Routes {
		add(mux)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		allowed := allowedAt(mux, r)
		switch {
		case allowed == "":
			refuse(w, http.StatusNotFound, "there is nothing here; POST /api/v1/push/CHECK takes reports, GET /healthz tells how statusbot is")
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", allowed)
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", allowed)
			refuse(w, http.StatusMethodNotAllowed, "this path takes "+allowed)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = squeezed(r)
		if s.cfg.Lasts != nil && s.cfg.Lasts(r) {
			mux.ServeHTTP(w, r)
			return
		}
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
			mux.ServeHTTP(w, r)
		default:
			later(w, http.StatusServiceUnavailable, time.Second, "too many requests at once")
		}
	})
}

// allowedAt are the methods that a path takes by which nobody asked; empty: nothing is there.
func allowedAt(mux *http.ServeMux, r *http.Request) string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern == "/" || pattern == "" {
			continue
		}
		if allowed = append(allowed, method); method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	return strings.Join(allowed, ", ")
}

func refuse(w http.ResponseWriter, status int, problem string) {
	serve.Answer(w, status, struct {
		Error string `json:"error"`
	}{problem})
}

// later refuses what may be tried again.
func later(w http.ResponseWriter, status int, wait time.Duration, problem string) {
	w.Header().Set("Retry-After", fmt.Sprint(max(1, int((wait+time.Second-1)/time.Second))))
	refuse(w, status, problem)
}
