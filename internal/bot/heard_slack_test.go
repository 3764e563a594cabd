package bot_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// TestMentionsAreUnderstood: whatever stands around the bot's name, and whoever
// is named besides.
func TestMentionsAreUnderstood(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.commands(t)
	seen := map[string]bool{}
	for _, text := range []string{"@statusbot billing?", "@statusbot, billing", "@statusbot: billing", "hey @statusbot how is billing doing", "@ben @statusbot billing",
		"@statusbot /statusbot billing", "@statusbot status billing"} {
		_, err := h.c.Command(limit(t), channel, "ana", text)
		check(t, err)
		m, err := h.c.WaitMessage(limit(t), channel, "ana", func(m sandboxtest.Message) bool { return m.Ephemeral && !seen[m.TS] })
		check(t, err)
		seen[m.TS] = true
		if !strings.Contains(m.Text, "Billing") || !strings.Contains(m.Text, "29 of 580") {
			t.Errorf("%q is answered %q", text, m.Text)
		}
	}
}

// TestWhatIsSaidIsKeptAsTyped: Slack's own marks are none of ours.
func TestWhatIsSaidIsKeptAsTyped(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	an.Type("/status start").Ephemeral("every 5 min")
	an.Type("@statusbot note @ben restarts <lb-3> & waits, see https://example.com/a?b=1&c=2")
	an.Sees("Noted: ")
	notes := l.journal.Events(incident.Note)
	if len(notes) != 1 || notes[0].Text != "@Ben Okoro restarts <lb-3> & waits, see https://example.com/a?b=1&c=2" {
		t.Errorf("notes %+v", notes)
	}
}

// TestSixQuickMessagesGetSixAnswers: what Slack limits is answered a little
// later, and not never.
func TestSixQuickMessagesGetSixAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, nil)
	h.commands(t)
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "ratelimit", Methods: []string{"chat.postMessage"}, Count: 3, RetryAfter: 1}))
	asked := map[string]string{"billing": "Billing is", "lake": "Data Lake is", "billing pay": "pay", "list": "3 products: ", "hi": "Ask me", "stop now please": "ends the updates"}
	for text := range asked {
		_, err := h.c.Command(limit(t), "@statusbot", "ana", text)
		check(t, err)
	}
	for _, said := range asked {
		h.sees(t, "@statusbot", "ana", said)
	}
}

// TestASlowFormIsAnsweredOtherwise: Slack does not open it in time.
func TestASlowFormIsAnsweredOtherwise(t *testing.T) {
	inTime(t)
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	l.pass(5*time.Minute, publishtest.Third("pay"))
	an.Type("/status start").Ephemeral("every 5 min")
	l.pass(time.Minute, publishtest.Third("pay"))
	check(t, l.c.Faults(limit(t), sandboxtest.Fault{Mode: "slow", Methods: []string{"views.open"}, DelayMS: 3500}))
	an.Sees("Impact update #1").Click("Mark an action")
	an.Sees("Type what was done")
}

// TestACommandAtAnotherAddress: an app whose addresses are all the same is
// answered all the same.
func TestACommandAtAnotherAddress(t *testing.T) {
	t.Parallel()
	d := openDoor(t, false, nil)
	for _, path := range []string{bot.PathEvents, bot.PathInteractions, bot.PathCommands} {
		d.now.Add(1) // else the same body were a replay
		body := url.Values{"command": {"/status"}, "text": {"billing"}, "user_id": {"U1"}, "channel_id": {"C1"}, "trigger_id": {path}}.Encode()
		d.sends(t, path, body, d.signed(body, 0))
		if e := d.next(t); e.Command != "/status" || e.Text != "billing" {
			t.Errorf("%s: %s %q was delivered", path, e.Command, e.Text)
		}
	}
	body := "payload=" + url.QueryEscape(`{"type":"block_actions","trigger_id":"9.9","user":{"id":"U1"},"channel":{"id":"C1"},"actions":[{"action_id":"choose/3","block_id":"b","value":"product:lake","type":"button"}]}`)
	d.sends(t, bot.PathCommands, body, d.signed(body, 0))
	if e := d.next(t); e.Action != "choose" || e.Value != "product:lake" {
		t.Errorf("%q %q was delivered", e.Action, e.Value)
	}
}
