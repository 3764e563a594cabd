package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

// days has a channel's incident go on for some days with an update every five
// minutes, as a journal has it.
func days(n int, now time.Time, each func(incident.Event)) {
	begin, seq := now.Add(-time.Duration(n)*24*time.Hour), uint64(0)
	add := func(e incident.Event) {
		seq++
		e.Seq, e.Incident = seq, incident.ID(1)
		each(e)
	}
	add(incident.Event{Kind: incident.Opened, Number: 1, At: begin, Channel: channelID, By: ana, Name: "ana", Every: 5 * time.Minute})
	add(incident.Event{Kind: incident.Level, At: begin, Product: "product-001", From: "ok", To: "degraded", Onset: begin})
	for u := 1; u <= n*24*12; u++ {
		at := begin.Add(time.Duration(u-1) * 5 * time.Minute)
		add(incident.Event{Kind: incident.Update, At: at, Due: at, N: u, Post: (u-1)/100*100 + 1, Why: "regular update"})
		switch u {
		case 20:
			add(incident.Event{Kind: incident.Mark, At: at, By: ben, Name: "ben", Mark: 1, Text: "restarted edge-lb-2", Products: []string{"product-001"}})
		case 30:
			add(incident.Event{Kind: incident.Note, At: at, By: ben, Name: "ben", Text: "the vendor is called"})
		case 40:
			add(incident.Event{Kind: incident.Level, At: at, Product: "product-001", From: "degraded", To: "ok"})
		}
	}
}

// TestALongIncidentIsReadWhenAsked: of one that is open for days the newest part
// is at hand; what people ask of it, and what was hurt when they did something, is
// answered as if all were.
func TestALongIncidentIsReadWhenAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Company(12, 24), sandbox.Config{NoRateLimit: true})
	days(3, time.Now(), func(e incident.Event) {
		h.journal.Hold(e)
		h.feeder.Board.ApplyEvent(e)
	})
	if inc, _ := h.feeder.Board.Log().Find(incident.ID(1)); inc.AtHandSince().IsZero() || inc.Events != 3*24*12+5 {
		t.Fatalf("of %d events those since %s are at hand", inc.Events, inc.AtHandSince())
	}
	h.commands(t)
	h.poster(t)
	says(t, h.types(t, "ana", "/status timeline"), "Timeline of incident 1, open for ", "ana began updates every 5 min", "updates #2 to #20 edited in place", "marked #1 “restarted edge-lb-2”", "noted “the vendor is called”",
		"updates #802 to #864 edited in place")
	says(t, h.types(t, "ana", "/status since 71h"), "noted “the vendor is called”", "Product 1 ")
	says(t, h.types(t, "ana", "/status mark 71h ago drained edge-lb-1"), "drained edge-lb-1")
	marks := h.journal.Events(incident.Mark)
	if of := marks[len(marks)-1].Products; len(of) != 1 || of[0] != "product-001" {
		t.Errorf("the mark of what was done 71 h ago is of %v, want product-001, which was hurt then", of)
	}
}

// TestWhatTheJournalDoesNotGiveInTime is told: of an incident that is at hand in
// part that part is an answer, and of one of which there is a head there is none.
func TestWhatTheJournalDoesNotGiveInTime(t *testing.T) {
	t.Parallel()
	var book incident.Book
	now := time.Date(2026, 3, 5, 2, 0, 0, 0, time.UTC)
	days(3, now, book.Add)
	inc, _ := book.Log().Find(incident.ID(1))
	c := &bot.Commands{Log: zap.NewNop(), Lookups: bot.Lookups{Events: func(ctx context.Context, _ string) ([]incident.Event, error) { return nil, ctx.Err() }}}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := c.Whole(late, inc, inc.OpenedAt)
	if err != nil || got.AtHandSince().IsZero() {
		t.Fatalf("all of it is at hand, or %v", err)
	}
	const part = "this is a part: the log is too long to be read at once. All of it: `/status report`"
	m := format.Timeline(format.TimelineFacts{Incident: got, Snapshot: status.Snapshot{At: now, Timezone: time.UTC}, Command: "/status"})
	if text := shows(m.Text, []byte(m.Blocks[0].Section)); !strings.Contains(text, part) {
		t.Errorf("the timeline says %s", text)
	}
	got.Folded = true
	if _, err := c.Whole(late, got, inc.OpenedAt); err == nil {
		t.Error("a head is taken for an answer")
	}
	if got, err := c.Whole(late, inc, now.Add(-time.Hour)); err != nil || got.LastSeq != inc.LastSeq {
		t.Errorf("for what is at hand the journal is asked: %v", err)
	}
}
