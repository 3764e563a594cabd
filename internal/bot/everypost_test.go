package bot_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"go.uber.org/zap"
)

// TestNoAnswerLosesAMessage: whatever the first answer to a post, or to an edit,
// is, and whoever gave it, the message is there afterwards, once, as it is to
// be. How long it rests where it is told to, other tests say.
func TestNoAnswerLosesAMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.api.Impatient(config(h.w), time.Second) // a busy sandbox may need some of it for an answer
	h.poster(t, func(p *bot.Poster) {
		p.SetRefusedWait(time.Millisecond)
		p.SetUnansweredWait(time.Millisecond)
	})
	answers := bot.NotLimits()
	want := []string{}
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		for n, method := range []string{"chat.postMessage", "chat.update"} {
			fault := answers[name]
			fault.Methods, fault.Count = []string{method}, 1
			check(t, h.c.Faults(limit(t), fault))
			h.puts(t, put{key: name, n: n + 1, post: 1})
			h.delivered(t, channelID, name)
		}
		want = append(want, "update 2 of "+name+".")
	}
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "ok"}))
	h.wantPosts(t, channel, want...)
}

// TestNoAnswerKeepsASocketAway: whatever the first answers to the openings of
// sockets are, they open once Slack answers.
func TestNoAnswerKeepsASocketAway(t *testing.T) {
	t.Parallel()
	answers := bot.NotLimits()
	delete(answers, "hanging") // its end is the pacer's, and tested there
	for _, name := range longtest.Of([]string{"404 a page", "200 somebody's JSON", "200 refused"}, slices.Sorted(maps.Keys(answers))) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := slackOf(t, sandbox.Config{})
			fault := answers[name]
			fault.Methods, fault.Count = []string{"apps.connections.open"}, 2
			check(t, c.Faults(limit(t), fault))
			s := &bot.Socket{Config: config(w), Deliver: func(context.Context, bot.Envelope) {}, Log: zap.NewNop()}
			s.SetTogether()
			s.SetRefusedPause(time.Millisecond)
			goes(t, "socket", s.Run)
			check(t, c.WaitConnections(limit(t), 2))
		})
	}
}
