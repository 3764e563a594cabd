package house

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestWhatIsToldIsKept: a delivery goes into the journal of whichever member takes it,
// which need not lead; one that comes again after a restart, with the checkpoint or
// without, is known.
func TestWhatIsToldIsKept(t *testing.T) {
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
		h.ready = make(chan struct{})
		close(h.ready)
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
