package bot_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

const key = "updates/inc-1"

// put is one update that is put into the outbox.
type put struct {
	dest  string // a channel; empty: incident-demo
	key   string // empty: the constant key
	n     int
	post  int       // the number of the message that carries it; 0: n
	due   time.Time // zero: now
	never bool      // it is never due
}

// puts puts an update into the outbox.
func (h *house) puts(t testing.TB, p put, change ...func(*publish.Body)) {
	t.Helper()
	p.dest, p.key, p.post = cmp.Or(p.dest, channelID), cmp.Or(p.key, key), cmp.Or(p.post, p.n)
	if p.due.IsZero() && !p.never {
		p.due = time.Now()
	}
	m := format.Message{Text: fmt.Sprintf("update %d of %s.", p.n, p.key), Blocks: []format.Block{
		{Section: fmt.Sprintf("*update %d of %s.*", p.n, p.key)}, {Context: "as of now"}}}
	check(t, h.outbox.Put(limit(t), p.dest, p.key, bot.NewBodyJSON(p.n, p.post, p.due, p.due, m, change...)))
}

// urgent makes a body one that goes before others.
func urgent(b *publish.Body) { b.Urgent = true }

// receipt is what is written down of a key; the zero value when nothing is.
func (h *house) receipt(t testing.TB, dest, key string) (bot.Receipt, uint64) {
	t.Helper()
	data, rev, err := h.outbox.Receipt(limit(t), dest, key)
	if errors.Is(err, publish.ErrNotFound) {
		return bot.Receipt{}, 0
	}
	check(t, err)
	var r bot.Receipt
	check(t, json.Unmarshal(data, &r))
	return r, rev
}

// writes stores a receipt as a process did that is gone.
func (h *house) writes(t testing.TB, dest, key string, r bot.Receipt) {
	t.Helper()
	data, err := json.Marshal(r)
	check(t, err)
	_, rev := h.receipt(t, dest, key)
	_, err = h.outbox.PutReceipt(limit(t), dest, key, data, rev)
	check(t, err)
}

// delivered waits until the receipt of a key says that update n of what was
// put is in Slack: nothing is pending.
func (h *house) delivered(t testing.TB, dest, key string) bot.Receipt {
	t.Helper()
	var newest uint64
	read, stop := context.WithCancel(limit(t))
	err := h.outbox.Watch(read, func(e publish.Entry) error {
		if e.Dest == dest && e.Key == key {
			newest = e.Rev
		}
		return nil
	}, stop)
	if newest == 0 {
		t.Fatalf("nothing is in the outbox under %s %s: %v", dest, key, err)
	}
	var r bot.Receipt
	until(t, "it is delivered", func() bool {
		r, _ = h.receipt(t, dest, key)
		return r.Rev >= newest
	})
	return r
}

// texts are the posts of a channel, one a line.
func (h *house) texts(t testing.TB, ch string) string {
	t.Helper()
	var lines []string
	for _, m := range h.posts(t, ch) {
		lines = append(lines, m.Text)
	}
	return strings.Join(lines, "\n")
}

func (h *house) wantPosts(t testing.TB, ch string, want ...string) {
	t.Helper()
	if got := h.texts(t, ch); got != strings.Join(want, "\n") {
		t.Errorf("posts in %s:\n%s\nwant:\n%s", ch, got, strings.Join(want, "\n"))
	}
}

// calls are the calls of a method, in order.
func (h *house) calls(t testing.TB, method string) []sandboxtest.LogEntry {
	t.Helper()
	log, err := h.c.Log(limit(t), 0, method)
	check(t, err)
	return log
}

func TestPosterPostsThenEdits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	stop := h.poster(t)
	h.puts(t, put{n: 1})
	first := h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
	h.puts(t, put{n: 2, post: 1})
	second := h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 2 of updates/inc-1.")
	if first.TS == "" || second.TS != first.TS || second.Channel != channelID || second.Generation != 1 {
		t.Errorf("receipts %+v, then %+v; want the same message", first, second)
	}
	h.puts(t, put{n: 3})
	third := h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 2 of updates/inc-1.", "update 3 of updates/inc-1.")
	if third.TS == first.TS || third.Post != 3 {
		t.Errorf("receipt %+v, want another message", third)
	}
	// What is in Slack is not sent again by the next process.
	stop()
	h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
	h.puts(t, put{dest: generalID, n: 1})
	h.delivered(t, generalID, key)
	if posts, edits := len(h.calls(t, "chat.postMessage")), len(h.calls(t, "chat.update")); posts != 3 || edits != 1 {
		t.Errorf("%d posts and %d edits, want 3 and 1", posts, edits)
	}
	m := h.posts(t, channel)[0]
	if !strings.Contains(string(m.Metadata), `"updates/inc-1/1#`) {
		t.Errorf("metadata %s, want the key", m.Metadata)
	}
}

// TestOneMessageWhenSlackIsBack: what piled up while Slack was down is told
// by its newest, which says that it is late and why.
func TestOneMessageWhenSlackIsBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "down"}))
	due := time.Now().Add(-3 * time.Minute)
	h.puts(t, put{n: 1, due: due})
	h.poster(t)
	_, err := h.c.WaitLog(ctx, 0, "chat.postMessage", func(sandboxtest.LogEntry) bool { return true })
	check(t, err)
	for n := 2; n <= 4; n++ {
		h.puts(t, put{n: n, post: 1, due: due.Add(time.Duration(n) * 40 * time.Second)}) // the newest is in time
	}
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "ok"}))
	h.delivered(t, channelID, key)
	posts := h.posts(t, channel)
	if len(posts) != 1 {
		t.Fatalf("%d posts, want one:\n%s", len(posts), h.texts(t, channel))
	}
	if said := shows(posts[0].Text, posts[0].Blocks); !contains(said, "update 4", "3 min late (Slack did not answer ") {
		t.Errorf("it says\n%s\nwant the newest, that it is late, and why", said)
	}
	if !contains(posts[0].Text, "late") {
		t.Errorf("the text %q, which a notification shows, does not say that it is late", posts[0].Text)
	}
	if len(posts[0].EditedAt) != 0 {
		t.Errorf("it was edited %d times", len(posts[0].EditedAt))
	}
	// The next one is in time again.
	h.puts(t, put{n: 5, post: 1})
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 5 of updates/inc-1.")
	if m := h.posts(t, channel)[0]; contains(shows(m.Text, m.Blocks), "late") {
		t.Errorf("%s is said to be late", m.Text)
	}
}

func TestLateAfterARestartIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.puts(t, put{n: 1, due: time.Now().Add(-2 * time.Hour)})
	h.poster(t)
	h.delivered(t, channelID, key)
	m := h.posts(t, channel)[0]
	if said := shows(m.Text, m.Blocks); !contains(said, "2 h", "late (statusbot was not running ") {
		t.Errorf("it says\n%s", said)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "ratelimit", RetryAfter: 2, Methods: []string{"chat.postMessage"}, Count: 1}))
	h.poster(t)
	h.puts(t, put{n: 1})
	h.puts(t, put{key: "share/1", n: 1, never: true})
	h.delivered(t, channelID, key)
	h.delivered(t, channelID, "share/1")
	calls := h.calls(t, "chat.postMessage")
	if len(calls) != 3 || calls[0].Status != 429 {
		t.Fatalf("%d calls, the first answered with %d; want 3, the first limited", len(calls), calls[0].Status)
	}
	if pause := calls[1].At.Sub(calls[0].At); pause < 2*time.Second {
		t.Errorf("called again after %v, want 2 s", pause)
	}
	if n := len(h.posts(t, channel)); n != 2 {
		t.Errorf("%d posts, want 2", n)
	}
}

// TestALimitedChannelDelaysNoOther: Slack lets a channel wait for longer than
// this test takes, and another one gets its message meanwhile.
func TestALimitedChannelDelaysNoOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "ratelimit", RetryAfter: 600, Methods: []string{"chat.postMessage"}, Count: 1}))
	for n := range 6 {
		h.puts(t, put{key: fmt.Sprint("share/", n), n: 1, never: true})
	}
	h.poster(t)
	_, err := h.c.WaitLog(limit(t), 0, "chat.postMessage", func(e sandboxtest.LogEntry) bool { return e.Status == 429 })
	check(t, err)
	h.puts(t, put{dest: generalID, n: 1})
	h.delivered(t, generalID, key)
	if n := len(h.posts(t, channel)); n != 0 {
		t.Errorf("%d posts in the limited channel", n)
	}
}

// TestSlacksOwnLimitLosesNothing: three at once and then one a second in each
// channel.
func TestSlacksOwnLimitLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{})
	for n := range 6 {
		h.puts(t, put{key: fmt.Sprint("share/", n), n: 1, never: true})
	}
	h.poster(t)
	for n := range 6 {
		h.delivered(t, channelID, fmt.Sprint("share/", n))
	}
	if n := len(h.posts(t, channel)); n != 6 {
		t.Errorf("%d posts, want 6", n)
	}
}

func TestADeletedMessageIsPostedAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.poster(t)
	h.puts(t, put{n: 1})
	first := h.delivered(t, channelID, key)
	h.deletes(t, channelID, first.TS)
	h.puts(t, put{n: 2, post: 1})
	second := h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 2 of updates/inc-1.")
	h.puts(t, put{n: 3, post: 1})
	third := h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 3 of updates/inc-1.")
	if second.TS == first.TS || third.TS != second.TS {
		t.Errorf("messages %s, %s, %s; want the second anew and the third an edit of it", first.TS, second.TS, third.TS)
	}
}

func TestARefusedMessageHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true, Channels: []string{channel, "general"}})
	ctx := limit(t)
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "error", Error: "restricted_action", Methods: []string{"chat.postMessage"}, Count: 1}))
	h.puts(t, put{key: "share/refused", n: 1, never: true})
	h.poster(t, func(p *bot.Poster) { p.SetRefusedWait(4 * time.Second) })
	_, err := h.c.WaitLog(ctx, 0, "chat.postMessage", func(sandboxtest.LogEntry) bool { return true })
	check(t, err)
	h.puts(t, put{n: 1})
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.") // and not yet what was refused
	// Somebody mended what was refused: it is tried again, and not too soon.
	h.delivered(t, channelID, "share/refused")
	calls := h.calls(t, "chat.postMessage")
	if pause := calls[len(calls)-1].At.Sub(calls[0].At); len(calls) != 3 || pause < 4*time.Second {
		t.Errorf("%d calls, the refused one again after %v; want 3, after 4 s", len(calls), pause)
	}
}

// TestAChannelWithoutTheBot: a newer update is tried at once, an old one is
// not tried again and again.
func TestAChannelWithoutTheBot(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	check(t, h.c.Channel(ctx, channel, map[string]bool{"private": true, "bot_member": false}))
	h.poster(t, func(p *bot.Poster) { p.SetRefusedWait(time.Second) })
	h.puts(t, put{n: 1})
	_, err := h.c.WaitLog(ctx, 0, "chat.postMessage", func(e sandboxtest.LogEntry) bool {
		return strings.Contains(string(e.Answer), "channel_not_found") || strings.Contains(string(e.Answer), "not_in_channel")
	})
	check(t, err)
	h.puts(t, put{dest: generalID, n: 1})
	h.delivered(t, generalID, key)
	check(t, h.c.Channel(ctx, channel, map[string]bool{"private": false, "bot_member": true}))
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
}

func TestABodyThatCannotBeReadIsDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.poster(t)
	check(t, h.outbox.Put(limit(t), channelID, "share/broken", []byte("{not JSON")))
	h.puts(t, put{n: 1})
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
	if n := len(h.calls(t, "chat.postMessage")); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// told is an outbox of which it is known that all of one channel was delivered.
type told struct {
	bot.Outbox
	channel string
}

func (o told) Watch(ctx context.Context, each func(publish.Entry) error, caughtUp func()) error {
	return o.Outbox.Watch(ctx, func(e publish.Entry) error {
		if e.Dest == o.channel {
			e.Told, e.Body = true, []byte(`{"n":1}`)
		}
		return each(e)
	}, caughtUp)
}

func (o told) Receipt(ctx context.Context, dest, key string) ([]byte, uint64, error) {
	if dest == o.channel {
		return nil, 0, errors.New("asked for a receipt that is known")
	}
	return o.Outbox.Receipt(ctx, dest, key)
}

// TestWhatIsKnownToBeDeliveredIsNotLookedAt: who takes over asks for no receipt of it, and does not send what is left of it.
func TestWhatIsKnownToBeDeliveredIsNotLookedAt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.puts(t, put{n: 1})
	core, logged := observer.New(zap.WarnLevel)
	stop := h.poster(t, func(p *bot.Poster) { p.Outbox, p.Log = told{h.outbox, channelID}, zap.New(core) })
	h.puts(t, put{dest: generalID, n: 1})
	h.delivered(t, generalID, key)
	stop()
	h.wantPosts(t, generalID, "update 1 of updates/inc-1.")
	h.wantPosts(t, channel)
	if logged.Len() > 0 {
		t.Errorf("the log says %+v", logged.All())
	}
}

// TestSlackWasAwayIsSaidInEachMode: after minutes without Slack the first message says
// so, counted from the first that nobody saw; in a thread its reply and its first
// message do. The next ones do not.
func TestSlackWasAwayIsSaidInEachMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"edit", "post", "thread"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
			h.poster(t)
			h.puts(t, put{n: 1, post: 1})
			h.delivered(t, channelID, key)
			check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "down"}))
			due := time.Now().Add(-6 * time.Minute)
			tells := func(n int, due time.Time) {
				p := put{n: n, post: map[string]int{"edit": 1, "post": n, "thread": 1}[mode], due: due}
				if mode == "thread" {
					h.puts(t, put{key: replyKey, n: n, post: n, due: due}, func(b *publish.Body) { b.Under = key })
				}
				h.puts(t, p)
			}
			tells(2, due)
			method := map[string]string{"edit": "chat.update", "post": "chat.postMessage", "thread": "chat.postMessage"}[mode]
			_, err := h.c.WaitLog(limit(t), 0, method, func(e sandboxtest.LogEntry) bool { return strings.Contains(fmt.Sprint(e.Args["text"]), "update 2") })
			check(t, err)
			tells(3, due.Add(5*time.Minute))
			check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "ok"}))
			h.delivered(t, channelID, key)
			if mode == "thread" {
				h.delivered(t, channelID, replyKey)
			}
			late := 0
			for _, m := range h.posts(t, channel) {
				if contains(shows(m.Text, m.Blocks), "6 min late (Slack did not answer ") && contains(m.Text, "update 3", "6 min late") {
					late++
				}
			}
			if want := map[string]int{"edit": 1, "post": 1, "thread": 2}[mode]; late != want {
				t.Errorf("%d messages say that they are late, want %d:\n%s", late, want, h.texts(t, channel))
			}
			tells(4, time.Now())
			h.delivered(t, channelID, key)
			for _, m := range h.posts(t, channel) {
				if contains(m.Text, "update 4") && contains(shows(m.Text, m.Blocks), "late") {
					t.Errorf("the next is said to be late: %s", m.Text)
				}
			}
		})
	}
}

// TestARefusalIsLoggedOnceAMinute: whatever waits for a channel that does not take it, the
// log has one line of it in a minute, with the cure.
func TestARefusalIsLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	for refused, cure := range map[string]string{"channel_not_found": "/invite", "invalid_auth": "STATUSBOT_SLACK_BOT_TOKEN"} {
		h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true, Channels: []string{channel, "general"}})
		ctx := limit(t)
		const tries = 8
		check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "error", Error: refused, Methods: []string{"chat.postMessage"}, Count: tries}))
		seen, logs := observer.New(zapcore.WarnLevel)
		begun := time.Now()
		h.poster(t, func(p *bot.Poster) {
			p.SetRefusedWait(time.Millisecond)
			p.Log = zap.New(seen)
		})
		h.puts(t, put{n: 1})
		h.puts(t, put{key: "share/one", n: 1, never: true})
		h.puts(t, put{key: "share/two", n: 1, never: true})
		h.delivered(t, channelID, key)
		h.delivered(t, channelID, "share/one")
		h.delivered(t, channelID, "share/two")
		lines := logs.FilterMessage("message not delivered, will try again").All()
		if most := 1 + int(time.Since(begun)/time.Minute); len(h.calls(t, "chat.postMessage")) < tries || len(lines) == 0 || len(lines) > most {
			t.Errorf("%s: %d lines of %d calls, want 1 to %d", refused, len(lines), len(h.calls(t, "chat.postMessage")), most)
		}
		for _, l := range lines {
			if said, _ := l.ContextMap()["cure"].(string); !strings.Contains(said, cure) {
				t.Errorf("%s: the cure is %q, want %q in it", refused, said, cure)
			}
		}
	}
}
