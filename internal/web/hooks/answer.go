package hooks

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/serve"
)

// refuse answers with what is wrong and, behind a semicolon, what to do, as
// the rest of the API does: senders show it where they list what they delivered.
func refuse(w http.ResponseWriter, status int, problem string) {
	detail, next, _ := strings.Cut(problem, "; ")
	serve.Problem(w, status, detail, cmp.Or(next, "docs/marks.md says what is taken, and how it is sent"))
}

// later refuses what may be sent again.
func later(w http.ResponseWriter, wait time.Duration, problem string) {
	w.Header().Set("Retry-After", fmt.Sprint(max(1, int(wait/time.Second))))
	refuse(w, http.StatusServiceUnavailable, problem)
}
