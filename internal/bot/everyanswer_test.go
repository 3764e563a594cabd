package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// usesOfSlack are the funcs of this package that call a method of Slack's, as
// they are written: whoever writes another one finds TestEveryAnswer failing
// until it has a row in everyUse.
func usesOfSlack(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	set, found := token.NewFileSet(), map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			in, ok := d.(*ast.FuncDecl)
			if !ok || in.Body == nil {
				continue
			}
			ast.Inspect(in.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.SelectorExpr)
				if !ok || !strings.HasSuffix(call.Sel.Name, "Context") {
					return true
				}
				if client, ok := call.X.(*ast.SelectorExpr); ok && client.Sel.Name == "web" {
					found[in.Name.Name] = true
				}
				return true
			})
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// use is a call of Slack's as the bot makes it.
type use struct {
	call  func(context.Context, *API) error
	quiet bool   // what it asks is worth something and not necessary: no error comes of it
	words bool   // what it returns is for people, of whatever went wrong
	rests bool   // told to rest it does, and goes on
	aside string // a method of its whose failure makes no difference
	own   string // the one method that it makes a client of its own for; empty: none
}

// everyUse has each func that calls a method of Slack's.
func everyUse(w *sandbox.Workspace) map[string]use {
	body := publish.Body{Text: "hello", Blocks: json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"hello"}}]`)}
	m := format.Message{Text: "hello", Blocks: []format.Block{{Section: "hello"}}}
	form := format.Form{ID: "x", Title: "x", Submit: "x"}
	file := slack.UploadFileParameters{Filename: "a.txt", FileSize: 1, Content: "a", Title: "a"}
	ts, person := "1.000001", "U0ANA0001"
	cfg := Config{APIURL: w.APIURL(), BotToken: w.BotToken(), AppToken: w.AppToken()}
	look := Examination{Config: cfg, Sockets: true, Now: time.Now, Channel: "general", Policy: Policy{Read: Who{Users: []string{person}, Groups: []string{"@leads"}}}}
	commands := func(a *API) *Commands { return &Commands{API: a, Board: status.NewBoard(status.Definition{})} }
	finding := func(list ...Finding) error {
		for _, f := range list {
			if f.Grade != Good && f.Grade != Skipped {
				return errors.New(f.Says + "; " + f.Cure)
			}
		}
		return nil
	}
	return map[string]use{
		"Check": {call: func(ctx context.Context, a *API) error { return a.Check(ctx) }},
		"post": {call: func(ctx context.Context, a *API) error {
			_, _, err := a.post(ctx, place{channel: aChan}, "k", body)
			return err
		}},
		"edit":        {call: func(ctx context.Context, a *API) error { return a.edit(ctx, aChan, ts, "k", body) }},
		"find":        {call: func(ctx context.Context, a *API) error { _, err := a.find(ctx, aChan, "", "k", time.Now()); return err }},
		"findReply":   {call: func(ctx context.Context, a *API) error { _, err := a.find(ctx, aChan, ts, "k", time.Now()); return err }},
		"whisper":     {call: func(ctx context.Context, a *API) error { return a.whisper(ctx, aChan, person, "", m) }},
		"said":        {call: func(ctx context.Context, a *API) error { return a.tell(ctx, person, m) }},
		"respond":     {call: func(ctx context.Context, a *API) error { return a.respond(ctx, w.URL()+"response/T/K", false, m) }},
		"channelByID": {rests: true, call: func(ctx context.Context, a *API) error { _, err := a.Channel(ctx, aChan); return err }},
		"channelIn":   {rests: true, call: func(ctx context.Context, a *API) error { _, err := a.Channel(ctx, "general"); return err }},
		"lookIn":      {call: func(ctx context.Context, a *API) error { _, err := a.look(ctx, "general"); return classify(err) }},
		"openForm":    {call: func(ctx context.Context, a *API) error { return a.openForm(ctx, "t", form) }},
		"changeForm":  {call: func(ctx context.Context, a *API) error { return a.changeForm(ctx, "V1", "h", form) }},
		"lastMessage": {call: func(ctx context.Context, a *API) error {
			_, err := a.lastMessage(ctx, aChan, person, "", time.Now())
			return err
		}},
		"publish":   {call: func(ctx context.Context, a *API) error { _, err := a.publish(ctx, person, "", m); return err }},
		"permalink": {call: func(ctx context.Context, a *API) error { _, err := a.permalink(ctx, aChan, ts); return err }},
		"ownMember": {call: func(ctx context.Context, a *API) error { _, err := a.ownMember(ctx, person); return classify(err) }},
		"inChannel": {call: func(ctx context.Context, a *API) error {
			_, err := a.inChannel(ctx, aChan, person)
			return classify(err)
		}},
		"userGroups": {call: func(ctx context.Context, a *API) error { _, err := a.userGroups(ctx); return classify(err) }},
		"upload":     {call: func(ctx context.Context, a *API) error { _, err := a.upload(ctx, file); return err }},
		"pin":        {call: func(ctx context.Context, a *API) error { return a.pin(ctx, aChan, ts) }},
		"unpin":      {call: func(ctx context.Context, a *API) error { return a.unpin(ctx, aChan, ts) }},
		"listWorkspaces": {rests: true, call: func(ctx context.Context, a *API) error {
			_, err := a.listWorkspaces(ctx)
			return classify(err)
		}},
		"groupMembersIn": {call: func(ctx context.Context, a *API) error {
			_, err := a.groupMembers(ctx, "@leads")
			return classify(err)
		}},
		"GroupNames": {words: true, call: func(ctx context.Context, a *API) error {
			if _, why := a.GroupNames(ctx, "@leads"); why != "" {
				return errors.New(why)
			}
			return nil
		}},
		"zoneOf": {quiet: true, call: func(ctx context.Context, a *API) error {
			if commands(a).zoneOf(ctx, time.Now(), person) == nil {
				return errors.New("no time zone")
			}
			return nil
		}},
		"heard": {quiet: true, call: func(ctx context.Context, a *API) error {
			if got := commands(a).heard(ctx, Envelope{Kind: directMessage, Text: "note <@U0ANA0001> &amp; co"}); !strings.HasSuffix(got, "& co") {
				return fmt.Errorf("heard %q", got)
			}
			return nil
		}},
		"nameOf": {quiet: true, call: func(ctx context.Context, a *API) error { commands(a).nameOf(ctx, person); return nil }},
		"names": {quiet: true, call: func(ctx context.Context, a *API) error {
			a.names(ctx, []incident.Event{{By: person}})
			return nil
		}},
		"Run":    {words: true, own: "auth.test", call: func(ctx context.Context, _ *API) error { return finding(look.Run(ctx)[0]) }},
		"people": {words: true, call: func(ctx context.Context, a *API) error { return finding(look.people(ctx, a)...) }},
		"socket": {words: true, aside: "bots.info", call: func(ctx context.Context, a *API) error { return finding(look.socket(ctx, a, sandbox.BotID)) }},
	}
}

const (
	aPage = "<html><body>Sign in to the proxy</body></html>"
)

// NotLimits are the kinds of answer, but those that say how long to rest.
func NotLimits() map[string]sandboxtest.Fault {
	out := map[string]sandboxtest.Fault{}
	for _, a := range everyAnswer("http://127.0.0.1:9") {
		if a.want != rests {
			out[a.name] = a.fault
		}
	}
	return out
}

// Impatient makes calls end after that long.
func (a *API) Impatient(c Config, within time.Duration) {
	a.web = clientOver(c, http.DefaultTransport, within)
}

// answered is a kind of answer, and what becomes of a call that gets it.
type answered struct {
	name  string
	fault sandboxtest.Fault
	want  string // limited, unsure or refused
	rest  time.Duration
}

const rests, isUnsure, refuses = "limited", "unsure", "refused"

// everyAnswer are the kinds of answer of Slack, and of whoever is on the way
// to it. thief is where redirects lead.
func everyAnswer(thief string) []answered {
	says := func(status int, kind, body string, headers ...string) sandboxtest.Fault {
		f := sandboxtest.Fault{Mode: "answer", Status: status, Body: body, Headers: map[string]string{"Content-Type": kind}}
		for i := 0; i+1 < len(headers); i += 2 {
			f.Headers[headers[i]] = headers[i+1]
		}
		return f
	}
	list := []answered{
		{"429", says(429, asJSON, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "7"), rests, 7 * time.Second},
		{"429 at once", says(429, asJSON, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "0"), rests, leastRest},
		{"429 before", says(429, asJSON, `{}`, "Retry-After", "-3"), rests, leastRest},
		{"429 without", says(429, asJSON, `{"ok":false,"error":"ratelimited"}`), rests, unsaidRest},
		{"429 in words", says(429, asHTML, aPage, "Retry-After", "soon"), rests, unsaidRest},
		{"429 with a fraction", says(429, asJSON, `{}`, "Retry-After", "1.5"), rests, 2 * time.Second},
		{"429 with a date", says(429, asJSON, `{}`, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), rests, leastRest},
		{"429 for ever", says(429, asJSON, `{}`, "Retry-After", "99999999999999999999"), rests, longestRest},
		{"429 empty", says(429, asHTML, ""), rests, unsaidRest},
		{"200 limited", says(200, asJSON, `{"ok":false,"error":"ratelimited"}`), rests, 30 * time.Second},
		{"200 internal", says(200, asJSON, `{"ok":false,"error":"internal_error"}`), isUnsure, 0},
		{"200 refused", says(200, asJSON, `{"ok":false,"error":"restricted_action"}`), refuses, 0},
		{"403 of Slack's", says(403, asJSON, `{"ok":false,"error":"restricted_action"}`), refuses, 0},
		{"200 a page", says(200, asHTML, aPage), isUnsure, 0},
		{"200 a page that is called JSON", says(200, asJSON, aPage), isUnsure, 0},
		{"200 empty", says(200, asHTML, ""), isUnsure, 0},
		{"200 empty JSON", says(200, asJSON, ""), isUnsure, 0},
		{"204", says(204, asJSON, ""), isUnsure, 0},
		{"200 somebody's JSON", says(200, asJSON, `{"message":"blocked by policy"}`), isUnsure, 0},
		{"200 no without a word", says(200, asJSON, `{"ok":false}`), isUnsure, 0},
		{"200 null", says(200, asJSON, `null`), isUnsure, 0},
		{"200 a list", says(200, asJSON, `[]`), isUnsure, 0},
		{"200 that breaks off", says(200, asJSON, `{"ok":true,"channel":"C0`), isUnsure, 0},
		{"403 a page", says(403, asHTML, aPage), isUnsure, 0},
		{"403 empty", says(403, asHTML, ""), isUnsure, 0},
		{"404 a page", says(404, asHTML, aPage), isUnsure, 0},
		{"407 a page", says(407, asHTML, aPage, "Proxy-Authenticate", "Basic"), isUnsure, 0},
		{"500 a page", says(500, asHTML, aPage), isUnsure, 0},
		{"502 empty", says(502, asHTML, ""), isUnsure, 0},
		{"503 with Retry-After", says(503, asHTML, aPage, "Retry-After", "0"), isUnsure, 0},
		{"torn", sandboxtest.Fault{Mode: "torn"}, isUnsure, 0},
		{"lost", sandboxtest.Fault{Mode: "lost_answer"}, isUnsure, 0},
		{"cut", sandboxtest.Fault{Mode: "down"}, isUnsure, 0},
		{"reset", sandboxtest.Fault{Mode: "reset"}, isUnsure, 0},
		{"hanging", sandboxtest.Fault{Mode: "hang"}, isUnsure, 0},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		list = append(list, answered{fmt.Sprint(status), says(status, asHTML, aPage, "Location", thief+"/caught"), isUnsure, 0})
	}
	return list
}

// unclear reports whether words are not one clear line for the operator.
func unclear(line string) bool {
	for _, bad := range []string{"\n", "xoxb-sandbox", "xapp-sandbox", "invalid character", "mime:", "unexpected end", "EOF", "Client.Timeout", "slack server error", "context deadline"} {
		if strings.Contains(line, bad) {
			return true
		}
	}
	return len(line) > 200
}

// bench is a workspace that answers as it is told to, and clients of it.
type bench struct {
	w         *sandbox.Workspace
	c         sandboxtest.Client
	api       *API
	impatient *API // whose calls end soon
}

func newBench(t *testing.T) *bench {
	t.Helper()
	w, err := sandbox.New(sandbox.Config{NoRateLimit: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	b := &bench{w: w, c: sandboxtest.Client{Base: w.URL()}}
	cfg := Config{APIURL: w.APIURL(), BotToken: w.BotToken(), AppToken: w.AppToken()}
	b.api, b.impatient = NewAPI(cfg), NewAPI(cfg)
	b.impatient.Impatient(cfg, 20*time.Millisecond)
	for _, a := range []*API{b.api, b.impatient} {
		a.team.Store(&team{sandbox.TeamID, ""})
	}
	return b
}

// methodsOf are the methods that a call asks for, by the workspace's log.
func (b *bench) methodsOf(t *testing.T, u use) []string {
	t.Helper()
	if u.own != "" {
		return []string{u.own}
	}
	before, err := b.c.Log(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	_ = u.call(t.Context(), b.api) // of what is not there it fails: which methods it asks for is looked at
	after, err := b.c.Log(t.Context(), int64(len(before)), "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range after {
		if !strings.HasPrefix(e.Method, "socket.") {
			out = append(out, e.Method)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// becomes calls while a method is answered so.
func (b *bench) becomes(t *testing.T, u use, method string, a answered) (rested time.Duration, err error) {
	t.Helper()
	a.fault.Methods = []string{method}
	if err := b.c.Faults(t.Context(), a.fault); err != nil {
		t.Fatal(err)
	}
	patience, api := time.Minute, b.api
	if a.fault.Mode == "hang" {
		api = b.impatient
		if u.own != "" {
			patience = 20 * time.Millisecond
		}
	}
	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	api.rest = func(_ context.Context, d time.Duration) bool { rested = d; return false }
	err = u.call(ctx, api)
	return rested, err
}

// TestEveryAnswerOfEveryMethodHasAWayOn: whoever answers, and however, a call
// ends with one of three: it is to rest for a while that has an end, it is
// unsure, or it is refused. What went wrong is said in one line, and no redirect
// takes the token along.
func TestEveryAnswerOfEveryMethodHasAWayOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var stolen sync.Map
	thief := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		stolen.Store(r.Method+" "+r.URL.Path, r.Header.Get("Authorization")+string(data))
		_, _ = io.WriteString(rw, `{"ok":true}`)
	}))
	t.Cleanup(thief.Close)
	uses := everyUse(b.w)
	if diff := cmp.Diff(usesOfSlack(t), slices.Sorted(maps.Keys(uses))); diff != "" {
		t.Errorf("funcs that call Slack (-) and those that everyUse has (+):\n%s", diff)
	}
	methods, tried := map[string]bool{}, 0
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		u := uses[name]
		for _, method := range b.methodsOf(t, u) {
			for i, a := range everyAnswer(thief.URL) {
				if name != "post" && (i+tried)%11 != 0 && longtest.Of(true, false) {
					continue
				}
				tried++
				rested, err := b.becomes(t, u, method, a)
				b.judge(t, name+" by "+method+", "+a.name, u, a, method, err, rested)
			}
			methods[method] = true
			if err := b.c.Faults(t.Context(), sandboxtest.Fault{Mode: "ok"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	stolen.Range(func(where, what any) bool {
		t.Errorf("a redirect was followed to %v with %v", where, what)
		return true
	})
	t.Logf("%d calls of %d methods in %d uses", tried, len(methods), len(uses))
}

func (b *bench) judge(t *testing.T, what string, u use, a answered, method string, err error, rested time.Duration) {
	t.Helper()
	if u.quiet || u.aside == method {
		if err != nil {
			t.Errorf("%s: %v, want it to go on without", what, err)
		}
		return
	}
	if err == nil {
		t.Errorf("%s: taken for a success", what)
		return
	}
	if unclear(err.Error()) {
		t.Errorf("%s: this is not one clear line: %v", what, err)
	}
	if u.words || method == "upload" && strings.HasPrefix(a.name, "200") { // in whatever words: what is not there then is refused when it is to be used
		return
	}
	l, limits := errors.AsType[*limited](err)
	got := map[bool]string{errors.Is(err, ErrUnsure): isUnsure, errors.Is(err, ErrRefused): refuses, limits: rests}[true]
	if got != a.want || limits && l.after != a.rest || u.rests && rested != a.rest {
		t.Errorf("%s: %v, rested %s; want %s %s", what, err, rested, a.want, a.rest)
	}
}

// TestAPostThatIsNowhere: what says "ok" and names no message has posted none, as what answers
// everything so on the way to Slack. To take it for a success loses the message without a word.
func TestAPostThatIsNowhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := publish.Body{Text: "hello"}
	in, ts, err := b.api.post(t.Context(), place{channel: "C0INCIDENTDEMO"}, "k1", body)
	if err != nil {
		t.Fatal(err)
	}
	f := sandboxtest.Fault{Mode: "answer", Body: `{"ok":true}`, Headers: map[string]string{"Content-Type": "application/json"}, Methods: []string{"chat.postMessage", "chat.update"}}
	if err := b.c.Faults(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.api.post(t.Context(), place{channel: in}, "k2", body); !errors.Is(err, ErrUnsure) {
		t.Errorf("post: %v, want it unsure", err)
	}
	if err := b.api.edit(t.Context(), in, ts, "k1", body); !errors.Is(err, ErrUnsure) {
		t.Errorf("edit: %v, want it unsure", err)
	}
}
