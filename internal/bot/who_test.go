package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// byDefault is the policy without a configuration.
func byDefault() bot.Policy {
	return bot.Policy{Read: bot.Who{Everyone: true}, Write: bot.Who{Members: true}, Respond: bot.Who{Members: true}}
}

// guarded is a house with a policy; logs are what the operator is told.
func guarded(t testing.TB, p bot.Policy) (*house, *observer.ObservedLogs) {
	t.Helper()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	core, logs := observer.New(zap.InfoLevel)
	h.access = &bot.Access{Policy: func() bot.Policy { return p }, Home: func() string { return channelID }, Log: zap.New(core),
		People: &bot.People{API: h.api, Log: zap.New(core), Now: time.Now}}
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.probe = func(context.Context, []string) <-chan checks.Result { // one that ends at once
		h.probed.Add(1)
		out := make(chan checks.Result)
		close(out)
		return out
	}
	h.commands(t)
	return h, logs
}

// TestWhoMayDoWhat is a day in a workspace with guests.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	h, _ := guarded(t, byDefault())
	ctx := limit(t)

	// A guest sees nothing before updates come to the channel; then their line.
	says(t, h.types(t, "gabi", "/status"), "Guests and people of other workspaces cannot ask how things are here.", "Where updates come")
	says(t, h.types(t, "gabi", "/status start"), "cannot begin updates", "Members of this channel can: ask one of them.")
	says(t, h.types(t, "ben", "/status start"), "every 5 min")
	line := h.types(t, "hugo", "/status")
	says(t, line, "Billing fails ")
	if said := shows(line.Reply.Text, line.Reply.Blocks); strings.Contains(said, "Data Lake") || strings.Contains(said, "action_id") {
		t.Errorf("a guest sees more than the line:\n%s", said)
	}
	for _, text := range []string{"/status billing", "/status billing now", "/status sources", "/status help", "/status stop", "/status every 10m"} {
		says(t, h.types(t, "gabi", text), "Guests and people of other workspaces cannot ")
	}
	if n := len(h.journal.All()); n != 1 {
		t.Errorf("%d events, want the one of ben", n)
	}
	says(t, h.types(t, "ben", "/status billing now"), "Probing the 2 checks of Billing")
	h.sees(t, channel, "ben", "Billing, probed just now")
	if n := h.probed.Load(); n != 1 {
		t.Errorf("%d probes, want the one of ben", n)
	}

	// A channel that the bot is not in: it cannot see who is.
	check(t, h.c.Channel(ctx, "secret", map[string]bool{"private": true, "bot_member": false}))
	a, err := h.c.Command(ctx, "secret", "ana", "/status start")
	check(t, err)
	says(t, a, "statusbot is not in this channel", "`/invite @statusbot`")
	if n := len(h.journal.All()); n != 1 {
		t.Errorf("%d events, want the one of ben", n)
	}
}

// TestMentionsAndButtonsOfGuests: whichever way they ask.
func TestMentionsAndButtonsOfGuests(t *testing.T) {
	t.Parallel()
	h, logs := guarded(t, byDefault())
	ctx := limit(t)
	a, err := h.c.Command(ctx, "general", "xenia", "@statusbot billing")
	check(t, err)
	if !a.Acked {
		t.Fatalf("%+v", a)
	}
	h.sees(t, "general", "xenia", "Guests and people of other workspaces cannot ask how a product is here.")

	h.poster(t)
	goes(t, "updater", h.updater(nil).Run)
	says(t, h.types(t, "ben", "/status start"), "every 5 min")
	m := h.sees(t, channel, "gabi", "Impact update #1")
	for action, value := range map[string]string{format.ActionSources: "", format.ActionRest: format.ActionMore, format.ActionProduct: "billing"} {
		h.uses(t, "gabi", m, action, value)
	}
	h.sees(t, channel, "gabi", "cannot change how often updates come")
	h.sees(t, channel, "gabi", "cannot ask how a product is")
	h.sees(t, channel, "gabi", "cannot ask where the figures come from")
	// Who only looks into a public channel from outside sees its buttons too.
	check(t, h.c.Members(ctx, channel, nil, []string{"chandra"}))
	h.uses(t, "chandra", m, format.ActionRest, format.ActionLess)
	h.sees(t, channel, "chandra", "Only members of this channel can change how often updates come.", "Join the channel")
	h.uses(t, "chandra", m, format.ActionProduct, "billing")
	h.sees(t, channel, "chandra", "connection reset by peer")
	if n := len(h.journal.Events(incident.Cadence)); n != 0 {
		t.Errorf("%d changes of the interval, want none", n)
	}
	if logs.FilterMessage("refused").Len() != 5 {
		t.Errorf("the log has %d refusals, want 5", logs.FilterMessage("refused").Len())
	}
}

// TestRespondersByGroup: a user group by handle and by id; the buttons of the
// answer are the groups' too.
func TestRespondersByGroup(t *testing.T) {
	t.Parallel()
	p := byDefault()
	p.Write = bot.Who{Groups: []string{"@oncall"}, Users: []string{ana}}
	h, _ := guarded(t, p)
	says(t, h.types(t, "ana", "/status start"), "every 5 min") // by name
	says(t, h.types(t, "ben", "/status every 10m"), "every 10 min")
	says(t, h.types(t, "gabi", "/status stop"), "cannot end a channel's updates", "@oncall and <@"+ana+"> can")

	p.Write = bot.Who{Groups: []string{"S0LEADS001"}}
	h.access.Policy = func() bot.Policy { return p } // as after a reload
	says(t, h.types(t, "ben", "/status stop"), "Only <!subteam^S0LEADS001> can end")
	says(t, h.types(t, "ana", "/status stop"), "Updates end")
}

// TestSlackThatDoesNotSay: nothing is changed in doubt, reading goes on, and
// the sentence says what is missing.
func TestSlackThatDoesNotSay(t *testing.T) {
	t.Parallel()
	p := byDefault()
	p.Respond = bot.Who{Groups: []string{"@oncall"}}
	for _, tt := range []struct {
		name    string
		without []string
		fault   sandboxtest.Fault
		want    []string
	}{
		{"no users:read", []string{"users:read"}, sandboxtest.Fault{Mode: "ok"}, []string{"may not ask Slack who you are", "`users:read`", "Members of this channel can"}},
		{"no channels:read", []string{"channels:read"}, sandboxtest.Fault{Mode: "ok"}, []string{"may not ask Slack who is in the channel", "`channels:read`"}},
		{"users.info fails", nil, sandboxtest.Fault{Mode: "error", Methods: []string{"users.info"}}, []string{"Slack did not say who you are", "Try again in a minute"}},
		{"users.info is limited", nil, sandboxtest.Fault{Mode: "ratelimit", Methods: []string{"users.info"}}, []string{"Slack did not say who you are"}},
		{"members are slow", nil, sandboxtest.Fault{Mode: "slow", DelayMS: 5000, Methods: []string{"conversations.members"}}, []string{"Slack did not say who is in the channel"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.fault.DelayMS > 0 {
				inTime(t)
			}
			h, logs := guarded(t, p)
			ctx := limit(t)
			_, err := h.c.Settings(ctx, sandboxtest.SettingsChange{Without: tt.without})
			check(t, err)
			check(t, h.c.Faults(ctx, tt.fault))
			says(t, h.types(t, "ana", "/status billing"), "29 of 580")
			says(t, h.types(t, "ana", "/status start"), append(tt.want, "nothing was changed")...)
			if len(h.journal.All()) != 0 {
				t.Error("something was changed")
			}
			if logs.FilterMessage("Slack does not say who may act").Len() == 0 {
				t.Error("the operator is not told why")
			}
		})
	}
}

// TestKnownPeopleActWhileSlackIsSilent: who was seen in the channel minutes
// ago is not locked out by an outage of Slack's.
func TestKnownPeopleActWhileSlackIsSilent(t *testing.T) {
	t.Parallel()
	h, _ := guarded(t, byDefault())
	says(t, h.types(t, "ana", "/status start"), "every 5 min")
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "error", Methods: []string{"users.info", "conversations.members"}}))
	says(t, h.types(t, "ana", "/status every 10m"), "every 10 min")
	says(t, h.types(t, "ben", "/status stop"), "Slack did not say who you are")
}
