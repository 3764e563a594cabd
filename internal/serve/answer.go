package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Answer writes a body of plain data as JSON, of the type that the header says already, if
// it does. Nobody may keep it.
func Answer(w http.ResponseWriter, status int, body any) {
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
	_, _ = w.Write(append(data, '\n')) // the caller is gone
}

// ProblemType is the media type of what Problem writes.
const ProblemType = "application/problem+json"

// Problem answers with what is wrong, and what to do about it (RFC 9457).
func Problem(w http.ResponseWriter, status int, detail, next string) {
	w.Header().Set("Content-Type", ProblemType)
	Answer(w, status, struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Next   string `json:"next"`
	}{"about:blank", http.StatusText(status), status, detail, next})
}

// ReadyWithin is how long a request waits for what it needs to be there, and is then told to
// come again.
const ReadyWithin = 5 * time.Second

// Ready waits a while until something can be taken.
func Ready(ctx context.Context, ready <-chan struct{}) bool {
	select {
	case <-ready:
		return true
	case <-time.After(ReadyWithin):
	case <-ctx.Done():
	}
	return false
}
