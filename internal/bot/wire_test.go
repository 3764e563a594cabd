package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/sandbox"
)

// way is somebody between the bot and Slack, who answers some calls himself.
type way struct {
	*httptest.Server
	slack *sandbox.Workspace

	mu    sync.Mutex
	says  http.HandlerFunc // nil: everything is passed on
	to    string           // how the path of what he answers ends
	calls []string         // paths
}

// onTheWay puts somebody before a workspace.
func onTheWay(t *testing.T, cfg sandbox.Config) (*way, *API) {
	t.Helper()
	cfg.NoRateLimit = true
	w, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	target, err := url.Parse(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	on := &way{slack: w}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	on.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		on.mu.Lock()
		says := on.says
		if !strings.HasSuffix(r.URL.Path, on.to) {
			says = nil
		}
		on.calls = append(on.calls, r.URL.Path)
		on.mu.Unlock()
		if says != nil {
			says(rw, r)
			return
		}
		pass.ServeHTTP(rw, r)
	}))
	t.Cleanup(on.Close)
	api := NewAPI(Config{APIURL: on.URL + "/api/", BotToken: w.BotToken(), AppToken: w.AppToken()})
	if err := api.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return on, api
}

func (w *way) answer(to string, says http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to, w.says = to, says
}

func (w *way) asked(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, p := range w.calls {
		if strings.HasSuffix(p, method) {
			n++
		}
	}
	return n
}

func says(status int, kind, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const (
	asHTML = "text/html; charset=utf-8"
	asJSON = "application/json; charset=utf-8"
	aChan  = "C0INCIDENTDEMO"
)

// manyChannels answers conversations.list in pages, as a workspace with 5,401
// channels does, and limits every second call.
func manyChannels(t *testing.T, last string) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n%2 == 0 {
			says(429, asJSON, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "0")(w, r)
			return
		}
		from, page := 0, 0
		_, _ = fmt.Sscanf(r.FormValue("cursor"), "at-%d", &from)
		_, _ = fmt.Sscanf(r.FormValue("limit"), "%d", &page)
		var list []map[string]any
		for i := from; i < min(from+page, 5401); i++ {
			name := fmt.Sprintf("channel-%d", i)
			if i == 5400 {
				name = last
			}
			list = append(list, map[string]any{"id": fmt.Sprintf("C%09d", i), "name": name})
		}
		next := ""
		if from+page < 5401 {
			next = fmt.Sprintf("at-%d", from+page)
		}
		data, err := json.Marshal(map[string]any{"ok": true, "channels": list, "response_metadata": map[string]any{"next_cursor": next}})
		if err != nil {
			t.Error(err)
		}
		says(200, asJSON, string(data))(w, r)
	}
}

// TestALargeWorkspace: the last of 5,401 channels is found though Slack limits
// the calls: the pages go on where they were. By its id it is asked for at once.
func TestALargeWorkspace(t *testing.T) {
	t.Parallel()
	w, api := onTheWay(t, sandbox.Config{})
	w.answer("conversations.list", manyChannels(t, "incidents"))
	if id, err := api.Channel(t.Context(), "#incidents"); id != "C000005400" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	if n := w.asked("conversations.list"); n != 11 { // six pages, and five that were limited
		t.Errorf("%d calls, want 11", n)
	}
	if id, err := api.Channel(t.Context(), aChan); id != aChan || err != nil {
		t.Errorf("by id: %q, %v", id, err)
	}
	if n := w.asked("conversations.list"); n != 11 {
		t.Error("the channels were listed for one that is named by its id")
	}
	if _, err := api.Channel(t.Context(), "C0NOWHERE0"); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "invite it") {
		t.Errorf("an id that is not there: %v", err)
	}
}

// TestPublicChannelsWithoutTheScopeForPrivateOnes are found, whether or not the
// scopes are known.
func TestPublicChannelsWithoutTheScopeForPrivateOnes(t *testing.T) {
	t.Parallel()
	w, api := onTheWay(t, sandbox.Config{})
	api.scopes.Store(nil)
	w.answer("conversations.list", func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("types"), "private_channel") {
			says(200, asJSON, `{"ok":false,"error":"missing_scope","needed":"groups:read"}`)(rw, r)
			return
		}
		says(200, asJSON, `{"ok":true,"channels":[{"id":"C1","name":"incidents"}]}`)(rw, r)
	})
	if id, err := api.Channel(t.Context(), "incidents"); id != "C1" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	w.answer("conversations.info", says(200, asJSON, `{"ok":false,"error":"missing_scope","needed":"channels:read"}`))
	if id, err := api.Channel(t.Context(), "C0WHATEVER"); id != "C0WHATEVER" || err != nil {
		t.Errorf("by id without the scope: %q, %v", id, err)
	}
}

// TestOnePartThatIsRefusedLosesThatPart: of a message of which Slack refuses a
// part, with or without saying which, the rest arrives, at last its text.
func TestOnePartThatIsRefusedLosesThatPart(t *testing.T) {
	t.Parallel()
	blocks := `[{"type":"section","text":{"type":"mrkdwn","text":"one"}},{"type":"data_visualization"},{"type":"actions"},{"type":"context"}]`
	refused := func(at int) error {
		details := "invalid_blocks"
		if at >= 0 {
			details += fmt.Sprintf(" [ERROR] unsupported type [json-pointer:/blocks/%d/type]", at)
		}
		return &refusal{code: "invalid_blocks", details: details}
	}
	for _, tt := range []struct {
		name   string
		bad    []string
		points bool
		left   string
		calls  int
	}{
		{"the chart", []string{"data_visualization"}, true, "data_visualization", 1},
		{"the chart, unsaid", []string{"data_visualization"}, false, "data_visualization", 1},
		{"the buttons", []string{"actions"}, true, "actions", 1},
		{"the buttons, unsaid", []string{"actions"}, false, "actions", 2},
		{"two", []string{"actions", "context"}, true, "actions context", 2},
		{"two, unsaid", []string{"actions", "context"}, false, "data_visualization actions context", 4},
		{"everything", []string{"section", "data_visualization", "actions", "context"}, true, "section data_visualization actions context", 4},
		{"everything, unsaid", []string{"section", "data_visualization", "actions", "context"}, false, "section data_visualization actions context", 5},
	} {
		calls := 0
		try := func(sent json.RawMessage) error {
			var list []json.RawMessage
			if err := json.Unmarshal(sent, &list); err != nil {
				t.Fatalf("%s: %v in %s", tt.name, err, sent)
			}
			for i, b := range list {
				if slices.Contains(tt.bad, typeOf(b)) {
					if tt.points {
						return refused(i)
					}
					return refused(-1)
				}
			}
			return nil
		}
		left, err := salvage(json.RawMessage(blocks), try(json.RawMessage(blocks)), func(b json.RawMessage) error {
			calls++
			return try(b)
		})
		if got := strings.Join(left, " "); err != nil || got != tt.left || calls != tt.calls {
			t.Errorf("%s: left out %s in %d calls, %v; want %s in %d", tt.name, got, calls, err, tt.left, tt.calls)
		}
	}
	other := errors.New("no answer")
	if _, err := salvage(json.RawMessage(blocks), refused(1), func(json.RawMessage) error { return other }); !errors.Is(err, other) {
		t.Errorf("what came of the next try is lost: %v", err)
	}
}

// TestAnAnswerArrivesWithoutItsBlocks where the workspace takes none of them.
func TestAnAnswerArrivesWithoutItsBlocks(t *testing.T) {
	t.Parallel()
	w, api := onTheWay(t, sandbox.Config{})
	var last []byte
	w.answer("chat.postMessage", func(rw http.ResponseWriter, r *http.Request) {
		if b := r.FormValue("blocks"); b != "" && b != "[]" && b != "null" {
			says(200, asJSON, `{"ok":false,"error":"invalid_blocks"}`)(rw, r)
			return
		}
		last = []byte(r.FormValue("text"))
		says(200, asJSON, `{"ok":true,"channel":"C1","ts":"1.000002"}`)(rw, r)
	})
	err := api.say(t.Context(), aChan, "", format.Message{Text: "the answer", Blocks: []format.Block{{Section: "*the answer*"}, {Context: "small"}}})
	if err != nil || !bytes.Equal(last, []byte("the answer")) {
		t.Errorf("%v, text %q", err, last)
	}
}

// TestAFormThatIsNotOursIsNotRead as another one.
func TestAFormThatIsNotOursIsNotRead(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]bool{format.FormMark: true, format.ProposalForm: true, "somebody-elses": false, "": false} {
		data := slack.InteractionCallback{Type: slack.InteractionTypeViewSubmission, View: slack.View{CallbackID: form}}
		if _, ok := envelope(socketmode.Event{Data: data}, nil); ok != want {
			t.Errorf("the form %q is read: %v, want %v", form, ok, want)
		}
	}
}

// TestAKindOfEnvelopeThatCannotBeReadIsLoggedOnce.
func TestAKindOfEnvelopeThatCannotBeReadIsLoggedOnce(t *testing.T) {
	t.Parallel()
	s := &Socket{}
	if !s.firstOf("a") || s.firstOf("a") || !s.firstOf("b") {
		t.Error("each kind is to be said once")
	}
	for i := range 2 * mostKinds {
		s.firstOf(fmt.Sprint(i))
	}
	if len(s.unread) != mostKinds {
		t.Errorf("%d kinds are remembered, want %d", len(s.unread), mostKinds)
	}
}

// TestAProxySaysNo: what a proxy says in place of letting a call through is told as its
// own; net/http has "Forbidden" without who said it.
func TestAProxySaysNo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.UserPassword("me", "hunter2hunter2")
	through := toSlack.Clone()
	through.Proxy = http.ProxyURL(at)
	_, err = newClient(Config{APIURL: "https://slack.invalid/api/", BotToken: "xoxb-1"}, through).AuthTestContext(t.Context())
	if said := classify(err); !errors.Is(said, ErrUnsure) || reason(err) != "HTTP 403 of the proxy "+at.Host {
		t.Errorf("said %q", said)
	}
}
