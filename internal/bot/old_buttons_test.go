package bot_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// pressed is one button of an old message, and what the answer says.
type pressed struct {
	action, value string
	answers       []string
}

// left posts a message once more as it stands: one that no edit will ever reach, as
// after an incident, or from another data directory.
func (h *house) left(t *testing.T, m sandboxtest.Message) sandboxtest.Message {
	t.Helper()
	resp, err := http.PostForm(h.w.APIURL()+"chat.postMessage", url.Values{"token": {h.w.BotToken()}, "channel": {channelID}, "text": {"left"}, "blocks": {string(m.Blocks)}})
	check(t, err)
	defer resp.Body.Close()
	var said struct {
		OK bool
		TS string
	}
	check(t, json.NewDecoder(resp.Body).Decode(&said))
	if !said.OK {
		t.Fatal("the copy is not taken")
	}
	m.TS = said.TS
	return m
}

// presses presses a button twice, as who is impatient does: both are acked, and an
// answer comes that was not there before.
func (h *house) presses(t *testing.T, m sandboxtest.Message, p pressed) {
	t.Helper()
	seen := map[string]int{}
	before, err := h.c.Messages(limit(t), channel, "ana")
	check(t, err)
	for _, b := range before {
		seen[b.TS+shows(b.Text, b.Blocks)]++
	}
	for range 2 {
		h.uses(t, "ana", m, p.action, p.value)
	}
	_, err = h.c.WaitMessage(limit(t), channel, "ana", func(n sandboxtest.Message) bool {
		said := shows(n.Text, n.Blocks)
		return seen[n.TS+said] == 0 && contains(said, p.answers...)
	})
	if err != nil {
		t.Fatalf("%s %q: want an answer with %q: %v", p.action, p.value, p.answers, err)
	}
}

// TestButtonsOfOldMessages: hours later, after the incident, after a restart and
// after the product left the configuration each button of an update does one thing,
// or says in a sentence why it does not.
func TestButtonsOfOldMessages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.commands(t)
	h.poster(t)
	updates := goes(t, "updater", h.updater(nil).Run)
	h.types(t, "ana", "/status start Invoices")
	update := h.left(t, h.sees(t, channel, "ana", "Impact update #1"))
	drill := h.left(t, h.answers(t, "ana", "/status billing"))
	summary := h.left(t, h.answers(t, "ana", "/status"))
	h.presses(t, update, pressed{format.ActionRest, format.ActionAck, []string{"you look into Billing"}})
	h.types(t, "ana", "/status stop")
	h.sees(t, channel, "ana", "Updates ended by")
	updates()
	written := len(h.journal.All())
	for _, p := range []pressed{
		{format.ActionRest, format.ActionMore, []string{"No updates come to this channel now."}},
		{format.ActionRest, format.ActionLess, []string{"No updates come to this channel now."}},
		{format.ActionRest, format.ActionAck, []string{"has no incident now"}},
		{format.ActionSources, "", []string{"checks.d/billing.yaml"}},
		{format.ActionRest, format.ActionAll, []string{"Payroll", "no check"}},
		{format.ActionProduct, "billing", []string{"connection reset by peer"}},
	} {
		h.presses(t, update, p)
	}
	for _, p := range []pressed{
		{format.ActionAck, "product:billing", []string{"has no incident now"}},
		{format.ActionRest, "refresh product:billing", []string{"Billing fails"}},
	} {
		h.presses(t, drill, p)
	}

	def := publishtest.Acme()
	def.Products, def.Checks = def.Products[1:], nil // billing is gone
	h.feeder.Board.Redefine(def)
	const gone = "The product `billing` is no longer in the configuration"
	h.presses(t, update, pressed{format.ActionProduct, "billing", []string{gone}})
	for _, p := range []pressed{
		{format.ActionCheck, "pay", []string{"The check `pay` is no longer in the configuration"}},
		{format.ActionSources, "product:billing", []string{gone}},
		{format.ActionNow, "product:billing", []string{gone}},
		{format.ActionWatch, "product:billing", []string{gone}},
		{format.ActionAck, "product:billing", []string{gone}},
		{format.ActionRest, "share product:billing", []string{gone}},
	} {
		h.presses(t, drill, p)
	}
	for _, m := range h.posts(t, channel) {
		if said := shows(m.Text, m.Blocks); contains(said, "no longer in the configuration") {
			t.Errorf("all are told of it: %s", said)
		}
	}
	if now := len(h.journal.All()); now != written {
		t.Errorf("%d events were written by buttons of what is over", now-written)
	}
	posts := len(h.posts(t, channel))
	h.presses(t, summary, pressed{format.ActionShare, "summary", []string{"shared"}})
	until(t, "it is shared", func() bool { return len(h.posts(t, channel)) > posts })
	if n := len(h.posts(t, channel)); n != posts+1 {
		t.Errorf("pressed twice it is shared %d times", n-posts)
	}
}
