package web

import (
	"crypto/subtle"
	"net/http"
)

// Metrics is who answers Prometheus, and what it must know to be answered.
type Metrics struct {
	Handler http.Handler // of the paths below; nil: they are not there
	Token   string       // asked for as Authorization: Bearer; empty: nobody is asked
}

// metrics adds what Prometheus asks for.
func (s *Server) metrics(mux *http.ServeMux) {
	m := s.cfg.Metrics
	if m.Handler == nil {
		return
	}
	for _, path := range []string{"GET /metrics", "GET /metrics/blackbox", "GET /probe"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if m.Token != "" && subtle.ConstantTimeCompare([]byte(tokenOf(r)), []byte(m.Token)) != 1 {
				w.Header().Set("WWW-Authenticate", `Bearer realm="statusbot"`)
				refuse(w, http.StatusUnauthorized, "send Authorization: Bearer TOKEN, the one of web.metrics_token")
				return
			}
			m.Handler.ServeHTTP(w, r)
		})
	}
}
