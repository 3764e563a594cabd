package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// hostile is what a script, a server or a person may put in front of everybody.
const hostile = "<!channel> <!here> <@" + ana + "> <@" + ana + "|ana> & *bold* `code` ```pre``` <https://evil.example|click>\n:red_circle:\u202e"

// TestHostileTextPingsNobody: names, summaries, evidence, titles and commands
// come from outside; nothing in them mentions anybody.
func TestHostileTextPingsNobody(t *testing.T) {
	t.Parallel()
	def := publishtest.Acme()
	for i := range def.Products {
		def.Products[i].Name += " " + hostile
		def.Products[i].Owner, def.Products[i].SaysDegraded, def.Products[i].SaysOutage = hostile, hostile, hostile
	}
	for i := range def.Checks {
		def.Checks[i].Owner, def.Checks[i].Source = hostile, checks.Source{File: hostile, Line: 1}
	}
	h := newHouse(t, def, sandbox.Config{NoRateLimit: true})
	for i := range 120 {
		var batch []checks.Result
		for _, c := range def.Checks {
			batch = append(batch, checks.Result{Check: c.ID, Product: c.Product, Started: time.Now().Add(time.Duration(i-120) * time.Second),
				Outcome: checks.Fail, Reason: checks.Reason(hostile), Summary: hostile,
				Evidence: &checks.Evidence{Remote: hostile, Output: hostile, Script: hostile, Perf: []checks.Perf{{Label: hostile, Value: 1, Unit: hostile}}}})
		}
		h.feeder.Board.Apply(uint64(i+1), batch)
	}
	h.commands(t)
	h.poster(t)
	goes(t, "updater", h.updater(in(generalID)).Run)
	for _, text := range []string{"/status", "/status billing", "/status billing pay", "/status pay", "/status sources", "/status cause", "/status help",
		"/status " + hostile, "/status every " + hostile, "/status start " + hostile, "/status start", "/status every " + hostile, "/status"} {
		a := h.types(t, "ben", strings.ReplaceAll(text, "\n", " "))
		if strings.HasPrefix(text, "/status billing") && a.Reply != nil {
			m, err := h.c.WaitMessage(limit(t), channel, "ben", func(m sandboxtest.Message) bool { return m.TS == a.TS })
			check(t, err)
			if text == "/status billing" { // its buttons are fewer: that one is behind the three dots
				h.uses(t, "ben", m, format.ActionRest, "share product:billing")
			} else {
				h.uses(t, "ben", m, format.ActionShare, "")
			}
		}
	}
	_, err := h.c.Command(limit(t), channel, "ben", "@statusbot help")
	check(t, err)
	h.sees(t, channel, "ben", "Impact update #1")
	h.sees(t, "general", "ben", "Impact update #1", "detected")
	until(t, "both answers are shared", func() bool { return len(h.posts(t, channel)) >= 3 })
	h.types(t, "ben", "/status stop")
	h.sees(t, channel, "ana", "Updates ended by")
	messages := 0
	for _, ch := range []string{channel, "general"} {
		all, err := h.c.Messages(limit(t), ch, "ben")
		check(t, err)
		for _, m := range all {
			if m.BotID == "" {
				continue
			}
			messages++
			for _, id := range m.Pings.Users {
				if id != ben { // who started, ended or shared it
					t.Errorf("%s pings %s:\n%s", m.TS, id, shows(m.Text, m.Blocks))
				}
			}
			if m.Pings.Channel || m.Pings.Here || m.Pings.Everyone {
				t.Errorf("%s pings %+v:\n%s", m.TS, m.Pings, shows(m.Text, m.Blocks))
			}
			if said := shows(m.Text, m.Blocks); strings.Contains(said, "|click>") || strings.Contains(said, "\u202e") {
				t.Errorf("%s has a link or a direction mark from outside:\n%s", m.TS, said)
			}
		}
	}
	if messages < 15 {
		t.Errorf("%d messages were looked at, want all of at least 15", messages)
	}
}
