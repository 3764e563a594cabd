package demo

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// faulty stands in front of h and treats requests as the component's fault says.
func faulty(sw *switchboard, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch hit := sw.draw(); hit.kind {
		case kindError:
			code := http.StatusServiceUnavailable
			if hit.coin {
				code = http.StatusBadGateway
			}
			http.Error(w, http.StatusText(code), code)
		case kindReset:
			r.Context().Value(connKey{}).(*conn).resetOnClose()
			panic(http.ErrAbortHandler) // the server closes the connection and says nothing
		case kindTimeout:
			_, _ = io.Copy(io.Discard, r.Body) // the server notices that a client goes only once its body was read
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		case kindSlow:
			if pause(r.Context(), hit.delay) {
				h.ServeHTTP(w, r)
			}
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// edge is the load balancer: a reverse proxy that chooses the backend by the
// first part of the path, "/billing/..." for the backend of billing.
type edge struct {
	proxy *httputil.ReverseProxy
	work  spell
	hosts map[string]string // :: first part of the path -> address of a backend; not changed after newEdge
}

func newEdge(hosts map[string]string, work spell, log *zap.Logger) *edge {
	e := &edge{hosts: hosts, work: work}
	quiet, _ := zap.NewStdLogAt(log, zap.DebugLevel) // the level is valid, so no error
	e.proxy = &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			host, _ := e.route(pr.In.URL.Path)
			pr.SetURL(&url.URL{Scheme: "http", Host: host})
			pr.SetXForwarded()
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second},
		ErrorLog:  quiet,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				log.Debug("backend did not answer", zap.String("path", r.URL.Path), zap.Error(err))
			}
			http.Error(w, "the backend did not answer", http.StatusBadGateway)
		},
	}
	return e
}

// route returns the backend's address, and false for a path of no product.
func (e *edge) route(path string) (string, bool) {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	host, ok := e.hosts[first]
	return host, ok
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, ok := e.route(r.URL.Path); !ok {
		http.NotFound(w, r)
		return
	}
	if pause(r.Context(), e.work.draw()) {
		e.proxy.ServeHTTP(w, r)
	}
}

// serve is edge-lb as a process: when it stops, its idle connections to the
// backends end as well.
func (e *edge) serve(h http.Handler, log *zap.Logger) func(context.Context, *listener) {
	front := serveHTTP(h, log)
	return func(ctx context.Context, ln *listener) {
		defer e.proxy.Transport.(*http.Transport).CloseIdleConnections()
		front(ctx, ln)
	}
}
