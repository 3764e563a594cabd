package house

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/web/api"
)

// TestWhatIsToldIsKept: a delivery goes into the journal of whichever member takes it,
// which need not lead; one that comes again after a restart, with the checkpoint or
// without, is known.
func TestWhatIsToldIsKept(t *testing.T) {
	t.Parallel()
	dir, conf := t.TempDir(), filepath.Join(t.TempDir(), "config.yaml")
	text := `
components: [{id: power}, {id: edge, depends_on: [power]}]
products: [{id: shop}, {id: lake}]
web: {listen: "127.0.0.1:0"}
checks:
  - {id: shop/it, product: shop, kind: tcp, uses: [edge], tcp: {address: "127.0.0.1:1"}}
  - {id: lake/it, product: lake, kind: tcp, tcp: {address: "127.0.0.1:1"}}
hooks:
  - {name: github, github: {secret: "${S_GITHUB}"}, components: [power]}
`
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(conf, func(name string) (string, bool) { return "sesame, open the door", name == "S_GITHUB" })
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	body := `{"action":"created","repository":{"full_name":"acme/shop"},"deployment":{"environment":"production","ref":"v2"},"deployment_status":{"id":1,"state":"success","created_at":"` + now.Add(-time.Minute).Format(time.RFC3339) + `"}}`
	deliver := func(h *house) string {
		mux := http.NewServeMux()
		h.hookRoutes()(mux)
		r := httptest.NewRequest(http.MethodPost, "/hooks/github", strings.NewReader(body))
		mac := hmac.New(sha256.New, []byte("sesame, open the door"))
		mac.Write([]byte(body))
		r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		r.Header.Set("X-GitHub-Event", "deployment_status")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return strings.TrimSpace(w.Body.String())
	}
	for n, want := range []string{`{"taken":1,"known":0}`, `{"taken":0,"known":1}`, `{"taken":0,"known":1}`} {
		h := reads(t, dir, 1)
		h.cfg.Store(cfg)
		h.starting.begin()
		h.starting.over()
		h.ledger = &publish.Ledger{Board: h.board, Append: h.appendEvent}
		from := h.readsAll(t)
		if got := deliver(h); got != want {
			t.Errorf("start %d: %s, want %s", n+1, got, want)
		}
		e := h.board.Log().Desk.Outside[0]
		if diff := cmp.Diff([]string{"shop"}, e.Products); diff != "" || e.Text != "deployed acme/shop v2 to production" || !e.Done.Equal(now.Add(-time.Minute)) {
			t.Errorf("the desk has %+v %s", e, diff)
		}
		if n == 1 {
			if from > 1 {
				t.Errorf("without a checkpoint it reads from %d", from)
			}
			h.readsAll(t)
			h.storeLog(t)
		}
		h.close(t)
	}
}

// TestMarksAreAsDescribed holds what takes marks against what the API's document says
// of them: every field that it names is taken, no other, and answers have its fields.
func TestMarksAreAsDescribed(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "config.yaml")
	text := `
components: [{id: edge}]
products: [{id: shop}]
checks: [{id: shop/it, product: shop, kind: tcp, uses: [edge], tcp: {address: "127.0.0.1:1"}}]
web: {listen: "127.0.0.1:0"}
hooks: [{name: scripts, marks: {token: "${S_MARKS}"}}]
`
	check(t, os.WriteFile(conf, []byte(text), 0o600))
	cfg, err := config.Load(conf, func(name string) (string, bool) { return "sesame, open the door", name == "S_MARKS" })
	check(t, err)
	h := reads(t, t.TempDir(), 1)
	defer h.close(t)
	h.cfg.Store(cfg)
	h.starting.begin()
	h.starting.over()
	h.ledger = &publish.Ledger{Board: h.board, Append: h.appendEvent}
	h.readsAll(t)
	mux := http.NewServeMux()
	h.hookRoutes()(mux)
	api.New(api.Source{}, zap.NewNop()).Routes(mux, func(*http.Request) api.Reader { return api.Inside })
	ask := func(method, path, token string, body any) (int, map[string]any) {
		t.Helper()
		data, err := json.Marshal(body)
		check(t, err)
		r := httptest.NewRequest(method, path, bytes.NewReader(data))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		var out map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
		return w.Code, out
	}
	_, document := ask(http.MethodGet, "/api/v1/openapi.json", "", nil)
	of := func(keys ...string) map[string]any {
		at := document
		for _, k := range keys {
			at, _ = at[k].(map[string]any)
		}
		return at
	}
	schemas := of("components", "schemas")
	fits := func(schema string, answer map[string]any) {
		t.Helper()
		one := of("components", "schemas", schema)
		for field := range answer {
			if _, named := of("components", "schemas", schema, "properties")[field]; !named {
				t.Errorf("%s: %q is not described", schema, field)
			}
		}
		required, _ := one["required"].([]any)
		for _, field := range required {
			if _, there := answer[field.(string)]; !there {
				t.Errorf("%s: %q is missing in %v", schema, field, answer)
			}
		}
	}

	full := map[string]any{}
	for field, says := range of("components", "schemas", "NewMark", "properties") {
		switch says.(map[string]any)["type"] {
		case "boolean":
			full[field] = true
		case "array":
			full[field] = []string{map[string]string{"products": "shop", "components": "edge"}[field]}
		default:
			full[field] = map[string]string{"at": time.Now().UTC().Format(time.RFC3339), "product": "shop", "component": "edge"}[field]
		}
	}
	full["text"], full["key"] = "restarted lb-3", "one"
	code, got := ask(http.MethodPost, "/api/v1/marks", "sesame, open the door", full)
	if code != http.StatusOK || len(schemas) == 0 {
		t.Errorf("all that is described: %d %v", code, got)
	}
	fits("Taken", got)
	for _, c := range []struct {
		method, token string
		body          any
		want          int
	}{
		{http.MethodPost, "sesame, open the door", map[string]any{"text": "x", "prodct": "shop"}, http.StatusBadRequest},
		{http.MethodPost, "sesame, open the door", map[string]any{"text": "x", "product": "shed"}, http.StatusUnprocessableEntity},
		{http.MethodPost, "another", full, http.StatusUnauthorized},
		{http.MethodGet, "sesame, open the door", nil, http.StatusMethodNotAllowed},
	} {
		code, got := ask(c.method, "/api/v1/marks", c.token, c.body)
		if responses := of("paths", "/api/v1/marks", "post", "responses"); code != c.want || responses[strconv.Itoa(code)] == nil {
			t.Errorf("%s of %v: %d %v, want %d", c.method, c.body, code, got, c.want)
		}
		fits("Problem", got)
	}
}
