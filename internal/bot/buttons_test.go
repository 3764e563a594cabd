package bot_test

import (
	"context"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// uses uses an element of a message, which must be acked.
func (h *house) uses(t testing.TB, user string, m sandboxtest.Message, action, value string) {
	t.Helper()
	a, err := h.c.Action(limit(t), channel, user, m.TS, action, value)
	check(t, err)
	if !a.Acked || a.Error != "" {
		t.Fatalf("%s uses %s: %+v, want it acked", user, action, a)
	}
}

// answers types a command and returns the message that answers it.
func (h *house) answers(t testing.TB, user, text string) sandboxtest.Message {
	t.Helper()
	a := h.types(t, user, text)
	m, err := h.c.WaitMessage(limit(t), channel, user, func(m sandboxtest.Message) bool { return m.TS == a.TS })
	check(t, err)
	return m
}

func TestShareIsPostedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	// The front as it is, but each click is delivered twice.
	d := h.answering()
	twice := func(ctx context.Context, e bot.Envelope) {
		d.Accept(ctx, e)
		if e.Action != "" {
			d.Accept(ctx, e)
		}
	}
	goes(t, "dispatcher", d.Run)
	h.transport(t, twice)
	h.poster(t)
	for _, tt := range []struct{ text, action, value, shared string }{
		{"/status", format.ActionShare, "", "Billing fails "},
		{"/status billing", format.ActionRest, "share product:billing", "Some invoices cannot be paid"},
		{"/status billing pay", format.ActionShare, "", "29 of 290"},
	} {
		before := len(h.posts(t, channel))
		m := h.answers(t, "ben", tt.text)
		h.uses(t, "ben", m, tt.action, tt.value)
		h.sees(t, channel, "ben", "shared with the channel")
		until(t, "it is in the channel", func() bool { return len(h.posts(t, channel)) > before })
		posts := h.posts(t, channel)
		last := posts[len(posts)-1]
		if len(posts) != before+1 {
			t.Errorf("%s: %d posts, want one more than %d", tt.text, len(posts), before)
		}
		if said := shows(last.Text, last.Blocks); !contains(said, tt.shared, "Shared by ben") {
			t.Errorf("%s: shared as\n%s", tt.text, said)
		}
	}
	// The same act once more, as after a restart that forgot what it has seen,
	// changes the message at most.
	log, err := h.c.Log(limit(t), 0, "chat.postMessage")
	check(t, err)
	if len(log) != 3 {
		t.Errorf("%d posts were made, want 3", len(log))
	}
}

func TestButtonsOfAnAnswerReplaceIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.commands(t)
	m := h.answers(t, "ana", "/status")
	shown := func(what ...string) sandboxtest.Message {
		t.Helper()
		got, err := h.c.WaitMessage(limit(t), channel, "ana", func(n sandboxtest.Message) bool {
			return n.TS == m.TS && contains(shows(n.Text, n.Blocks), what...)
		})
		check(t, err)
		return got
	}
	h.uses(t, "ana", m, format.ActionProduct, "lake")
	shown("Data Lake", "query", "0 of 300")
	h.feeder.Feed(20, publishtest.Always("pay"))
	h.uses(t, "ana", m, format.ActionRest, "refresh product:lake")
	shown("Data Lake", "0 of 320") // waited for: answers overtake each other
	h.uses(t, "ana", m, format.ActionCheck, "query")
	shown("query: 0 of 320", "No failure is known")
	h.uses(t, "ana", m, format.ActionSummary, "")
	shown("Payroll", "(49 of 620)")
	all, err := h.c.Messages(limit(t), channel, "ana")
	check(t, err)
	if len(all) != 1 {
		t.Errorf("ana sees %d messages, want the one that changes", len(all))
	}
	// Where the figures come from is a message of its own.
	h.uses(t, "ana", m, format.ActionSources, "")
	h.sees(t, channel, "ana", "checks.d/billing.yaml", "payments")
	shown("Payroll")
}

func TestButtonsOfAnUpdate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.commands(t)
	h.poster(t)
	goes(t, "updater", h.updater(nil).Run)
	h.types(t, "ana", "/status start")
	m := h.sees(t, channel, "ben", "Impact update #1")
	h.uses(t, "ben", m, format.ActionProduct, "billing")
	private := h.sees(t, channel, "ben", "connection reset by peer")
	if !private.Ephemeral || private.TS == m.TS {
		t.Errorf("the answer is ephemeral: %v; in place of the update: %v", private.Ephemeral, private.TS == m.TS)
	}
	h.uses(t, "ben", m, format.ActionRest, format.ActionMore)
	h.sees(t, channel, "ben", "every 2 min")
	h.uses(t, "ana", m, format.ActionRest, format.ActionLess)
	h.sees(t, channel, "ana", "every 5 min", "Change it with")
	h.uses(t, "ana", m, format.ActionRest, format.ActionLess)
	h.sees(t, channel, "ana", "every 10 min", "Change it with")
	events := h.journal.Events(incident.Cadence)
	if len(events) != 3 || events[0].By != ben || events[2].By != ana || events[2].Every != 10*time.Minute {
		t.Errorf("cadence events %+v", events)
	}
	// The update tells the new interval, in place.
	got := h.sees(t, channel, "ben", "updates every 10 min")
	if got.TS != m.TS || got.Ephemeral {
		t.Errorf("the interval is told in %s, want the update %s", got.TS, m.TS)
	}
	h.types(t, "ana", "/status stop")
	h.sees(t, channel, "ben", "Updates ended by")
	h.uses(t, "ben", m, format.ActionRest, format.ActionMore)
	h.sees(t, channel, "ben", "No updates come to this channel now.")
	if n := len(h.posts(t, channel)); n != 2 {
		t.Errorf("%d posts, want the update and its end", n)
	}
}
