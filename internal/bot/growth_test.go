package bot_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

// TestAQueueEndsWhenItIsEmpty: there are as many as there are places with
// something to deliver, however many had.
func TestAQueueEndsWhenItIsEmpty(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	var p *bot.Poster
	h.poster(t, func(made *bot.Poster) { p = made })
	for round := range 2 {
		for _, dest := range []string{channelID, generalID, ana, ben} {
			h.puts(t, put{dest: dest, n: round + 1, post: 1})
		}
		for _, dest := range []string{channelID, generalID, ana, ben} {
			h.delivered(t, dest, key)
		}
		until(t, "no queue is left", func() bool { return p.Queues() == 0 })
	}
	h.wantPosts(t, channel, "update 2 of updates/inc-1.")
}

// TestStuckForgetsWhatIsOver: what was told of incidents that ended long ago is
// not remembered, and nothing is told of them.
func TestStuckForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	board, outbox := status.NewBoard(publishtest.Acme()), &publishtest.Outbox{}
	now, seq := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), uint64(0)
	add := func(e incident.Event) {
		seq++
		e.Seq, e.At = seq, now
		board.ApplyEvent(e)
	}
	stuck := &bot.Stuck{Board: board, Outbox: outbox, Log: zap.NewNop(), Now: func() time.Time { return now }}
	for n := 1; n <= 50; n++ {
		id := incident.ID(n)
		add(incident.Event{Incident: id, Kind: incident.Opened, Number: n, Channel: fmt.Sprint("C", n), By: ana, Every: time.Hour})
		for range 2 {
			stuck.Tell(t.Context(), "", publish.UpdatesKey(id), "is_archived")
		}
		add(incident.Event{Incident: id, Kind: incident.Resolved})
		now = now.Add(30 * time.Hour)
		stuck.Tell(t.Context(), "", publish.UpdatesKey(id), "is_archived")
	}
	if n := len(outbox.Entries()); n != 50 {
		t.Errorf("%d were told, want one for each incident", n)
	}
	if n := stuck.Known(); n > 4 {
		t.Errorf("%d tellings are remembered", n)
	}
}
