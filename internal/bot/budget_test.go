package bot_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
)

// spender is an incident whose updates want to be edited in.
type spender struct {
	due    time.Time // of the newest update; zero when it is delivered
	again  time.Time // when it asks again
	urgent bool
}

// spend plays an hour of so many incidents, each with an update a minute and
// now and then one that cannot wait. It returns when edits were made, and the
// longest waits.
func spend(incidents int, b *bot.Budget) (made []time.Time, regular, urgent time.Duration) {
	draw := rand.New(rand.NewPCG(7, 7))
	list := make([]spender, incidents)
	begin := time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)
	for at := begin; at.Before(begin.Add(time.Hour)); at = at.Add(50 * time.Millisecond) {
		for i := range list {
			s := &list[i]
			since := at.Sub(begin)
			if since%time.Minute == 0 { // all at the same instant
				if s.due.IsZero() {
					s.due, s.again = at, at
				}
				s.again = at
			}
			if draw.IntN(incidents*1200) == 0 { // once a minute, one of them
				if s.due.IsZero() || !s.urgent {
					s.due = at
				}
				s.again, s.urgent = at, true
			}
			if s.due.IsZero() || at.Before(s.again) {
				continue
			}
			if wait := b.Edit(fmt.Sprint(i), s.urgent, at); wait > 0 {
				s.again = at.Add(wait)
				continue
			}
			made = append(made, at)
			waited := at.Sub(s.due)
			if s.urgent {
				urgent = max(urgent, waited)
			} else {
				regular = max(regular, waited)
			}
			*s = spender{}
		}
	}
	return made, regular, urgent
}

// TestTheBudgetHolds: in no minute more edits than Slack takes, however many
// incidents there are, and nobody waits for ever.
func TestTheBudgetHolds(t *testing.T) {
	for _, tt := range []struct {
		incidents       int
		regular, urgent time.Duration // the longest that one may wait
		least           int           // edits in the hour
	}{
		{1, 0, 0, 59},
		{20, 25 * time.Second, 2 * time.Second, 20 * 59},
		{30, 45 * time.Second, 2 * time.Second, 30 * 59},
		{100, 4 * time.Minute, 2 * time.Second, 34 * 60}, // more than can be: the newest of each, in turn
	} {
		made, regular, urgent := spend(tt.incidents, &bot.Budget{})
		if regular > tt.regular || urgent > tt.urgent {
			t.Errorf("%d incidents: an edit waited for %v, one that cannot wait for %v; want at most %v and %v", tt.incidents, regular, urgent, tt.regular, tt.urgent)
		}
		if len(made) < tt.least {
			t.Errorf("%d incidents: %d edits in the hour, want at least %d", tt.incidents, len(made), tt.least)
		}
		most := 0
		for i, j := 0, 0; i < len(made); i++ {
			for made[i].Sub(made[j]) >= time.Minute {
				j++
			}
			most = max(most, i-j+1)
		}
		if most > 50 {
			t.Errorf("%d incidents: %d edits within a minute, want at most 50", tt.incidents, most)
		}
		t.Logf("%d incidents: %d edits, at most %d in a minute, longest wait %v, when urgent %v", tt.incidents, len(made), most, regular, urgent)
	}
}

// TestThePostsOfAChannel: one a second, after the first two.
func TestThePostsOfAChannel(t *testing.T) {
	b := &bot.Budget{}
	at := time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)
	for i, want := range []time.Duration{0, 0, time.Second} {
		if got := b.Post("C1", at); got != want {
			t.Errorf("post %d waits for %v, want %v", i+1, got, want)
		}
	}
	if got := b.Post("C2", at); got != 0 {
		t.Errorf("another channel waits for %v", got)
	}
	if got := b.Post("C1", at.Add(time.Second)); got != 0 {
		t.Errorf("a second later it waits for %v", got)
	}
	for i := range 400 {
		if wait := b.Post(fmt.Sprint(i), at.Add(2*time.Second)); wait > 0 {
			if i < 50 {
				t.Errorf("post %d over all channels waits for %v", i, wait)
			}
			return
		}
	}
	t.Error("nothing bounds the posts over all channels")
}

// TestTwentyIncidentsAtOnce is an evening when everything breaks: twenty
// channels with an incident each, updates once a minute, Slack's limits in
// force and both clocks sixty times as fast. Slack never says that it is too
// much, nobody is left out, and what is worse does not wait for what is
// regular. (That a round fits into its minute is TestTheBudgetHolds.)
func TestTwentyIncidentsAtOnce(t *testing.T) {
	t.Parallel()
	const speed, n = 60, 20
	cfg := sandbox.Config{LimitSpeed: speed}
	for i := range n {
		cfg.Channels = append(cfg.Channels, fmt.Sprintf("inc-%02d", i))
	}
	h := newHouse(t, publishtest.Acme(), cfg)
	h.feeder.Feed(120, nil)
	now := h.feeder.At
	ids := make([]string, n)
	for i, name := range cfg.Channels {
		id, err := h.api.Channel(limit(t), name)
		check(t, err)
		ids[i] = id
		_, err = h.ledger.Write(limit(t), func(log incident.Log) (incident.Event, error) {
			return log.Start(now, ana, id, name, time.Minute)
		})
		check(t, err)
	}
	budget := &bot.Budget{Speed: speed}
	sharing := func(p *bot.Poster) { p.Budget = budget }
	stop := h.poster(t, sharing)
	u := h.updater(nil)
	keys := func(i int) string { return fmt.Sprintf("updates/inc-%d", i+1) }
	ahead := func(d time.Duration) time.Time { // the clock of the incidents
		h.feeder.Feed(int(d/time.Second), nil)
		return h.feeder.At
	}
	check(t, u.Step(limit(t), now))
	for i, id := range ids {
		h.delivered(t, id, keys(i))
	}
	for range 3 { // minute upon minute, as fast as the budget lets them
		check(t, u.Step(limit(t), ahead(61*time.Second)))
		for i, id := range ids {
			h.delivered(t, id, keys(i))
		}
	}

	// All are due again, and one is worse: that one goes first.
	stop() // so that none of them goes before all are there
	check(t, u.Step(limit(t), ahead(61*time.Second)))
	h.puts(t, put{dest: ids[n-1], key: keys(n - 1), n: 99, post: 1}, urgent)
	h.poster(t, sharing)
	for i, id := range ids {
		h.delivered(t, id, keys(i))
	}
	log := h.calls(t, "chat.")
	behind := 0
	for _, e := range log {
		if bytes.Contains(e.Answer, []byte("ratelimited")) || e.Status == 429 {
			t.Errorf("Slack says %s to %s", e.Answer, e.Method)
		}
		if text, _ := e.Args["text"].(string); strings.HasPrefix(text, "update 99 ") {
			behind = 0
		} else if e.Method == "chat.update" {
			behind++
		}
	}
	if behind == 0 {
		t.Error("what was worse came last, behind all that was regular")
	}
	edits := h.calls(t, "chat.update")
	if len(edits) < 4*n {
		t.Errorf("%d edits, want each of the 4 rounds in %d channels", len(edits), n)
	}
}
