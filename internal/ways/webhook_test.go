package ways

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/publish"
)

// noticed is one notice with all there is.
func noticed() Notice {
	at := time.Date(2026, 11, 18, 15, 5, 0, 0, time.UTC)
	return Notice{ID: "0011aabb", Thread: "ffee", First: true, Kind: Began, Way: "one", Company: "Acme", N: 17, At: at, Now: at.Add(time.Minute),
		About: publish.About{Incident: "inc-7", Number: 7, Title: "Payments are flaky", Severity: "SEV2", Began: at.Add(-25 * time.Minute), News: 17, Alarm: 17,
			Hurt: []publish.Hurt{{Product: "billing", Name: "Billing", Level: "outage", Failed: 24, Tries: 24, Since: at.Add(-20 * time.Minute)}, {Product: "search", Name: "Search & more", Level: "degraded", Failed: 3, Tries: 100}}},
		Says:  elsewhere.Read("", json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":":octagonal_sign: *Impact update #17: Billing is down: all 24 tries failed.*\nSearch &amp; more fails 3.0 % (3/100). See <https://runbook.example.com/a?b=1&amp;c=2|the runbook>."}},{"type":"context","elements":[{"type":"mrkdwn","text":"Incident 7 (SEV2) “Payments are flaky”"}]}]`), nil),
		Title: "Impact update #17: Billing is down: all 24 tries failed.", Trouble: elsewhere.Trouble{Since: at.Add(-2 * time.Minute), Fault: elsewhere.Slack, Says: "HTTP 503", Controls: 2}}
}

// answering starts a server that answers everything so; came and bodies are what it got.
func answering(t *testing.T, answer http.HandlerFunc) (url string, came func() []*http.Request, bodies func() []string) {
	t.Helper()
	var mu sync.Mutex
	var requests []*http.Request // guarded by mu
	var texts []string           // likewise
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		requests, texts = append(requests, r), append(texts, string(body))
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	came = func() []*http.Request { mu.Lock(); defer mu.Unlock(); return slices.Clone(requests) }
	bodies = func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(texts) }
	return srv.URL + "/secret-path", came, bodies
}

// TestWebhookIsSignedAsTheStandardSays: the standard's own library takes the signature of
// each key, and refuses it for another body.
func TestWebhookIsSignedAsTheStandardSays(t *testing.T) {
	url, came, bodies := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	now, before := secretPrefix+base64.StdEncoding.EncodeToString([]byte("the key that is in use now......")), secretPrefix+base64.StdEncoding.EncodeToString([]byte("the key that was in use before it"))
	hook := &Webhook{URL: url}
	for _, secret := range []string{now, before} {
		key, err := KeyOf(secret)
		if err != nil {
			t.Fatal(err)
		}
		hook.Keys = append(hook.Keys, key)
	}
	for range 2 {
		if err := hook.Send(t.Context(), noticed()); err != nil {
			t.Fatal(err)
		}
	}
	for _, secret := range []string{now, before} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify([]byte(bodies()[0]), came()[0].Header); err != nil {
			t.Errorf("%v: %v", err, came()[0].Header)
		}
		if err := verifier.Verify([]byte(bodies()[0]+" "), came()[0].Header); err == nil {
			t.Error("another body is taken")
		}
	}
	if a, b := came()[0].Header.Get("Webhook-Id"), came()[1].Header.Get("Webhook-Id"); a == "" || a != b {
		t.Errorf("the same notice has the ids %q and %q", a, b)
	}
	var got Event
	if err := json.Unmarshal([]byte(bodies()[0]), &got); err != nil {
		t.Fatal(err)
	}
	i := got.Data.Incident
	if got.Type != "incident.began" || i == nil || i.Number != 7 || i.Update != 17 || len(i.Hurt) != 2 || got.Data.Slack == nil || got.Data.Slack.Fault != "slack" {
		t.Errorf("got %s", bodies()[0])
	}
	if want := "Impact update #17: Billing is down: all 24 tries failed.\nSearch & more fails 3.0 % (3/100). See the runbook (https://runbook.example.com/a?b=1&c=2).\nIncident 7 (SEV2) “Payments are flaky”"; got.Data.Text != want {
		t.Errorf("text %s\nwant %s", got.Data.Text, want)
	}
}

// TestEachAnswer: what a receiver answers, and what is made of it; nothing names the
// address.
func TestEachAnswer(t *testing.T) {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "you sent to /secret-path")
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string // kind of error and its text
	}{
		"200":           {status(200), ""},
		"202":           {status(202), ""},
		"301":           {status(301, "Location", "http://127.0.0.1:1/elsewhere"), "refused: it answers HTTP 301, which sends elsewhere, and that is not followed"},
		"307":           {status(307, "Location", "/other"), "refused: it answers HTTP 307, which sends elsewhere, and that is not followed"},
		"400":           {status(400), "refused: it answers HTTP 400"},
		"401":           {status(401), "refused: it answers HTTP 401"},
		"404":           {status(404), "refused: it answers HTTP 404"},
		"408":           {status(408), "passes: it answers HTTP 408"},
		"410":           {status(410), "refused: it answers HTTP 410"},
		"429":           {status(429, "Retry-After", "17"), "limited 17s"},
		"429 at a time": {status(429, "Retry-After", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)), "limited 0s"},
		"429 alone":     {status(429), "limited 30s"},
		"500":           {status(500), "passes: it answers HTTP 500"},
		"503":           {status(503), "passes: it answers HTTP 503"},
		"503 for 5 s":   {status(503, "Retry-After", "5"), "limited 5s"},
		"reset": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}, "passes: it cannot be reached: "},
		"closed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "passes: it cannot be reached: "},
	} {
		t.Run(name, func(t *testing.T) {
			url, came, _ := answering(t, c.answer)
			err := (&Webhook{URL: url}).Send(t.Context(), noticed())
			if got := errorIn(err); got != c.want && (!strings.HasSuffix(c.want, ": ") || !strings.HasPrefix(got, c.want)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(came()) != 1 {
				t.Errorf("posted %d times", len(came()))
			}
		})
	}
}

// errorIn is an error with its kind.
func errorIn(err error) string {
	refused, isRefused := errors.AsType[*Refused](err)
	limit, isLimit := errors.AsType[*Limited](err)
	partly, isPartly := errors.AsType[*Partly](err)
	switch {
	case err == nil:
		return ""
	case isPartly:
		return "partly: " + partly.Says
	case isRefused:
		return "refused: " + refused.Says
	case isLimit:
		return "limited " + limit.After.String()
	}
	return "passes: " + err.Error()
}

// TestNoAnswer: one that takes the post and says nothing is waited for no longer than its
// time, and one that is not there is said to be so.
func TestNoAnswer(t *testing.T) {
	hung := make(chan struct{})
	url, _, _ := answering(t, func(http.ResponseWriter, *http.Request) { <-hung })
	t.Cleanup(func() { close(hung) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := (&Webhook{URL: url}).Send(ctx, noticed()); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("got %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + l.Addr().String() + "/secret-path"
	l.Close()
	err = (&Webhook{URL: gone}).Send(t.Context(), noticed())
	if err == nil || err.Error() != "it cannot be reached: connection refused" {
		t.Errorf("got %v", err)
	}
	err = (&Webhook{URL: "http://nowhere.invalid/secret-path"}).Send(t.Context(), noticed())
	if err == nil || strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), "nowhere.invalid") {
		t.Errorf("got %v", err)
	}
}

// TestKeyOf: what is no secret of the standard is refused, and not repeated.
func TestKeyOf(t *testing.T) {
	for _, secret := range []string{"", "whsec_", "whsec_c2hvcnQ=", "c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVzIQ==", "whsec_not base64 at all, and long enough"} {
		if _, err := KeyOf(secret); err == nil || len(secret) > len(secretPrefix) && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", secret, err)
		}
	}
}
