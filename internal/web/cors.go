package web

import "net/http"

// Preflights lets scripts of other sites read what is at some paths, with whatever headers they send: a browser asks for
// that before a request with a header of its own, and shows no token while it does.
func Preflights(paths []string) func(*http.ServeMux) {
	return func(mux *http.ServeMux) {
		for _, path := range paths {
			mux.HandleFunc("OPTIONS "+path, func(w http.ResponseWriter, _ *http.Request) {
				h := w.Header()
				h.Set("Allow", "GET, HEAD")
				h.Set("Access-Control-Allow-Origin", "*")
				h.Set("Access-Control-Allow-Methods", "GET, HEAD")
				h.Set("Access-Control-Allow-Headers", "*")
				h.Set("Access-Control-Max-Age", "86400")
				h.Set("Cache-Control", "no-store")
				w.WriteHeader(http.StatusNoContent)
			})
		}
	}
}
