package config

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
)

// TestPlantedSecretsNeverLeave puts values of the environment into options of
// checks, has them repeated by a server and a script, and looks for them in
// all that is kept of the results.
func TestPlantedSecretsNeverLeave(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Request-Id", r.Header.Get("X-Trace"))
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "%s %s %s", r.URL.Path, r.URL.RawQuery, body)
		_ = json.NewEncoder(w).Encode(r.Header)
	}))
	defer server.Close()
	vars := map[string]string{}
	for i := range 40 {
		vars[fmt.Sprintf("S%d", i)] = fmt.Sprintf("q%02d/Zx&%dw", i, i*7919)
	}
	var b strings.Builder
	b.WriteString("products: [{id: p}]\nchecks:\n")
	for i := 0; i < 40; i += 8 {
		fmt.Fprintf(&b, `
  - {id: web%[1]d, product: p, kind: http, http: {url: "%[2]s/a/${S%[1]d}?x=${S%[3]d}", headers: {X-Trace: "${S%[4]d}", X-Other: "a ${S%[5]d} b"}, body: "${S%[6]d}", contains: ["${S%[6]d} or more words that make it long enough to be cut"], status: [500]}}
  - {id: run%[1]d, product: p, kind: exec, exec: {argv: [sh, -c, 'echo "$0 $1 $A"; exit 2', "${S%[7]d}", "--x=${S%[8]d}"], env: {A: "${S%[9]d}"}}}
`, i, server.URL, i+1, i+2, i+3, i+4, i+5, i+6, i+7)
	}
	cfg := mustLoad(t, write(t, b.String()), vars)
	for i := range cfg.Checks {
		compiled, err := kinds.Compile(&cfg.Checks[i])
		if err != nil {
			t.Fatal(err)
		}
		r, sent, ok := compiled.RunSent(t.Context())
		if !ok || r.Outcome != checks.Fail || r.Evidence == nil || r.Evidence.Output == "" {
			t.Fatalf("got %+v", r)
		}
		stored, err := checks.EncodeResults([]checks.Result{r})
		if err != nil {
			t.Fatal(err)
		}
		all := string(stored) + r.Summary + r.Evidence.Output + r.Evidence.RequestID + fmt.Sprintf("%+v", *sent)
		if cfg.Checks[i].Kind == "http" && len(sent.Requests) != 1 {
			t.Errorf("%s: sent %+v", cfg.Checks[i].ID, sent)
		}
		for name, secret := range vars {
			if tail := secret[strings.IndexByte(secret, '&')+1:]; strings.Contains(all, secret) || strings.Contains(all, secret[:6]) || len(tail) > 4 && strings.Contains(all, tail) {
				t.Errorf("%s: %s is in %s", cfg.Checks[i].ID, name, all)
			}
		}
	}
}
