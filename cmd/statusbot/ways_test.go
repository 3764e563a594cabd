package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/ways"
)

// listener takes what a way tells.
type listener struct {
	*httptest.Server
	refuses atomic.Bool
	mu      sync.Mutex
	came    []ways.Event // guarded by mu
}

func listen(t *testing.T) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e ways.Event
		if err != nil || json.Unmarshal(body, &e) != nil || r.Header.Get("Webhook-Signature") == "" || l.refuses.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, before := range l.came {
			if before.Data.ID == e.Data.ID {
				return // it was killed before it wrote down that this is told
			}
		}
		l.came = append(l.came, e)
	}))
	t.Cleanup(l.Close)
	return l
}

// types are what came, in order.
func (l *listener) types() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range l.came {
		out = append(out, e.Type)
	}
	return strings.Join(out, " ")
}

// await waits for an event that ok accepts and returns it.
func (l *listener) await(ctx context.Context, t *testing.T, ok func(ways.Event) bool) ways.Event {
	t.Helper()
	for {
		l.mu.Lock()
		for _, e := range l.came {
			if ok(e) {
				l.mu.Unlock()
				return e
			}
		}
		l.mu.Unlock()
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("what was waited for did not come; there were %q", l.types())
		}
	}
}

// TestUpdatesGoElsewhereWhileSlackIsDown: with Slack down the updates of an incident go by
// the way that waits for that, over a kill, and nothing comes twice; once Slack is back it
// reads what was told where.
func TestUpdatesGoElsewhereWhileSlackIsDown(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hook := listen(t)
	slack, env := workspace(t)
	file, data := filepath.Join(t.TempDir(), "ways.yaml"), t.TempDir()
	text := fmt.Sprintf(`company: Acme
products: [{id: p, name: Shop}]
updates: {every: 1s}
web: {listen: "127.0.0.1:0"}
checks:
  - {id: p/it, product: p, kind: tcp, every: 2s, tcp: {address: %q}}
  - {id: ours, control: true, kind: tcp, every: 2s, tcp: {address: %[1]q}}
ways:
  - {name: hook, after: 1s, every: 0s, webhook: {url: "%s/${HOOK_PATH}", secret: "${HOOK_SECRET}"}}
`, hook.Listener.Addr().String(), hook.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append(env, "HOOK_PATH=sesame", "HOOK_SECRET=whsec_ZXhhbXBsZSBvZiBhIGtleSBvZiAzMiBieXRlcyA=")
	bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	until(ctx, t, slack, "/status", contains("as usual"))
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("Impact update")); err != nil {
		t.Fatal(err)
	}
	if err := slack.Faults(ctx, sandboxtest.Fault{Mode: "error", Error: "http_503"}); err != nil {
		t.Fatal(err)
	}
	// Why is said once Slack's answer is known: on a slow machine this comes before it.
	told := hook.await(ctx, t, func(e ways.Event) bool { return e.Data.Slack != nil })
	t.Logf("it says of Slack: %s", told.Data.Slack.Says)
	if i := told.Data.Incident; i == nil || i.Title != "Orders fail" {
		t.Errorf("it came as %+v", told)
	}
	bot.awaitLine(ctx, `"as": "`+strings.TrimPrefix(told.Type, "incident.")+`"`)
	bot.kill()
	bot = startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
	bot.awaitLine(ctx, "leading")
	if err := slack.Faults(ctx, sandboxtest.Fault{Mode: "ok"}); err != nil {
		t.Fatal(err)
	}
	m, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("Meanwhile told by hook (webhook, up to update #"))
	if err != nil {
		t.Fatal(err)
	}
	hook.await(ctx, t, func(e ways.Event) bool { return e.Type == "incident.slack_back" })
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	if got := hook.types(); strings.Count(got, "incident.began") != 1 { // a machine that is slow may be told more than one silence
		t.Errorf("there came %q", got)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(bot.out.String()+m.Text, "sesame") {
		t.Error("the address of the way is shown")
	}
}
