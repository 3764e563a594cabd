package bot_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

func TestCommandsComeOverBothConnections(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, nil)
	h.commands(t)
	for range 4 {
		says(t, h.types(t, "ana", "/status"), "2 of 3 products as usual")
	}
	links := map[string]int{}
	log, err := h.c.Log(limit(t), 0, "socket.envelope")
	check(t, err)
	for _, e := range log {
		links[fmt.Sprint(e.Args["connection"])]++
	}
	if len(links) != 2 {
		t.Errorf("commands per connection: %v, want both used", links)
	}
}

func TestNoCommandIsLostAtARefresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, nil)
	s := &bot.Socket{Config: config(h.w), Log: zap.NewNop()}
	h.hears(t, s)
	ctx := limit(t)
	// The first connection is replaced while the second one is there.
	check(t, h.c.WaitConnections(ctx, 2))
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "disconnect", Reason: "refresh_requested", Count: 1}))
	for replaced := false; !replaced; replaced = h.connected(t) >= 3 {
		says(t, h.types(t, "ben", "/status"), "as usual")
	}
	until(t, "both connections are counted", func() bool { return s.Live() == 2 })
	for range 4 {
		says(t, h.types(t, "ben", "/status"), "as usual")
	}
}

// connected is how many connections have been made so far.
func (h *house) connected(t testing.TB) int {
	t.Helper()
	log, err := h.c.Log(limit(t), 0, "socket.connected")
	check(t, err)
	return len(log)
}

func TestCommandsAreAnsweredAgainOnceSlackIsBack(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"down", "deaf"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
			h.feeder.Feed(300, nil)
			s := &bot.Socket{Config: config(h.w), Log: zap.NewNop()}
			// The sandbox pings every 5 s: longer than that, and a deaf
			// connection is noticed within 12 s.
			s.SetPingInterval(5500 * time.Millisecond)
			h.hears(t, s)
			ctx := limit(t)
			check(t, h.c.WaitConnections(ctx, 2))
			until(t, "both connections are counted", func() bool { return s.Live() == 2 })
			check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: fault}))
			if fault == "deaf" {
				// Each is replaced on its own, by one that hears.
				until(t, "both connections are replaced", func() bool { return h.connected(t) == 4 })
			} else {
				until(t, "the loss is noticed", func() bool { return s.Live() == 0 })
				a, err := h.c.Command(ctx, channel, "ana", "/status")
				check(t, err)
				if a.Acked || a.Error != "dispatch_failed" {
					t.Errorf("while it is down: %+v, want dispatch_failed", a)
				}
			}
			check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "ok"}))
			until(t, "both connections are open again", func() bool { return s.Live() == 2 })
			check(t, h.c.WaitConnections(ctx, 2))
			says(t, h.types(t, "ana", "/status"), "as usual")
		})
	}
}

func TestAStormOfDisconnectsStaysPaced(t *testing.T) {
	t.Parallel()
	w, c := slackOf(t, sandbox.Config{NoRateLimit: true})
	s := &bot.Socket{Config: config(w), Log: zap.NewNop(), Deliver: func(context.Context, bot.Envelope) {}}
	ctx := limit(t)
	stop := goes(t, "socket", s.Run)
	opened := func() int {
		log, err := c.Log(ctx, 0, "apps.connections.open")
		check(t, err)
		return len(log)
	}
	// Every connection is dropped as soon as it is seen, until there were enough
	// openings. Unpaced, that takes milliseconds; each of the two connections opens
	// at 0, 1 and 3 s at the soonest.
	enough, soonest := longtest.Of(4, 6), longtest.Of(time.Second, 3*time.Second)
	begun := time.Now()
	until(t, "enough openings are made", func() bool {
		check(t, c.Faults(ctx, sandboxtest.Fault{Mode: "disconnect", Reason: "link_disabled"}))
		return opened() >= enough
	})
	took := time.Since(begun)
	stop()
	if took < soonest*5/6 {
		t.Errorf("%d openings within %v, want %v", enough, took, soonest)
	}
}

// A refusal ends nothing: it is said with its cure, once for both connections, and
// a socket opens when Slack takes the token.
func TestARefusedAppTokenIsSaid(t *testing.T) {
	t.Parallel()
	const secret = "xapp-very-secret"
	w, c := slackOf(t, sandbox.Config{NoRateLimit: true})
	for _, tt := range []struct{ name, token, code string }{
		{"unknown", secret, "invalid_auth"},
		{"the bot's", "xoxb-sandbox", "not_allowed_token_type"},
		{"without the scope", "xapp-sandbox", "missing_scope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := limit(t)
			if tt.code == "missing_scope" {
				check(t, c.Faults(ctx, sandboxtest.Fault{Mode: "error", Error: tt.code, Methods: []string{"apps.connections.open"}}))
			}
			seen, logs := observer.New(zapcore.DebugLevel)
			s := &bot.Socket{Config: bot.Config{APIURL: w.APIURL(), BotToken: w.BotToken(), AppToken: tt.token}, Log: zap.New(seen),
				Deliver: func(context.Context, bot.Envelope) {}}
			running, stop := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() { ended <- s.Run(running) }()
			until(t, "the refusal is said", func() bool {
				return s.Refused() != "" && logs.FilterMessage("no socket to Slack, so commands are lost; will try again").Len() > 0
			})
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Run returned %v", err)
			}
			for _, want := range []string{tt.code, "connections:write", "STATUSBOT_SLACK_APP_TOKEN"} {
				if !strings.Contains(s.Refused(), want) {
					t.Errorf("%q lacks %q", s.Refused(), want)
				}
			}
			said := s.Refused()
			for _, l := range logs.All() {
				said += fmt.Sprint(l.Message, l.ContextMap())
			}
			if strings.Contains(said, tt.token) {
				t.Errorf("the token is in %s", said)
			}
			if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n != 1 {
				t.Errorf("it is said %d times in a minute, want once", n)
			}
		})
	}
}

func TestASocketOpensWhenTheRefusalEnds(t *testing.T) {
	t.Parallel()
	w, c := slackOf(t, sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	check(t, c.Faults(ctx, sandboxtest.Fault{Mode: "error", Error: "missing_scope", Methods: []string{"apps.connections.open"}}))
	s := &bot.Socket{Config: config(w), Log: zap.NewNop(), Deliver: func(context.Context, bot.Envelope) {}}
	s.SetRefusedPause(10 * time.Millisecond)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(running) }()
	until(t, "it is refused", func() bool { return s.Refused() != "" })
	check(t, c.Faults(ctx, sandboxtest.Fault{Mode: "ok"}))
	until(t, "a socket is open", func() bool { return s.Live() > 0 && s.Refused() == "" })
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

// What a proxy says is no answer of Slack's; what Slack says is one, whatever the status.
func TestWhoSaysNo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status  int
		body    string
		refused bool
	}{
		{403, "<html>Blocked by the company's proxy</html>", false},
		{407, "Proxy Authentication Required", false},
		{404, `{"message":"no such route"}`, false},
		{403, `{"ok":false,"error":"invalid_auth"}`, true},
		{200, `{"ok":false,"error":"invalid_auth"}`, true},
		{503, `{"ok":false,"error":"invalid_auth"}`, false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			fmt.Fprint(w, tt.body)
		}))
		err := bot.NewAPI(bot.Config{APIURL: s.URL + "/", BotToken: "xoxb-1"}).Check(t.Context())
		s.Close()
		if err == nil || errors.Is(err, bot.ErrRefused) != tt.refused || errors.Is(err, bot.ErrUnsure) == tt.refused {
			t.Errorf("%d %s: %v; refused should be %v", tt.status, tt.body, err, tt.refused)
		}
	}
}

func TestTokensAndAddressesStayOutOfErrors(t *testing.T) {
	t.Parallel()
	w, c := slackOf(t, sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	for _, f := range []sandboxtest.Fault{{Mode: "down"}, {Mode: "error", Error: "http_503"}, {Mode: "error", Error: "fatal_error"},
		{Mode: "error", Error: "account_inactive"}, {Mode: "ratelimit", RetryAfter: 7}, {Mode: "lost_answer"}} {
		check(t, c.Faults(ctx, f))
		err := bot.NewAPI(config(w)).Check(ctx)
		if err == nil {
			t.Errorf("%s %s: no error", f.Mode, f.Error)
			continue
		}
		if strings.Contains(err.Error(), w.BotToken()) || strings.Contains(err.Error(), "http://") {
			t.Errorf("%s %s: the error tells too much: %v", f.Mode, f.Error, err)
		}
		if refused := f.Error == "account_inactive"; errors.Is(err, bot.ErrRefused) != refused {
			t.Errorf("%s %s: %v; that it is refused for good: %v, want %v", f.Mode, f.Error, err, !refused, refused)
		}
	}
}

// TestAnEnvelopeThatNobodyAnswersIsAcked: else Slack sends it again and again.
func TestAnEnvelopeThatNobodyAnswersIsAcked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.commands(t)
	// A direct message is an event that the bot does not answer.
	a, err := h.c.Command(limit(t), "@statusbot", "ana", "good morning")
	check(t, err)
	if !a.Acked || a.Error != "" {
		t.Errorf("%+v, want it acked", a)
	}
}

func TestChannelByNameOrID(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 230 { // more than one page
		names = append(names, fmt.Sprintf("team-%03d", i))
	}
	w, _ := slackOf(t, sandbox.Config{NoRateLimit: true, Channels: append(names, channel)})
	api := bot.NewAPI(config(w))
	ctx := limit(t)
	for _, name := range []string{channel, "#" + channel, channelID} {
		if id, err := api.Channel(ctx, name); err != nil || id != channelID {
			t.Errorf("channel %q: %q, %v", name, id, err)
		}
	}
	if _, err := api.Channel(ctx, "nowhere"); !errors.Is(err, bot.ErrRefused) || !strings.Contains(err.Error(), "invite it") {
		t.Errorf("unknown channel: %v, want what to do", err)
	}
}
