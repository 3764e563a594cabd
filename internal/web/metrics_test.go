package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestMetricsAskForTheirToken: without one they are open to who reaches the
// address, and turned off they are not there.
func TestMetricsAskForTheirToken(t *testing.T) {
	t.Parallel()
	told := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "billing") })
	for _, tt := range []struct {
		name    string
		metrics Metrics
		header  string
		want    int
	}{
		{"off", Metrics{}, "", http.StatusNotFound},
		{"open", Metrics{Handler: told}, "", http.StatusOK},
		{"no token", Metrics{Handler: told, Token: "right"}, "", http.StatusUnauthorized},
		{"another token", Metrics{Handler: told, Token: "right"}, "Bearer wrong", http.StatusUnauthorized},
		{"the beginning of it", Metrics{Handler: told, Token: "right"}, "Bearer rig", http.StatusUnauthorized},
		{"the token", Metrics{Handler: told, Token: "right"}, "Bearer right", http.StatusOK},
	} {
		s := &Server{cfg: Config{Metrics: tt.metrics}, slots: make(chan struct{}, 1)}
		for _, path := range []string{"/metrics", "/metrics/blackbox", "/probe?target=pay"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", tt.header)
			w := httptest.NewRecorder()
			s.handler().ServeHTTP(w, r)
			if w.Code != tt.want || (w.Body.String() == "billing") != (tt.want == http.StatusOK) {
				t.Errorf("%s: %s: %d %s", tt.name, path, w.Code, w.Body)
			}
		}
	}
}
