package hooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

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

// refuse answers with one sentence, which senders show where they list what they
// delivered.
func refuse(w http.ResponseWriter, status int, problem string) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{problem})
}

// later refuses what may be sent again.
func later(w http.ResponseWriter, wait time.Duration, problem string) {
	w.Header().Set("Retry-After", fmt.Sprint(max(1, int(wait/time.Second))))
	refuse(w, http.StatusServiceUnavailable, problem)
}
