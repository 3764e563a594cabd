package hooks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written"}`) // unreachable: all are plain structs
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// refuse answers with what is wrong and, behind a semicolon, what to do (RFC 9457, as
// the rest of the API): senders show it where they list what they delivered.
func refuse(w http.ResponseWriter, status int, problem string) {
	detail, next, _ := strings.Cut(problem, "; ")
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, status, struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Next   string `json:"next"`
	}{"about:blank", http.StatusText(status), status, detail, cmp.Or(next, "docs/marks.md says what is taken, and how it is sent")})
}

// later refuses what may be sent again.
func later(w http.ResponseWriter, wait time.Duration, problem string) {
	w.Header().Set("Retry-After", fmt.Sprint(max(1, int(wait/time.Second))))
	refuse(w, http.StatusServiceUnavailable, problem)
}
