package bot_test

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
)

// TestAsPeopleSayIt: what is typed to commands is taken as it is meant, or asked
// back; nothing is done to what a sentence only touches.
func TestAsPeopleSayIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay")) // billing is degraded
	h.commands(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"/status stop billing", []string{"Nothing was changed"}},
		{"/status is anything broken?", []string{"Billing fails "}},
		{"/status how are we doing", []string{"Billing fails "}},
		{"/status good morning", []string{"Ask me how a product is"}},
		{"/status why?", []string{"No component is declared"}},
		{"/status list checks", []string{"checks.d/billing.yaml"}},
		{"/status is biling ok", []string{"Billing fails"}},
		{"/status is bilng ok", []string{"Did you mean `/status billing`?"}},
		{"/status billing and lake", []string{"Only Billing, Data Lake.", "Billing fails "}},
		{"/status biling nd lake", []string{"Only Billing, Data Lake.", "Billing fails "}},
		{"/status billing and mial", []string{"I don't know `mial`. This is Billing alone.", "Billing fails "}},
		{"/status is slack down?", []string{"No component is declared as `slack`, so I cannot tell of it."}},
		{"/status 1350", []string{"Did you mean `/status since 13:50`?"}},
		{"/status what can you do?", []string{"*What is it like?*"}},
		{"/status help mark", []string{"`/status mark TEXT` an action was tried", "`/status mark 13:50 TEXT`", "`/status unmark`"}},
		{"/status how do I stop updates?", []string{"`/status stop` end the updates"}},
		{"/status help payroll", []string{"`help` takes nothing more: `payroll` was not read.", "*What is it like?*"}},
		{"/status watch all", []string{"One product is watched at a time"}},
		{"/status watch billing and lake", []string{"is not one product", "`/status watch billing` · `/status watch lake`"}},
		{"/status remove", []string{"Say which check"}},
		{"/status mute whatever it is that billing does for 2h moving", []string{"is no product", "Did you mean `/status mute billing`?"}},
		{"/status start", []string{"every 5 min"}},
		{"/status every five minutes", []string{"every 5 min"}},
		{"/status every hour please", []string{"every hour"}},
		{"/status every 5m billing", []string{"`billing` is to mean", "Nothing was changed", "`/status every 5min`"}},
		// Words that begin a time, and none follows: this was "could not write it down".
		{"/status mark in the cupboard pulled the plug", []string{"Marked: “in the cupboard pulled the plug”."}},
		{"/status mark this was me", []string{"Marked: “this was me”.", "`/status correct #2 TEXT`", "`/status unmark #2`"}},
		{"/status mark just now restarted lb-3", []string{"Marked: “restarted lb-3”."}},
		{"/status mark 2m ago: restarted lb-3", []string{"Marked: “restarted lb-3”, done "}},
		{"/status mark 13:50", []string{"Say as well what was done `13:50`. Nothing was written down."}},
		{"/status mark last night rolled back", []string{"`last night` is no time that I can measure at", "`/status mark 13:50 rolled back`"}},
		{"/status mark 25:00 rolled back", []string{"`25:00` is no time"}},
		{"/status unmark #1 please", []string{"Withdrawn: “in the cupboard pulled the plug”.", "as #1"}},
		{"/status unmark the last one", []string{"Withdrawn: “restarted lb-3”.", "as #4"}},
		{"/status mark today's deploy of “fra” rolled back", []string{"Marked: “today's deploy of fra rolled back”."}},
		{"/status mark 22.04 images rolled back", []string{"Marked: “22.04 images rolled back”."}},
		{"/status report please", []string{"incident 1"}},
		{"/status ack billing and lake", []string{"you look into Billing, Data Lake"}},
		{"/status unack all", []string{"you no longer look into"}},
		{"/status ack everything", []string{"you look into Billing"}},
		{"/status since this", []string{"`this` is not a time"}},
		{"/status stop it now", []string{"Nothing was changed"}},
		{"/status stop now please", []string{"I do not know what `now` is to mean", "Nothing was changed"}},
		{"/status stop the updates in this channel please", []string{"Updates end"}},
	} {
		says(t, h.types(t, "ana", tt.text), tt.want...)
	}
	if n := len(h.journal.Events(incident.Mark)); n != 6 {
		t.Errorf("%d marks are written down, want 6", n)
	}
	now := time.Now()
	says(t, h.types(t, "ana", "/status mute payroll tomorrow 22:00 for 2h moving"), "Payroll will be in maintenance from ")
	says(t, h.types(t, "ana", "/status mute payroll from tomorrow 23:00 to 23:30 again"), "Payroll ")
	for _, e := range h.journal.Events(incident.Mute) {
		if !e.Begins.After(now) {
			t.Errorf("a mute of tomorrow began at once: %+v", e)
		}
	}
	if n := len(h.journal.Events(incident.Mute)); n > 2 {
		t.Errorf("%d mutes are written down, want at most 2", n)
	}
}

// TestVagueWordsChangeNothing: whatever is typed that names no command to change
// something is answered, and nothing is written down.
func TestVagueWordsChangeNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.commands(t)
	h.types(t, "ana", "/status start")
	n := h.journal.Len()
	list := bot.VaguePhrases()
	for i, text := range list {
		if i%longtest.Of(4, 1) > 0 {
			continue // all of them take seconds
		}
		if a := h.types(t, "ana", "/status "+text); a.Reply == nil || a.Reply.Text == "" {
			t.Errorf("%q is not answered", text)
		}
		if h.journal.Len() > n {
			t.Fatalf("%q wrote %+v", text, h.journal.All()[n])
		}
	}
	if len(list) < 400 {
		t.Errorf("%d phrases", len(list))
	}
	for text, want := range map[string]string{
		"everything but billing":              "Without Billing.",
		"payments":                            "Billing fails ",
		"restart billing":                     "Nothing was done to Billing: I only measure. Once you did it: `/status mark restarted billing`",
		"resolve billing":                     "Nothing was changed: Billing recovers when its checks say so.",
		"escalate billing":                    "I call nobody.",
		"escalate":                            "I call nobody.",
		"billing at 13:50":                    "These figures are of now. What changed since `13:50`, on all products: `/status since 13:50`",
		"billing this month":                  "These figures are of now, not of `this month`.",
		"billing watch":                       "`watch` stands in front, so it was not read: `/status watch billing`",
		"billing timeline":                    "`timeline` is for all products together: `/status timeline`",
		"is it dns?":                          "No component is declared as `dns`",
		"has anyone restarted lb-3":           "Timeline of incident",
		"/giphy billing fire":                 "I don't know `/giphy billing fire`",
		"version":                             "statusbot `1.2.3`.",
		"dashboard":                           "The page: <https://status.example.com/|https://status.example.com/>",
		"uptime this month":                   "These figures are of now, not of `this month`. Days and months: <https://status.example.com/|the page> · `statusbot availability` on a terminal",
		"billing last month":                  "not of `last month`. Days and months: <https://status.example.com/products/billing|the page>",
		"billing and lake":                    "Only Billing, Data Lake.",
		"sla":                                 "These figures are of now. Days and months: ",
		"mute billing and lake for 1h moving": "`billing and lake` is not one product. Which one? `/status mute billing for 1h moving` · `/status mute lake for 1h moving`",
		"mute billing and foo for 1h x":       "is no product",
		"mark half past one restarted lb-3":   "`half past one` is no time that I can measure at, so nothing was written down",
		"sev1 billing is down":                "Nothing was changed. If you mean that: `/status severity 1`",
	} {
		says(t, h.types(t, "ana", "/status "+text), want)
	}
}
