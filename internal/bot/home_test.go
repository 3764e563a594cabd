package bot_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// atHome makes a house with a home.
func atHome(t *testing.T, access *bot.Access) *house {
	t.Helper()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.home = &bot.Home{Board: h.feeder.Board, API: h.api, Outbox: h.outbox, Access: access, Log: zap.NewNop(), Now: time.Now}
	h.home.SetPace(10*time.Millisecond, 20*time.Millisecond)
	h.feeder.Feed(300, nil)
	return h
}

// TestTheHome shows the board, an incident with its link, what nobody checks,
// and a product when it is chosen.
func TestTheHome(t *testing.T) {
	t.Parallel()
	h := atHome(t, nil)
	h.home.Watches = func(user string) []string { return map[string][]string{ana: {"lake"}}[user] }
	h.commands(t)
	h.poster(t)
	goes(t, "updater", h.updater(nil).Run)
	anas := sandboxtest.In(t, h.c).As("ana")
	home := anas.Home().Says("2 of 3 products as usual", "No incident is open.", "1 product without a check", "Payroll (no owner named)", "My watches", "Data Lake as usual")

	says(t, h.types(t, "ana", "/status start Cards <!channel> fail"), "Updates now come")
	m := h.sees(t, channel, "ana", "Impact update #1")
	home = home.Click("Refresh")
	until(t, "the home links to the update", func() bool {
		home.Click("Refresh")
		_, view, err := h.c.Views(limit(t), "ana")
		check(t, err)
		return strings.Contains(mustJSON(t, view), "/archives/"+channelID+"/p"+strings.ReplaceAll(m.TS, ".", ""))
	})
	home = home.Says("1 open incident", "Incident 1", "fail")
	if _, view, err := h.c.Views(limit(t), "ana"); err != nil || strings.Contains(mustJSON(t, view), "<!channel>") {
		t.Errorf("a ping is alive in %s, %v", mustJSON(t, view), err)
	}
	home = home.Choose("Product…", "Billing").Says("Billing is as usual", "pay")
	for _, gone := range []string{"Share in channel", "Probe now"} {
		if strings.Contains(mustJSON(t, home.View), gone) {
			t.Errorf("the home offers %q", gone)
		}
	}
	home.Choose("rest", "Summary").Says("2 of 3 products as usual").Click("Figures").Says("These figures come from 3 checks")
}

// TestTheHomeFollowsTheBoard of those who look at it, and what they look at.
func TestTheHomeFollowsTheBoard(t *testing.T) {
	t.Parallel()
	h := atHome(t, nil)
	h.commands(t)
	goes(t, "home", h.home.Run)
	as := sandboxtest.In(t, h.c).As
	anas := as("ana").Home().Says("2 of 3 products as usual")
	bens := as("ben").Home().Choose("Product…", "Billing").Says("Billing is as usual")
	h.feeder.Feed(200, publishtest.Always("pay", "ledger"))
	anas.Says("Billing is down")
	bens.Says("Billing is down: all ")
	calls := h.calls(t, "views.publish")
	// Nothing changes any more: nobody's home is published again.
	h.feeder.Feed(5, publishtest.Always("pay", "ledger"))
	says(t, h.types(t, "ana", "/status"), "down")
	if n := len(h.calls(t, "views.publish")) - len(calls); n > 1 {
		t.Errorf("published %d times more", n)
	}
}

// TestAHomeThatChangedMeanwhile: what a person asks for is shown although
// another process has published since.
func TestAHomeThatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	h := atHome(t, nil)
	h.commands(t)
	anas := sandboxtest.In(t, h.c).As("ana")
	home := anas.Home().Says("2 of 3 products as usual")
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "error", Error: "hash_conflict", Methods: []string{"views.publish"}, Count: 1}))
	home.Choose("Product…", "Billing").Says("Billing is as usual")
}

// TestAGuestAtHome reads why nothing is there.
func TestAGuestAtHome(t *testing.T) {
	t.Parallel()
	h := atHome(t, nil)
	h.access = &bot.Access{Policy: byDefault, People: &bot.People{API: h.api, Log: zap.NewNop(), Now: time.Now}, Log: zap.NewNop()}
	h.commands(t)
	sandboxtest.In(t, h.c).As("gabi").Home().Says("Guests and people of other workspaces cannot")
}

// TestADirectMessageIsAnswered there, for everybody to read who is in it: the
// one person. The bot does not answer itself, nor an edit.
func TestADirectMessageIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, nil)
	h.commands(t)
	anas := sandboxtest.In(t, h.c).As("ana")
	m := anas.DM().Type("billing").Public("Billing is as usual")
	if strings.Contains(string(m.Message.Blocks), "Share in channel") {
		t.Error("it offers to share with a channel")
	}
	anas.DM().Type("<@U0STATUSBOT> billing pay").Public("pay: 0 of ")
	anas.DM().Type("bilingg").Public("Did you mean `billing`?")
	m.Reply("sources").Public("These figures come from 3 checks")
	m.Choose("rest", "Summary")
	m.Says("2 of 3 products as usual")
	all, err := h.c.Messages(limit(t), "@statusbot", "ana")
	check(t, err)
	if n := len(all); n != 8 {
		t.Errorf("there are %d messages, want four questions and their answers", n)
	}
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	check(t, err)
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(data))
}
