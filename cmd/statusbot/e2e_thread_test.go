//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/sandbox"
)

// threaded sends what an incident tells in a thread, as the bot's poster does.
type threaded struct {
	a       *smallApp
	ts      map[string]any // :: key and post -> the message
	pinned  bool
	replies int
	loud    int // of these, shown in the channel
}

func (s *threaded) send(t publish.Telling) {
	args := map[string]any{"channel": hurtChannel, "text": t.Message.Text, "blocks": t.Message.BlocksJSON()}
	at := fmt.Sprint(t.Key, t.Post)
	if ts, ok := s.ts[at]; ok {
		args["ts"] = ts
		s.a.calls("chat.update", args)
	} else {
		if t.Under+t.ThreadOf != "" {
			args["thread_ts"], args["reply_broadcast"] = s.ts[fmt.Sprint(t.Under+t.ThreadOf, 1)], t.Loud == t.N && t.N > 0
			s.replies++
			if t.Loud == t.N && t.N > 0 && t.Under != "" {
				s.loud++
			}
		}
		s.ts[at] = s.a.calls("chat.postMessage", args)["ts"]
	}
	if t.Under == "" && t.Pin != s.pinned && strings.HasPrefix(t.Key, "updates/") {
		method := map[bool]string{true: "pins.add", false: "pins.remove"}[t.Pin]
		s.a.calls(method, map[string]any{"channel": hurtChannel, "timestamp": s.ts[at]})
		s.pinned = t.Pin
	}
}

// TestAThreadOnAPhone: an incident that is told in a thread, as a person with a
// phone sees the channel: the first message, how many replies it has, and the
// replies that the channel is to see.
func TestAThreadOnAPhone(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	program := needChromium(t)
	app := &smallApp{t: t, w: runWorkspace(t, sandbox.Config{NoRateLimit: true})}
	s, sent := newHurtStory(14), &threaded{a: app, ts: map[string]any{}}
	s.mode, s.told = incident.InThread, sent.send
	s.until(hurtMarks)
	s.mark(t, "restarted edge-lb-2")
	s.until(hurtRepairs + 20*time.Minute)

	b := openBrowser(t, program, app.w.URL())
	b.act(chromedp.EmulateViewport(390, 1400))
	root := b.finds("Impact update #", "14", "Pinned by statusbot")
	high := call[int](b, "height", root)
	t.Logf("the first message is %d px high at 390 px, %d replies, %d of them to the channel", high, sent.replies, sent.loud)
	if high > tallUpdate {
		t.Errorf("the first message is %d px high at 390 px, want at most %d", high, tallUpdate)
	}
	bar := root + " .thread-toggle"
	if got := call[string](b, "reads", bar); !strings.Contains(got, fmt.Sprint(sent.replies, " replies")) {
		t.Errorf("its thread says %q, want %d replies", got, sent.replies)
	}
	if n := call[int](b, "count", ".message.reply"); n != 0 {
		t.Errorf("%d replies are shown in a thread that nobody opened", n)
	}
	if n := call[int](b, "count", ".thread-of"); n != sent.loud || n < 2 {
		t.Errorf("%d replies stand in the channel, want %d, two at least", n, sent.loud)
	}
	b.finds("replied to a thread: Impact update #", "quiet for")
	b.pictures("thread-folded")
	b.press(root, call[string](b, "reads", bar))
	b.await("the replies", func() bool { return call[int](b, "count", ".message.reply") == sent.replies })
	b.pictures("thread-open")
	b.act(chromedp.EmulateViewport(390, 1400))
	if out := call[string](b, "sticksOut"); out != "" {
		t.Errorf("sticks out: %s", out)
	}
	b.press(root, call[string](b, "reads", bar))
	b.await("the thread is folded", func() bool { return call[int](b, "count", ".message.reply") == 0 })
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
