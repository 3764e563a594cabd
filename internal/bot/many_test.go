package bot_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// TestTwentyIncidentsStayWithinSlacksLimits: twenty open incidents at one
// minute make twenty edits a minute, of the fifty that Slack takes. Here two
// such minutes and the first posts come within seconds, and none is refused.
// Then five more come at once, as after an hour of silence: a channel that Slack
// holds back waits as long as Slack says.
func TestTwentyIncidentsStayWithinSlacksLimits(t *testing.T) {
	t.Parallel()
	const n = 20
	channels := []string{channel}
	for i := range n {
		channels = append(channels, fmt.Sprintf("incident-%02d", i))
	}
	h := newHouse(t, publishtest.Acme(), sandbox.Config{Channels: channels})
	h.feeder.At = time.Now().Add(-2 * time.Hour)
	h.feeder.Feed(300, nil)
	begin := h.feeder.At
	var ids []string
	for _, name := range channels[1:] {
		id, err := h.api.Channel(limit(t), name)
		check(t, err)
		ids = append(ids, id)
		_, err = h.ledger.Write(t.Context(), func(log incident.Log) (incident.Event, error) {
			return log.Start(begin, ana, id, "", time.Minute)
		})
		check(t, err)
	}
	h.poster(t, func(p *bot.Poster) { p.Started = begin })
	u := h.updater(nil)
	minute := func(k int) {
		t.Helper()
		h.feeder.Feed(60, nil)
		check(t, u.Step(t.Context(), begin.Add(time.Duration(k)*time.Minute)))
	}
	delivered := func(what string) {
		t.Helper()
		for _, id := range ids {
			until(t, what+" is everywhere", func() bool {
				list, err := h.c.Messages(limit(t), id, "ana")
				if err != nil {
					return false
				}
				for _, m := range list {
					if contains(shows(m.Text, m.Blocks), what) {
						return true
					}
				}
				return false
			})
		}
	}
	for k := range 3 {
		minute(k)
		delivered(fmt.Sprintf("Impact update #%d:", k+1))
	}
	refused := func() (list []sandboxtest.LogEntry) {
		for _, m := range []string{"chat.postMessage", "chat.update"} {
			for _, e := range h.calls(t, m) {
				if contains(string(e.Answer), "ratelimited") {
					list = append(list, e)
				}
			}
		}
		return list
	}
	if k := len(refused()); k != 0 {
		t.Errorf("%d calls were refused within the limits", k)
	}
	for k := 3; k < 8; k++ {
		minute(k)
	}
	until(t, "every channel was tried again", func() bool {
		times := map[string]int{}
		for _, e := range h.calls(t, "chat.update") {
			times[fmt.Sprint(e.Args["channel"])]++
		}
		for _, id := range ids {
			if times[id] < 3 {
				return false
			}
		}
		return true
	})
	// No storm of them: who is refused waits as long as it was told, a second at least.
	list := refused()
	last := map[string]time.Time{} // :: channel -> when it was refused
	for _, e := range list {
		id := fmt.Sprint(e.Args["channel"])
		if waited := e.At.Sub(last[id]); waited < time.Second-50*time.Millisecond { // between two answers
			t.Errorf("%s was refused twice within %v", id, waited)
		}
		last[id] = e.At
	}
	if len(list) == 0 {
		t.Error("nothing was refused: nothing was tried")
	}
}
