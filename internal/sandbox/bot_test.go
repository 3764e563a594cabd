package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// check ends the test on an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// limit is a context for one test: far more than it needs.
func limit(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// start runs a workspace until the test ends, and checks that it ends well.
func start(t testing.TB, cfg sandbox.Config) (*sandbox.Workspace, sandboxtest.Client) {
	t.Helper()
	w, err := sandbox.New(cfg)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run returned %v, want nil", err)
			}
		case <-time.After(time.Minute):
			t.Error("Run did not end within 5 s of its context")
		}
	})
	return w, sandboxtest.Client{Base: w.URL()}
}

// api is the real Slack client, pointed at the workspace.
func api(w *sandbox.Workspace, opts ...slack.Option) *slack.Client {
	all := append([]slack.Option{
		slack.OptionAPIURL(w.APIURL()), slack.OptionHTTPClient(&http.Client{Timeout: 2 * time.Minute}), slack.OptionAppLevelToken(w.AppToken()),
	}, opts...)
	return slack.New(w.BotToken(), all...)
}

// bot runs the real Socket Mode client; each event but the connection's own
// goes to handle.
func bot(t testing.TB, w *sandbox.Workspace, handle func(*socketmode.Client, socketmode.Event)) {
	t.Helper()
	client := socketmode.New(api(w))
	ctx, cancel := context.WithCancel(context.Background())
	run, read := make(chan error, 1), make(chan struct{})
	go func() { run <- client.RunContext(ctx) }()
	go func() {
		defer close(read)
		for {
			select {
			case ev := <-client.Events:
				if ev.Request != nil && ev.Request.EnvelopeID != "" {
					handle(client, ev)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-read
		if err := <-run; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("socket mode client: %v", err)
		}
	})
	check(t, sandboxtest.Client{Base: w.URL()}.WaitConnections(limit(t), 1))
}

func ackWith(payload any) func(*socketmode.Client, socketmode.Event) {
	return func(c *socketmode.Client, ev socketmode.Event) {
		if payload == nil {
			c.Ack(*ev.Request)
		} else {
			c.Ack(*ev.Request, payload)
		}
	}
}

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", text, false, false), nil, nil)
}

func TestSlashCommandRoundTrip(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	got := make(chan slack.SlashCommand, 1)
	bot(t, w, func(cl *socketmode.Client, ev socketmode.Event) {
		got <- ev.Data.(slack.SlashCommand)
		cl.Ack(*ev.Request, map[string]any{"text": "all is well", "blocks": []slack.Block{section("*all* is well")}})
	})
	ctx := limit(t)
	answer, err := c.Command(ctx, "#incident-demo", "ben", "/status  billing now")
	check(t, err)
	if !answer.Acked || answer.Error != "" || answer.Reply == nil || answer.Reply.ResponseType != "ephemeral" || answer.AckMS <= 0 || answer.AckMS > 3000 {
		t.Errorf("answer %+v, want an ephemeral acknowledgement", answer)
	}
	cmd := <-got
	if cmd.Command != "/status" || cmd.Text != "billing now" || cmd.UserName != "ben" || cmd.UserID != "U0BEN0001" || cmd.ChannelName != "incident-demo" || cmd.TriggerID == "" || cmd.IsEnterpriseInstall {
		t.Errorf("command %+v", cmd)
	}
	m, err := c.WaitMessage(ctx, "incident-demo", "ben", func(m sandboxtest.Message) bool { return m.TS == answer.TS })
	check(t, err)
	if m.Text != "all is well" || !m.Ephemeral || m.Error || !strings.Contains(string(m.Blocks), "*all* is well") {
		t.Errorf("message %+v", m)
	}
	others, err := c.Messages(ctx, "incident-demo", "ana")
	check(t, err)
	if len(others) != 0 {
		t.Errorf("ana sees %d messages, want none: it was for ben only", len(others))
	}
}
