package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// freeAddress is one on loopback that is the test's own: for a program that
// must have the same one at its next start.
func freeAddress(t *testing.T) string {
	t.Helper()
	return heldPort(t).Address()
}

func heldPort(t *testing.T) *port.Held {
	t.Helper()
	h, err := port.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// httpEnv is the environment in which the bot takes a workspace's requests.
func httpEnv(w *sandbox.Workspace, listen string) []string {
	return []string{
		"STATUSBOT_SLACK_MODE=http", "STATUSBOT_SLACK_API_URL=" + w.APIURL(), "STATUSBOT_SLACK_BOT_TOKEN=" + w.BotToken(),
		"STATUSBOT_SLACK_SIGNING_SECRET=" + w.SigningSecret(), "STATUSBOT_SLACK_LISTEN=" + listen,
	}
}

// requestURLs are what the app's pages in Slack would say.
func requestURLs(listen string) sandboxtest.HTTPMode {
	base := "http://" + listen
	return sandboxtest.HTTPMode{Commands: base + bot.PathCommands, Interactions: base + bot.PathInteractions, Events: base + bot.PathEvents}
}

// The story once more, with requests of Slack's in place of sockets: in the long form
// all of it, the crash in the middle included, and else an incident from its start to its
// end. The app has what the manifest asks for and no more, and nothing is refused
// for want of a scope.
func TestStoryOverHTTP(t *testing.T) {
	t.Parallel()
	m := printedManifest(t, "manifest", "--http", "https://statusbot.example.com")
	w := runWorkspace(t, sandbox.Config{Scopes: m.OAuth.Scopes.Bot, Events: m.Settings.Events.Bot})
	slack, listen := sandboxtest.Client{Base: w.URL()}, freeAddress(t)
	tell := longtest.Of(tellBriefly, tellStory)
	tell(t, slack, httpEnv(w, listen), func(ctx context.Context, c *child) {
		c.awaitLine(ctx, "waiting for Slack's requests")
		if err := slack.UseHTTP(ctx, requestURLs(listen)); err != nil {
			t.Fatal(err)
		}
	})
	log, err := slack.Log(t.Context(), 0, "apps.connections.open")
	if err != nil || len(log) > 0 {
		t.Errorf("%d sockets were asked for, %v; want none", len(log), err)
	}
	if log, err = slack.Log(t.Context(), 0, ""); err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if strings.Contains(string(e.Answer), "missing_scope") {
			t.Errorf("%s: %s", e.Method, e.Answer)
		}
	}
}

// tellBriefly is tellStory without a fault and a crash: a start, the updates and a stop.
func tellBriefly(t *testing.T, slack sandboxtest.Client, env []string, begun func(context.Context, *child)) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	data := t.TempDir()
	bot := startStatusbot(t, env, "run", "--config", newShop(t).company(t, "updates: {every: 3s}\n"), "--data-dir", data)
	begun(ctx, bot)
	until(ctx, t, slack, "/status", contains("Both products as usual"))
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	for _, want := range []string{"Impact update #1: both products as usual", "Impact update #2: both products as usual"} {
		if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage(want)); err != nil {
			t.Fatal(err)
		}
	}
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	checkUpdates(ctx, t, slack, data, 3*time.Second)
}

// What Slack refuses is said plainly and at once, and ends nothing; an address that is taken does.
func TestRunSaysWhatIsWrongWithSlack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := runWorkspace(t, sandbox.Config{})
	mute := runWorkspace(t, sandbox.Config{Scopes: []string{"commands", "channels:read"}})
	file := newShop(t).company(t, "web: {listen: \"127.0.0.1:0\"}\n")
	for _, tt := range []struct {
		name string
		env  []string
		want string
	}{
		{"a wrong bot token", append(httpEnv(w, "127.0.0.1:0"), "STATUSBOT_SLACK_BOT_TOKEN=xoxb-wrong"), "invalid_auth; check the bot token (STATUSBOT_SLACK_BOT_TOKEN)"},
		{"a wrong app token", append(socketEnv(w), "STATUSBOT_SLACK_APP_TOKEN=xapp-wrong"), "the app token (invalid_auth)"},
		{"an app that may not post", socketEnv(mute), "the Slack app lacks the scope chat:write, for updates and answers"},
	} {
		c := startStatusbot(t, tt.env, "run", "--config", file, "--data-dir", t.TempDir())
		c.awaitLine(ctx, tt.want)
		web := c.webURL(ctx)
		status, h := healthOf(t, web)
		for tick := time.NewTicker(20 * time.Millisecond); h.Results.Applied == 0 && ctx.Err() == nil; status, h = healthOf(t, web) {
			<-tick.C
		}
		if status == http.StatusOK || !strings.Contains(strings.Join(h.Blind, "\n"), tt.want) || h.Results.Applied == 0 {
			t.Errorf("%s: health %d %q with %d results, want blind with %q, and results", tt.name, status, h.Blind, h.Results.Applied, tt.want)
		}
		if code := c.terminate(); code != exitOK || strings.Contains(c.out.String(), "-wrong") {
			t.Errorf("%s: exit code %d:\n%s", tt.name, code, c.out)
		}
	}

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := startStatusbot(t, httpEnv(w, taken.Addr().String()), "run", "--config", file, "--data-dir", t.TempDir())
	select {
	case <-c.done:
	case <-ctx.Done():
		t.Fatal("run goes on where it cannot listen")
	}
	if code := c.cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(c.out.String(), "is used by another program") {
		t.Errorf("an address that is taken: exit code %d:\n%s", code, c.out)
	}
}
