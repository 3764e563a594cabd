package bot_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// deletes deletes a message, as a person with the right to do so.
func (h *house) deletes(t testing.TB, ch, ts string) {
	t.Helper()
	_, _, err := slack.New(h.w.BotToken(), slack.OptionAPIURL(h.w.APIURL())).DeleteMessageContext(limit(t), ch, ts)
	check(t, err)
}

// TestALostAnswerDoublesNothing: Slack took the post and the answer was lost.
func TestALostAnswerDoublesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "lost_answer", Methods: []string{"chat.postMessage"}, Count: 1}))
	h.poster(t)
	h.puts(t, put{n: 1})
	r := h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
	if posts, looks := len(h.calls(t, "chat.postMessage")), len(h.calls(t, "conversations.history")); posts != 1 || looks != 1 {
		t.Errorf("%d posts and %d looks, want one of each", posts, looks)
	}
	if r.TS != h.posts(t, channel)[0].TS || r.Trying != 0 {
		t.Errorf("receipt %+v, want the message that is there", r)
	}
}

// TestANewerBodyAfterALostAnswer: the message that was found shows the newest.
func TestANewerBodyAfterALostAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "lost_answer", Methods: []string{"chat.postMessage"}}))
	h.puts(t, put{n: 1})
	h.poster(t)
	_, err := h.c.WaitLog(ctx, 0, "chat.postMessage", func(sandboxtest.LogEntry) bool { return true })
	check(t, err)
	h.puts(t, put{n: 2, post: 1})
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "ok"}))
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 2 of updates/inc-1.")
}

// TestCrashBeforeThePost: the process ended between writing down that it
// posts and posting.
func TestCrashBeforeThePost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.puts(t, put{n: 1})
	h.writes(t, channelID, key, bot.Receipt{Channel: channelID, Trying: 1, TryingAt: time.Now(), Generation: 1})
	h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
	if looks := len(h.calls(t, "conversations.history")); looks != 1 {
		t.Errorf("looked %d times before posting, want once", looks)
	}
}

// TestCrashAfterThePost: the process ended between posting and writing down
// that it has.
func TestCrashAfterThePost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	was := bot.NewBodyJSON(1, 1, time.Now(), time.Now(), format.Message{Text: "as the dead process knew it", Blocks: []format.Block{{Section: "old"}}})
	ts, err := h.api.Post(ctx, channelID, key, 1, was)
	check(t, err)
	// Others write meanwhile, one with our metadata's form and another key.
	_, err = h.api.Post(ctx, channelID, "updates/inc-2", 1, was)
	check(t, err)
	for range 3 {
		_, err := h.c.Command(ctx, channel, "ana", "what is going on")
		check(t, err)
	}
	h.writes(t, channelID, key, bot.Receipt{Channel: channelID, Trying: 1, TryingAt: time.Now(), Generation: 1})
	h.puts(t, put{n: 2, post: 1})
	h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
	r := h.delivered(t, channelID, key)
	if r.TS != ts || r.Generation != 2 {
		t.Errorf("receipt %+v, want message %s adopted", r, ts)
	}
	h.wantPosts(t, channel, "update 2 of updates/inc-1.", "as the dead process knew it")
}

// TestANewDataDirectoryEditsNoOldMessage: it counts its incidents from one
// again, and a post of which the end is not known is looked for; what is found
// is not what an earlier data directory posted.
func TestANewDataDirectoryEditsNoOldMessage(t *testing.T) {
	t.Parallel()
	old := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	old.puts(t, put{n: 1})
	old.poster(t)
	first := old.delivered(t, channelID, key)
	old.outbox = bottest.NewOutbox() // a new one
	check(t, old.c.Faults(ctx, sandboxtest.Fault{Mode: "down", Methods: []string{"chat.postMessage"}, Count: 1}))
	old.puts(t, put{n: 1})
	old.poster(t)
	if r := old.delivered(t, channelID, key); r.TS == first.TS {
		t.Errorf("the message of the old data directory was adopted: %+v", r)
	}
	if n := len(old.posts(t, channel)); n != 2 {
		t.Errorf("%d posts, want 2", n)
	}
}

// TestOurMessageIsFoundFarBack: more was said since than one page holds.
func TestOurMessageIsFoundFarBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	begun := time.Now()
	b := bot.NewBodyJSON(1, 1, begun, begun, format.Message{Text: "ours", Blocks: []format.Block{{Section: "ours"}}})
	ts, err := h.api.Post(ctx, channelID, key, 1, b)
	check(t, err)
	for range 210 {
		_, err := h.c.Command(ctx, channel, "ana", "chat")
		check(t, err)
	}
	h.writes(t, channelID, key, bot.Receipt{Channel: channelID, Trying: 1, TryingAt: begun, Generation: 1})
	h.puts(t, put{n: 1})
	h.poster(t)
	if r := h.delivered(t, channelID, key); r.TS != ts {
		t.Errorf("receipt %+v, want message %s", r, ts)
	}
	if n := len(h.posts(t, channel)); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

// TestADeposedLeaderPostsNothing: a newer one has delivered already.
func TestADeposedLeaderPostsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.writes(t, channelID, key, bot.Receipt{Channel: channelID, TS: "1700000000.000100", Post: 1, Rev: 0, Generation: 5})
	h.puts(t, put{n: 2})
	seen, logs := observer.New(zap.WarnLevel)
	h.poster(t, func(p *bot.Poster) { p.Generation, p.Log = 4, zap.New(seen) })
	until(t, "the old leader has looked", func() bool { return logs.FilterMessageSnippet("not delivered").Len() > 0 })
	h.puts(t, put{dest: generalID, n: 1})
	h.delivered(t, generalID, key)
	for _, method := range []string{"chat.update", "conversations.history"} {
		if n := len(h.calls(t, method)); n != 0 {
			t.Errorf("%d calls of %s", n, method)
		}
	}
	if h.wantPosts(t, channel); len(h.calls(t, "chat.postMessage")) != 1 {
		t.Error("a deposed leader posted")
	}
}

// overtaken is an outbox in which another leader writes its receipt just
// before the first of ours is stored.
type overtaken struct {
	*bottest.Outbox
	once    sync.Once
	receipt []byte
}

func (o *overtaken) PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (rev uint64, err error) {
	o.once.Do(func() { _, err = o.Outbox.PutReceipt(ctx, dest, key, o.receipt, last) })
	if err != nil {
		return 0, err
	}
	return o.Outbox.PutReceipt(ctx, dest, key, data, last)
}

// TestALeaderThatIsOvertakenPostsNothing: the lease changed hands between
// reading the receipt and writing that it posts.
func TestALeaderThatIsOvertakenPostsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	theirs, err := json.Marshal(bot.Receipt{Channel: channelID, Trying: 1, TryingAt: time.Now(), Generation: 2})
	check(t, err)
	h.puts(t, put{n: 1})
	seen, logs := observer.New(zap.WarnLevel)
	stop := h.poster(t, func(p *bot.Poster) {
		p.Outbox, p.Log = &overtaken{Outbox: h.outbox, receipt: theirs}, zap.New(seen)
	})
	until(t, "it has tried twice", func() bool { return logs.FilterMessageSnippet("not delivered").Len() >= 2 })
	stop()
	h.wantPosts(t, channel)
	h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
}

// TestALeaderThatIsOvertakenEditsNothing: the same, where the message is there
// already. What the next leader shows is not edited back.
func TestALeaderThatIsOvertakenEditsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.puts(t, put{n: 1})
	stop := h.poster(t)
	theirs := h.delivered(t, channelID, key)
	stop()
	theirs.Generation = 2
	data, err := json.Marshal(theirs)
	check(t, err)
	h.puts(t, put{n: 2, post: 1})
	seen, logs := observer.New(zap.WarnLevel)
	stop = h.poster(t, func(p *bot.Poster) {
		p.Outbox, p.Log = &overtaken{Outbox: h.outbox, receipt: data}, zap.New(seen)
	})
	until(t, "it has tried", func() bool { return logs.FilterMessageSnippet("not delivered").Len() >= 1 })
	stop()
	h.wantPosts(t, channel, "update 1 of updates/inc-1.")
	if n := len(h.calls(t, "chat.update")); n != 0 {
		t.Errorf("%d edits by a leader that was overtaken", n)
	}
	h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 2 of updates/inc-1.")
}

// TestAnOlderUpdateThatComesLateIsLeftOut: a leader that was frozen hands over what it
// had written down after the next leader's. It is shown neither after the newer update nor
// in its place; where numbers begin again, since events were lost, they count.
func TestAnOlderUpdateThatComesLateIsLeftOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	older := func(b *publish.Body) { b.Rendered = b.Rendered.Add(-time.Minute) }
	h.puts(t, put{n: 2})
	stop := h.poster(t, func(p *bot.Poster) { p.SetUnansweredWait(10 * time.Millisecond) })
	h.delivered(t, channelID, key)
	h.puts(t, put{n: 1}, older)
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 2 of updates/inc-1.")

	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "down", Methods: []string{"chat.update"}}))
	h.puts(t, put{n: 4, post: 2})
	until(t, "the newer one waits", func() bool { return len(h.calls(t, "chat.update")) > 0 })
	h.puts(t, put{n: 3, post: 2}, older)
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "ok"}))
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 4 of updates/inc-1.")
	stop()

	h.poster(t, func(p *bot.Poster) { p.Generation = 2 })
	h.puts(t, put{n: 1, post: 1})
	h.delivered(t, channelID, key)
	h.wantPosts(t, channel, "update 4 of updates/inc-1.", "update 1 of updates/inc-1.")
}
