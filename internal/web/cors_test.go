package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestMethodsOfAPath: what is there, but not by that method, says by which; it is not "nothing here".
func TestMethodsOfAPath(t *testing.T) {
	t.Parallel()
	url, _, _ := serving(t, nil)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"POST", "/livez", 405, "GET, HEAD"},
		{"DELETE", "/healthz", 405, "GET, HEAD"},
		{"OPTIONS", "/healthz", 204, "GET, HEAD"},
		{"GET", "/api/v1/endpoints/a_b/external", 405, "POST"},
		{"HEAD", "/livez", 200, ""},
		{"POST", "/nothing", 404, ""},
		{"OPTIONS", "/nothing", 404, ""},
	} {
		if got := send(t, tt.method, url+tt.path, "", ""); got.status != tt.status || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q, want %d, %q", tt.method, tt.path, got.status, got.header.Get("Allow"), tt.status, tt.allow)
		}
	}
}

// TestPreflights: a browser that asks for another site's script gets leave, at the paths that all may read and at no
// others.
func TestPreflights(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/summary.json", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/api/v1/checks", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) })
	Preflights([]string{"/api/v1/board", "/api/v2/"})(mux)
	for path, want := range map[string]string{"/api/v2/summary.json": "*", "/api/v2/incidents/unresolved.json": "*", "/api/v1/board": "*", "/api/v1/checks": ""} {
		r := httptest.NewRequest(http.MethodOptions, path, nil)
		r.Header.Set("Origin", "https://other.example.com")
		r.Header.Set("Access-Control-Request-Method", "GET")
		r.Header.Set("Access-Control-Request-Headers", "x-requested-with")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || want == "*" && (w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Headers") != "*") {
			t.Errorf("%s: %d, allowed for %q, want %q", path, w.Code, got, want)
		}
	}
}
