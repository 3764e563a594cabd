package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/statusbot/statusbot/internal/port"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// received is one request as the app saw it, its signature verified.
type received struct {
	header http.Header
	body   []byte
}

// app is an HTTP server that checks each signature with the real library and
// answers as handle says; url_verification it answers by itself.
func app(t testing.TB, w *sandbox.Workspace, handle func(http.ResponseWriter, received)) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
			return
		}
		verifier, err := slack.NewSecretsVerifier(r.Header, w.SigningSecret())
		if err == nil {
			verifier.Write(body)
			err = verifier.Ensure()
		}
		if err != nil {
			t.Errorf("signature of %s: %v", body, err)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		var hello slackevents.EventsAPIURLVerificationEvent
		if json.Unmarshal(body, &hello) == nil && hello.Type == "url_verification" {
			io.WriteString(rw, hello.Challenge)
			return
		}
		handle(rw, received{r.Header, body})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestHTTPModeDeliversSigned(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	seen := make(chan any, 1)
	url := app(t, w, func(rw http.ResponseWriter, in received) {
		r := &http.Request{Method: "POST", Header: in.header, Body: io.NopCloser(strings.NewReader(string(in.body)))}
		switch {
		case in.header.Get("Content-Type") == "application/json":
			ev, err := slackevents.ParseEvent(in.body, slackevents.OptionNoVerifyToken())
			check(t, err)
			seen <- ev.InnerEvent.Data
		case strings.HasPrefix(string(in.body), "payload="):
			cb, err := slack.InteractionCallbackParse(r)
			check(t, err)
			seen <- cb
		default:
			cmd, err := slack.SlashCommandParse(r)
			check(t, err)
			if cmd.Text == "plain" {
				io.WriteString(rw, "plain words")
			} else {
				rw.Header().Set("Content-Type", "application/json")
				io.WriteString(rw, `{"response_type":"in_channel","text":"all is well"}`)
			}
			seen <- cmd
		}
	})
	ctx := limit(t)
	check(t, c.UseHTTP(ctx, sandboxtest.HTTPMode{URL: url}))

	answer, err := c.Command(ctx, "incident-demo", "ben", "/status billing now")
	check(t, err)
	if cmd := (<-seen).(slack.SlashCommand); cmd.Command != "/status" || cmd.Text != "billing now" || cmd.UserID != "U0BEN0001" || cmd.TriggerID == "" || cmd.ResponseURL == "" {
		t.Errorf("command %+v", cmd)
	}
	if !answer.Acked || answer.Reply == nil || answer.Reply.Text != "all is well" || answer.Reply.ResponseType != "in_channel" {
		t.Errorf("answer %+v", answer)
	}
	answer, err = c.Command(ctx, "incident-demo", "ben", "/status plain")
	check(t, err)
	<-seen
	if answer.Reply == nil || answer.Reply.Text != "plain words" || answer.Reply.ResponseType != "ephemeral" {
		t.Errorf("answer in plain text %+v", answer)
	}

	_, ts, err := api(w).PostMessageContext(ctx, incident, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(controls()...))
	check(t, err)
	answer, err = c.Action(ctx, "incident-demo", "ana", ts, "product", "search")
	check(t, err)
	cb := (<-seen).(slack.InteractionCallback)
	if a := cb.ActionCallback.BlockActions; !answer.Acked || len(a) != 1 || a[0].SelectedOption.Value != "search" || cb.Container.MessageTs != ts {
		t.Errorf("answer %+v, callback %+v", answer, cb)
	}

	answer, err = c.Command(ctx, "general", "ana", "@statusbot cause")
	check(t, err)
	if ev, ok := (<-seen).(*slackevents.AppMentionEvent); !answer.Acked || !ok || ev.Text != "<@U0STATUSB> cause" {
		t.Errorf("answer %+v, event %+v", answer, ev)
	}

	// Back to sockets: nobody is there.
	check(t, c.UseHTTP(ctx, sandboxtest.HTTPMode{}))
	answer, err = c.Command(ctx, "general", "ana", "/status")
	check(t, err)
	if answer.Error != "dispatch_failed" {
		t.Errorf("answer %+v", answer)
	}
}

func TestHTTPModeRetriesEvents(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{EventRetries: []time.Duration{0, time.Millisecond, time.Millisecond}})
	type try struct{ num, reason, id string }
	tries := make(chan try, 8)
	stop := atomic.Bool{}
	url := app(t, w, func(rw http.ResponseWriter, in received) {
		var ev struct {
			ID string `json:"event_id"`
		}
		check(t, json.Unmarshal(in.body, &ev))
		if stop.Load() {
			rw.Header().Set("X-Slack-No-Retry", "1")
		}
		rw.WriteHeader(http.StatusInternalServerError)
		tries <- try{in.header.Get("X-Slack-Retry-Num"), in.header.Get("X-Slack-Retry-Reason"), ev.ID}
	})
	ctx := limit(t)
	check(t, c.UseHTTP(ctx, sandboxtest.HTTPMode{Events: url}))
	answer, err := c.Command(ctx, "general", "ana", "@statusbot are you there")
	check(t, err)
	first := <-tries
	if answer.Acked || answer.Error != "dispatch_failed" || first.num != "" || first.reason != "" {
		t.Errorf("answer %+v, first try %+v", answer, first)
	}
	for _, num := range []string{"1", "2", "3"} {
		if got, want := <-tries, (try{num, "http_error", first.id}); got != want {
			t.Errorf("try %+v, want %+v", got, want)
		}
	}

	stop.Store(true)
	_, err = c.Command(ctx, "general", "ana", "@statusbot again")
	check(t, err)
	<-tries
	stop.Store(false)
	_, err = c.Command(ctx, "general", "ana", "@statusbot once more")
	check(t, err)
	if got := <-tries; got.num != "" {
		t.Errorf("a try %+v came after x-slack-no-retry", got)
	}
}

func TestHTTPModeFailures(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx := limit(t)
	status := app(t, w, func(rw http.ResponseWriter, _ received) { rw.WriteHeader(http.StatusBadGateway) })
	late := app(t, w, func(rw http.ResponseWriter, _ received) {
		select { // answers after Slack's 3 s
		case <-ctx.Done():
		case <-time.After(3500 * time.Millisecond):
		}
	})
	held, err := port.Hold()
	check(t, err)
	defer held.Close()
	gone := "http://" + held.Address()
	for url, want := range map[string]string{status: "dispatch_failed", late: "operation_timeout", gone: "dispatch_unknown_error"} {
		check(t, c.UseHTTP(ctx, sandboxtest.HTTPMode{Commands: url}))
		answer, err := c.Command(ctx, "general", "ana", "/status")
		check(t, err)
		if answer.Acked || answer.Error != want {
			t.Errorf("answer %+v, want %s", answer, want)
		}
		m, err := c.WaitMessage(ctx, "general", "ana", is(answer.TS))
		check(t, err)
		if m.Text != `/status failed with the error "`+want+`"` || !m.Error {
			t.Errorf("the person reads %q", m.Text)
		}
	}

	wrong := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "hello") }))
	defer wrong.Close()
	for _, m := range []sandboxtest.HTTPMode{{Events: wrong.URL}, {Events: gone}, {URL: "ftp://x"}} {
		if err := c.UseHTTP(ctx, m); err == nil {
			t.Errorf("%+v was accepted", m)
		}
	}
	log, err := c.Log(ctx, 0, "http.")
	check(t, err)
	for _, e := range log {
		if strings.Contains(string(e.Answer), w.SigningSecret()) {
			t.Errorf("the log tells the secret: %s", e.Answer)
		}
	}
}
