package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

const replyKey = "reply/inc-1/1"

// pinning lets a poster pin.
func pinning(p *bot.Poster) { p.Pins = &bot.Pins{} }

// board puts update n into the outbox as the first message of a thread.
func (h *house) board(t testing.TB, n int) {
	t.Helper()
	h.puts(t, put{n: n, post: 1}, func(b *publish.Body) { b.Pin = true })
}

// reply puts update n into the outbox as a reply, carried by reply post; loud is the
// newest that the channel is to see.
func (h *house) reply(t testing.TB, n, post, loud int) {
	t.Helper()
	h.puts(t, put{key: replyKey, n: n, post: post}, func(b *publish.Body) { b.Under, b.Loud = key, loud })
}

// thread is the channel's messages, each with where it stands.
func (h *house) thread(t testing.TB) string {
	t.Helper()
	var lines []string
	for _, m := range h.posts(t, channel) {
		line := strings.TrimSuffix(m.Text, ".")
		if m.ThreadTS != "" {
			line = "  " + line
		}
		if m.Broadcast {
			line += " (to the channel)"
		}
		if m.Pinned {
			line += " (pinned)"
		}
		lines = append(lines, line)
	}
	return strings.NewReplacer(" of updates/inc-1", "", " of "+replyKey, "").Replace(strings.Join(lines, "\n"))
}

func (h *house) wantThread(t testing.TB, want ...string) {
	t.Helper()
	if got := h.thread(t); got != strings.Join(want, "\n") {
		t.Errorf("the channel has\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// TestAThread: the first message is edited and pinned, what is new is a reply, and some of
// these the channel sees as well.
func TestAThread(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	stop := h.poster(t, pinning)
	h.board(t, 1)
	root := h.delivered(t, channelID, key)
	h.reply(t, 2, 2, 2)
	h.board(t, 2)
	h.delivered(t, channelID, replyKey)
	h.reply(t, 3, 2, 2) // within a minute
	h.board(t, 3)
	h.delivered(t, channelID, replyKey)
	h.reply(t, 5, 5, 2)
	h.board(t, 5)
	h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	until(t, "it is pinned", func() bool { r, _ := h.receipt(t, channelID, key); return r.Pinned == root.TS })
	h.wantThread(t, "update 5 (pinned)", "  update 3 (to the channel)", "  update 5")
	for _, m := range h.posts(t, channel)[1:] {
		if m.ThreadTS != root.TS {
			t.Errorf("%q stands in the thread of %s, want %s", m.Text, m.ThreadTS, root.TS)
		}
	}
	// The next process sends nothing again, and takes the pin away when it is over.
	stop()
	h.poster(t, pinning, func(p *bot.Poster) { p.Generation = 2 })
	h.reply(t, 6, 6, 6)
	h.puts(t, put{n: 6, post: 1})
	h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	until(t, "the pin is gone", func() bool { r, _ := h.receipt(t, channelID, key); return r.Pinned == "" })
	h.wantThread(t, "update 6", "  update 3 (to the channel)", "  update 5", "  update 6 (to the channel)")
	if posts, pins := len(h.calls(t, "chat.postMessage")), len(h.calls(t, "pins.add")); posts != 4 || pins != 1 {
		t.Errorf("%d posts and %d pins, want 4 and 1", posts, pins)
	}
}

// TestAReplyWaitsForTheFirstMessage: Slack refuses that; when it takes it, that
// has the newest update, and nothing is said twice.
func TestAReplyWaitsForTheFirstMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "error", Error: "restricted_action", Methods: []string{"chat.postMessage"}, Count: 1}))
	h.board(t, 1)
	h.poster(t, func(p *bot.Poster) { p.SetRefusedWait(time.Minute) })
	until(t, "the first message is refused", func() bool { return len(h.calls(t, "chat.postMessage")) == 1 })
	h.reply(t, 2, 2, 2)
	h.board(t, 2)
	r := h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	h.wantThread(t, "update 2")
	if !r.Left || r.TS != "" {
		t.Errorf("receipt %+v, want the reply left out", r)
	}
	h.reply(t, 3, 2, 2) // grows what was left out: the first message has it
	h.board(t, 3)
	h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	h.wantThread(t, "update 3")
	h.reply(t, 4, 4, 2) // the channel has seen update 2 as the first message
	h.board(t, 4)
	h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	h.wantThread(t, "update 4", "  update 4")
}

// TestALostAnswerDoublesNoReply: it is looked for in the thread.
func TestALostAnswerDoublesNoReply(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.poster(t)
	h.board(t, 1)
	h.delivered(t, channelID, key)
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "lost_answer", Methods: []string{"chat.postMessage"}, Count: 1}))
	h.reply(t, 2, 2, 2)
	h.delivered(t, channelID, replyKey)
	h.wantThread(t, "update 1", "  update 2 (to the channel)")
	if posts, looks := len(h.calls(t, "chat.postMessage")), len(h.calls(t, "conversations.replies")); posts != 2 || looks != 1 {
		t.Errorf("%d posts and %d looks into the thread, want 2 and 1", posts, looks)
	}
}

// TestACrashDoublesNoReply: the process ended before, or after, it posted a
// reply and could write that down.
func TestACrashDoublesNoReply(t *testing.T) {
	t.Parallel()
	for _, posted := range []bool{false, true} {
		h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
		stop := h.poster(t)
		h.board(t, 1)
		root := h.delivered(t, channelID, key)
		stop()
		tried := bot.Receipt{Channel: channelID, Thread: root.TS, Trying: 2, TryingN: 2, TryingAt: time.Now(), Key: "reply/inc-1/1/2#x", Generation: 1}
		if posted {
			was := bot.NewBodyJSON(2, 2, time.Now(), time.Now(), format.Message{Text: "as the dead process knew it"})
			_, err := h.api.Reply(limit(t), channelID, root.TS, tried.Key, was)
			check(t, err)
		}
		h.writes(t, channelID, replyKey, tried)
		h.reply(t, 2, 2, 2)
		h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
		h.delivered(t, channelID, replyKey)
		how := map[bool]string{false: " (to the channel)"}[posted] // the dead process posted it as it did
		h.wantThread(t, "update 1", "  update 2"+how)
	}
}

// TestLoudNewsIsNotLost: a reply that the channel was to see did not come while
// Slack was down; the newer one that takes its place is seen in its stead.
func TestLoudNewsIsNotLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.poster(t)
	h.board(t, 1)
	h.delivered(t, channelID, key)
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "down"}))
	h.reply(t, 2, 2, 2)
	h.board(t, 2)
	h.reply(t, 4, 4, 2)
	h.board(t, 4)
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "ok"}))
	h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	h.wantThread(t, "update 4", "  update 4 (to the channel)")
}

// TestTheFirstMessageIsDeleted: it is posted anew, and what is new goes under that.
func TestTheFirstMessageIsDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.poster(t, pinning)
	h.board(t, 1)
	first := h.delivered(t, channelID, key)
	until(t, "it is pinned", func() bool { r, _ := h.receipt(t, channelID, key); return r.Pinned == first.TS })
	h.deletes(t, channelID, first.TS)
	h.board(t, 2)
	second := h.delivered(t, channelID, key)
	h.reply(t, 3, 3, 3)
	h.board(t, 3)
	h.delivered(t, channelID, replyKey)
	h.delivered(t, channelID, key)
	until(t, "it is pinned", func() bool { r, _ := h.receipt(t, channelID, key); return r.Pinned == second.TS })
	h.wantThread(t, "update 3 (pinned)", "  update 3 (to the channel)")
}

// TestWherePinsAreNotAllowed: that one feature is off, said once, and updates come.
func TestWherePinsAreNotAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault sandboxtest.Fault
		scope bool
		calls int // of pins.add
		said  int // in the log
		off   bool
	}{
		{name: "no scope", scope: true, calls: 1, said: 1, off: true},
		{name: "no permission", fault: sandboxtest.Fault{Mode: "error", Error: "no_permission", Methods: []string{"pins.add"}}, calls: 1, said: 1, off: true},
		{name: "restricted", fault: sandboxtest.Fault{Mode: "error", Error: "restricted_action", Methods: []string{"pins.add"}}, calls: 1, said: 1, off: true},
		{name: "pinned already", fault: sandboxtest.Fault{Mode: "error", Error: "already_pinned", Methods: []string{"pins.add"}}, calls: 1},
		{name: "limited", fault: sandboxtest.Fault{Mode: "ratelimit", RetryAfter: 1, Methods: []string{"pins.add"}, Count: 1}, calls: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
			if c.scope {
				_, err := h.c.Settings(limit(t), sandboxtest.SettingsChange{Without: []string{"pins:write"}})
				check(t, err)
			} else {
				check(t, h.c.Faults(limit(t), c.fault))
			}
			seen, logs := observer.New(zap.WarnLevel)
			h.poster(t, pinning, func(p *bot.Poster) { p.Log = zap.New(seen) })
			for n := 1; n <= 3; n++ {
				h.board(t, n)
				h.delivered(t, channelID, key)
			}
			until(t, "Slack was asked for the pin", func() bool { return len(h.calls(t, "pins.add")) == c.calls })
			if !c.off {
				until(t, "it counts as pinned", func() bool { r, _ := h.receipt(t, channelID, key); return r.Pinned != "" })
			}
			h.board(t, 4)
			h.delivered(t, channelID, key)
			if text := h.posts(t, channel)[0].Text; text != "update 4 of updates/inc-1." {
				t.Errorf("the first message says %q", text)
			}
			if calls, said := len(h.calls(t, "pins.add")), logs.FilterMessageSnippet("not pinned").Len(); calls != c.calls || said != c.said {
				t.Errorf("asked for %d pins and said %d times that there is none, want %d and %d", calls, said, c.calls, c.said)
			}
		})
	}
}

// TestStoryInAThread: an incident from the first update to its end, with a
// message that Slack does not take, and with a new process in the middle.
func TestStoryInAThread(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), func(_ *publish.Updater, r *publish.Rules) {
		r.Delivery.Mode = incident.InThread
		r.Places = []publish.Place{{Channel: channelID}}
	})
	l.stopPoster()
	pins := func(p *bot.Poster) { p.Now, p.Started, p.Pins = l.now, l.now(), &bot.Pins{} }
	stop := l.poster(t, pins)
	an := l.As("ana").Channel(channel)
	l.pass(20*time.Minute, nil)
	l.goOn(12*time.Minute, publishtest.Tenth("pay"))
	root := an.Sees("Impact update #", "Billing", "Mark an action").Message

	// Worse, and Slack takes one message at the second try only.
	check(t, l.c.Faults(limit(t), sandboxtest.Fault{Mode: "down", Methods: []string{"chat.postMessage"}, Count: 1}))
	l.goOn(3*time.Minute, publishtest.Third("pay", "query", "ledger"))
	// A mark in the thread, and the process ends before it knows what became of it.
	an.Type("/status mark restarted lb-3").Ephemeral("Marked")
	l.goOn(2*time.Minute, publishtest.Third("pay", "query", "ledger"))
	stop()
	l.pass(3*time.Minute, publishtest.Third("pay", "query", "ledger"))
	l.updater = l.house.updater(func(u *publish.Updater, r *publish.Rules) {
		u.Now, r.Delivery.Mode, r.Places = l.now, incident.InThread, []publish.Place{{Channel: channelID}}
	})
	l.poster(t, pins, func(p *bot.Poster) { p.Generation = 2 })
	l.goOn(30*time.Minute, publishtest.Third("pay", "query", "ledger"))
	l.goOn(3*time.Hour, nil)
	if said := l.first(t).Text; len(l.journal.Events(incident.Resolved)) == 0 || !strings.Contains(said, "Updates end") {
		t.Errorf("the first message says %q, want the end", said)
	}
	until(t, "the pin is gone", func() bool { return !l.first(t).Pinned })

	// Each update that was new is one reply, and no other: none doubled, none skipped.
	var want, got []string
	loud := map[string]bool{}
	for _, e := range l.journal.Events(incident.Update) {
		if e.Post == e.N && e.N != e.Root {
			want = append(want, fmt.Sprint("#", e.N))
			loud[fmt.Sprint("#", e.N)] = e.Loud
		}
	}
	var verdicts, marks int
	for _, m := range l.posts(t, channel) {
		switch {
		case m.TS == root.TS:
			continue
		case m.ThreadTS != root.TS:
			t.Errorf("%q does not stand in the thread", m.Text)
		case strings.Contains(m.Text, "restarted lb-3”:"):
			verdicts++
			continue
		case strings.Contains(m.Text, "marked #1 “restarted lb-3”"):
			marks++
			continue
		}
		key := metadataKey(t, m)
		got = append(got, "#"+key)
		if m.Broadcast != loud["#"+key] {
			t.Errorf("%q: shown in the channel: %v", m.Text, m.Broadcast)
		}
		if said := shows(m.Text, m.Blocks); strings.Contains(said, "next ") || strings.Contains(said, `"actions"`) {
			t.Errorf("a reply promises what stands in the first message alone:\n%s", said)
		}
	}
	if !slices.Equal(got, want) || len(want) < 4 {
		t.Errorf("replies %v, want %v, four at least", got, want)
	}
	if verdicts != 1 || marks != 1 {
		t.Errorf("the mark stands in the thread %d times, and the verdict on it %d times", marks, verdicts)
	}
}

// goOn is pass, at a pace at which each message reaches Slack before the next:
// else the newest takes the place of those before it.
func (l *life) goOn(d time.Duration, failing func(int, string) bool) {
	l.t.Helper()
	for range int(d / (15 * time.Second)) {
		l.pass(15*time.Second, failing)
		l.settle()
	}
}

// settle waits until all that is in the outbox is in Slack.
func (l *life) settle() {
	l.t.Helper()
	newest := map[string]uint64{} // :: key -> newest revision
	read, stop := context.WithCancel(limit(l.t))
	_ = l.outbox.Watch(read, func(e publish.Entry) error { // it ends with the context that it ends itself
		newest[e.Key] = e.Rev
		return nil
	}, stop)
	for k, rev := range newest {
		until(l.t, k+" is delivered", func() bool { r, _ := l.receipt(l.t, channelID, k); return r.Rev >= rev })
	}
}

// first is the incident's first message.
func (l *life) first(t *testing.T) sandboxtest.Message {
	t.Helper()
	for _, m := range l.posts(t, channel) {
		if m.ThreadTS == "" {
			return m
		}
	}
	t.Fatal("there is no first message")
	return sandboxtest.Message{}
}

// metadataKey is the number of the reply in the key that a message carries.
func metadataKey(t *testing.T, m sandboxtest.Message) string {
	t.Helper()
	var meta struct {
		Payload struct{ Key string } `json:"event_payload"`
	}
	check(t, json.Unmarshal(m.Metadata, &meta))
	rest, ok := strings.CutPrefix(meta.Payload.Key, replyKey+"/")
	n, _, _ := strings.Cut(rest, "#")
	if !ok {
		t.Errorf("%q has the key %s, want a reply's", m.Text, meta.Payload.Key)
	}
	return n
}

// TestTheFirstMessageHasANewPicture: of what is edited for hours the picture is
// not hours old.
func TestTheFirstMessageHasANewPicture(t *testing.T) {
	t.Parallel()
	pictures := &bot.Pictures{Mode: func() string { return bot.PicturesImage }}
	p, h := newPictured(t, sandbox.Config{}, pictures), newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	read, stop := context.WithCancel(limit(t))
	var b publish.Body
	_ = p.outbox.Watch(read, func(e publish.Entry) error { return json.Unmarshal(e.Body, &b) }, stop)
	var clock atomic.Int64
	clock.Store(time.Now().UnixNano())
	h.poster(t, pinning, func(made *bot.Poster) {
		made.Pictures, made.Now = pictures, func() time.Time { return time.Unix(0, clock.Load()) }
	})
	uploads := func() int { return len(h.calls(t, "files.completeUploadExternal")) }
	for n, want := range []int{1, 1, 2, 2} { // pictures after each update; the third is 11 min after the first
		b.N, b.Post, b.Pin, b.Due = n+1, 1, true, time.Time{}
		data, err := json.Marshal(b)
		check(t, err)
		check(t, h.outbox.Put(limit(t), channelID, key, data))
		h.delivered(t, channelID, key)
		until(t, "the picture is there", func() bool { return uploads() >= want })
		if got := uploads(); got != want {
			t.Errorf("%d pictures after update %d, want %d", got, n+1, want)
		}
		if n == 1 {
			clock.Add(int64(11 * time.Minute))
		}
	}
}
