package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
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
	aPage  = "<html><body>Sign in to the proxy</body></html>"
	aChan  = "C0INCIDENTDEMO"
)

// everyMethod calls each method that the bot uses, as it uses it.
func everyMethod(w *way, a *API) map[string]func(context.Context) error { // :: method -> a call of it
	body := publish.Body{Text: "hello", Blocks: json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"hello"}}]`)}
	m := format.Message{Text: "hello", Blocks: []format.Block{{Section: "hello"}}}
	form := format.Form{ID: "x", Title: "x", Submit: "x"}
	file := slack.UploadFileParameters{Filename: "a.txt", FileSize: 1, Content: "a", Title: "a"}
	pace := func() *slack.Client {
		return newPaced(Config{APIURL: w.URL + "/api/", BotToken: w.slack.BotToken(), AppToken: w.slack.AppToken()}, &pacer{base: http.DefaultTransport})
	}
	return map[string]func(context.Context) error{
		"auth.test": func(ctx context.Context) error { return a.Check(ctx) },
		"chat.postMessage": func(ctx context.Context) error {
			_, _, err := a.post(ctx, place{channel: aChan}, "k", body)
			return err
		},
		"chat.update":                func(ctx context.Context) error { return a.edit(ctx, aChan, "1.000001", "k", body) },
		"chat.postEphemeral":         func(ctx context.Context) error { return a.whisper(ctx, aChan, "U0ANA0001", "", m) },
		"conversations.history":      func(ctx context.Context) error { _, err := a.find(ctx, aChan, "", "k", time.Now()); return err },
		"conversations.replies":      func(ctx context.Context) error { _, err := a.find(ctx, aChan, "1.000001", "k", time.Now()); return err },
		"conversations.members":      func(ctx context.Context) error { _, err := a.inChannel(ctx, aChan, "U0ANA0001"); return classify(err) },
		"users.info":                 func(ctx context.Context) error { _, err := a.ownMember(ctx, "U0ANA0001"); return classify(err) },
		"usergroups.list":            func(ctx context.Context) error { _, err := a.groupMembers(ctx, "@x"); return classify(err) },
		"usergroups.users.list":      func(ctx context.Context) error { _, err := a.groupMembers(ctx, "S1"); return classify(err) },
		"views.open":                 func(ctx context.Context) error { return a.openForm(ctx, "t", form) },
		"views.update":               func(ctx context.Context) error { return a.changeForm(ctx, "V1", "h", form) },
		"views.publish":              func(ctx context.Context) error { _, err := a.publish(ctx, "U0ANA0001", "", m); return err },
		"chat.getPermalink":          func(ctx context.Context) error { _, err := a.permalink(ctx, aChan, "1.000001"); return err },
		"pins.add":                   func(ctx context.Context) error { return a.pin(ctx, aChan, "1.000001") },
		"pins.remove":                func(ctx context.Context) error { return a.unpin(ctx, aChan, "1.000001") },
		"files.getUploadURLExternal": func(ctx context.Context) error { _, err := a.upload(ctx, file); return err },
		"apps.connections.open":      func(ctx context.Context) error { _, _, err := pace().StartSocketModeContext(ctx); return classify(err) },
		"response_url":               func(ctx context.Context) error { return a.respond(ctx, w.URL+"/response_url", false, m) },
	}
}

// TestEveryAnswerOfEveryMethodHasAWayOn: whoever answers, and however, a call
// ends with one of four: it is to rest for a while that has an end, it is
// unsure, it is refused, or what was to change is not there. No redirect takes
// the token along.
func TestEveryAnswerOfEveryMethodHasAWayOn(t *testing.T) {
	t.Parallel()
	w, api := onTheWay(t, sandbox.Config{})
	var stolen sync.Map
	thief := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		stolen.Store(r.Method+" "+r.URL.Path, r.Header.Get("Authorization")+string(data))
		says(http.StatusOK, asJSON, `{"ok":true}`)(rw, r)
	}))
	t.Cleanup(thief.Close)
	const limits, unsure, refuses = "limited", "unsure", "refused"
	answers := map[string]struct {
		says http.HandlerFunc
		want string
		rest time.Duration
	}{
		"429":                  {says(429, asJSON, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "7"), limits, 7 * time.Second},
		"429 at once":          {says(429, asJSON, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "0"), limits, leastRest},
		"429 before":           {says(429, asJSON, `{}`, "Retry-After", "-3"), limits, leastRest},
		"429 without":          {says(429, asJSON, `{"ok":false,"error":"ratelimited"}`), limits, unsaidRest},
		"429 in words":         {says(429, asHTML, aPage, "Retry-After", "soon"), limits, unsaidRest},
		"429 with a fraction":  {says(429, asJSON, `{}`, "Retry-After", "1.5"), limits, 2 * time.Second},
		"429 with a date":      {says(429, asJSON, `{}`, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), limits, leastRest},
		"429 for ever":         {says(429, asJSON, `{}`, "Retry-After", "99999999999999999999"), limits, longestRest},
		"200 limited":          {says(200, asJSON, `{"ok":false,"error":"ratelimited"}`), limits, 30 * time.Second},
		"200 internal":         {says(200, asJSON, `{"ok":false,"error":"internal_error"}`), unsure, 0},
		"200 refused":          {says(200, asJSON, `{"ok":false,"error":"restricted_action"}`), refuses, 0},
		"403 of Slack's":       {says(403, asJSON, `{"ok":false,"error":"restricted_action"}`), refuses, 0},
		"200 a page":           {says(200, asHTML, aPage), unsure, 0},
		"403 a page":           {says(403, asHTML, aPage), unsure, 0},
		"404 a page":           {says(404, asHTML, aPage), unsure, 0},
		"407 a page":           {says(407, asHTML, aPage), unsure, 0},
		"500":                  {says(500, asHTML, aPage), unsure, 0},
		"503 with Retry-After": {says(503, asHTML, aPage, "Retry-After", "0"), unsure, 0},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		answers[fmt.Sprint(status)] = struct {
			says http.HandlerFunc
			want string
			rest time.Duration
		}{says(status, asHTML, aPage, "Location", thief.URL+"/caught"), unsure, 0}
	}
	for method, call := range everyMethod(w, api) {
		for _, name := range slices.Sorted(maps.Keys(answers)) {
			a := answers[name]
			w.answer(method, a.says)
			ctx, done := context.WithTimeout(t.Context(), time.Minute)
			err := call(ctx)
			done()
			l, limited := errors.AsType[*limited](err)
			got := map[bool]string{errors.Is(err, ErrUnsure): unsure, errors.Is(err, ErrRefused): refuses, limited: limits}[true]
			if method == "response_url" && a.want == refuses || method == "response_url" && strings.HasPrefix(name, "200") {
				continue // what comes from there is read as words
			}
			if got != a.want || limited && l.after != a.rest {
				t.Errorf("%s answered with %s: %v, want %s %s", method, name, err, a.want, a.rest)
			}
		}
		w.answer("", nil)
		if method == "apps.connections.open" { // and then it works, as soon as Slack answers
			if err := call(t.Context()); err != nil {
				t.Errorf("%s afterwards: %v", method, err)
			}
		}
	}
	stolen.Range(func(where, what any) bool {
		t.Errorf("a redirect was followed to %v with %v", where, what)
		return true
	})
}

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
