package bot_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// TestSlackThatIsBackGetsItsMessageAtOnce: a queue whose pause has grown long
// does not wait it out once a socket says that Slack is there again.
func TestSlackThatIsBackGetsItsMessageAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "down"}))
	h.puts(t, put{n: 1})
	var poster *bot.Poster
	h.poster(t, func(p *bot.Poster) {
		poster = p
		p.SetUnansweredWait(time.Hour) // without a nudge nothing happens within the test
	})
	until(t, "the first try", func() bool { return len(h.calls(t, "chat.postMessage")) == 1 })
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "ok"}))
	until(t, "it is delivered after a nudge", func() bool {
		poster.Nudge()
		return len(h.posts(t, channel)) == 1
	})
	if n := len(h.calls(t, "chat.postMessage")); n != 2 {
		t.Errorf("%d posts for one message, want the one that failed and the one that did not", n)
	}
}

// TestSocketThatOpensSaysSo: what a nudge is for.
func TestSocketThatOpensSaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	opened := make(chan struct{}, 10)
	s := &bot.Socket{Config: config(h.w), Deliver: func(context.Context, bot.Envelope) {}, Log: zap.NewNop(),
		OnOpen: func() { opened <- struct{}{} }}
	goes(t, "socket", s.Run)
	ctx := limit(t)
	next := func(what string) {
		select {
		case <-opened:
		case <-ctx.Done():
			t.Fatalf("%s was not said", what)
		}
	}
	next("the first socket's opening")
	next("the second's")
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "disconnect"}))
	next("an opening after a refresh")
}
