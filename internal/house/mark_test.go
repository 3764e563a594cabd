package house

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestTheTerminalMarks: through the door of a data directory, under the name of who
// typed it; with a time, a product by its name, and taken back. What is refused has a
// sentence.
func TestTheTerminalMarks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := reads(t, dir, 2)
	defer h.close(t)
	now := time.Now()
	h.starting.begin()
	h.ledger = &publish.Ledger{Board: h.board, Append: h.appendEvent}
	product := h.board.Definition().Products[1]
	door := openDoor(dir, h.journal, doorLook, zap.NewNop(), h.markDoor)
	defer door.Close()
	if _, err := MarkBeside(t.Context(), dir, ToMark{By: "kim@a", Text: "x"}); err == nil || !strings.Contains(err.Error(), "just started") {
		t.Errorf("before it is ready: %v", err)
	}
	h.starting.over()
	ago := func(d time.Duration) string { return now.Add(-d).In(h.zone()).Format("15:04") }
	for _, c := range []struct {
		mark ToMark
		back time.Duration // how long ago it was, to a minute; below 0: it is refused
		says string        // a part of the sentence or error
	}{
		{ToMark{Text: "restarted  lb-3"}, 0, "“restarted lb-3”. No incident is open"},
		{ToMark{Text: ago(10*time.Minute) + " rolled back", Products: []string{strings.ToUpper(product.Name)}}, 10 * time.Minute, "“rolled back”"},
		{ToMark{Text: "10 hosts drained", At: "20m"}, 20 * time.Minute, "“10 hosts drained”"},
		{ToMark{Text: "failed over", At: now.Add(-time.Minute).Format(time.RFC3339), Note: true}, time.Minute, "failed over"},
		{ToMark{Text: "deployed with token=xoxb-1234567890-abcdefghijkl"}, 0, "token="},
		{ToMark{Text: "10 min ago restarted lb-3"}, 10 * time.Minute, "“restarted lb-3”"},
		{ToMark{Text: "22.04 images rolled back"}, 0, "“22.04 images rolled back”"},
		{ToMark{Text: "x", At: "soonish"}, -1, `"soonish" is no time that was. Write 20:44`},
		{ToMark{Text: "x", At: ago(12 * time.Hour)}, -1, "more than 6 hours ago"},
		{ToMark{Text: ago(-12*time.Minute) + " restarted lb-3"}, -1, // yesterday's, said in the zone that it was read in
			now.Add(12*time.Minute).In(h.zone()).AddDate(0, 0, -1).Format("Mon 2 Jan 15:04 MST") + ", and now it is "},
		{ToMark{Text: "x", At: fmt.Sprint(now.Add(-48 * time.Hour).Unix())}, -1, now.Add(-48*time.Hour).In(h.zone()).Format("Mon 2 Jan 15:04 MST") + ", and now it is "},
		{ToMark{Text: "x", Products: []string{"nothing-like-it"}}, -1, "There is no product"},
		{ToMark{Text: " "}, -1, "does not say what was done"},
	} {
		c.mark.By = "kim@a"
		got, err := MarkBeside(t.Context(), dir, c.mark)
		says, off := got.Sentence, now.Add(-c.back).Sub(got.At).Abs()
		if err != nil {
			says = err.Error()
		}
		if (err != nil) != (c.back < 0) || err == nil && off > 2*time.Minute || !strings.Contains(says, c.says) || strings.Contains(says, "abcdefghijkl") {
			t.Errorf("%+v: %s, off by %s: %s, want %s", c.mark, got.At, off, says, c.says)
		}
	}
	desk := h.board.Log().Desk.Outside
	if len(desk) != 7 || desk[1].Name != "kim@a" || !slices.Equal(desk[1].Products, []string{product.ID}) || desk[3].Kind != incident.Told || desk[0].Kind != incident.Changed {
		t.Fatalf("the desk has %+v", desk)
	}
	if _, err := MarkBeside(t.Context(), dir, ToMark{By: "alex@a", Undo: true}); err == nil || !strings.Contains(err.Error(), "Nothing that alex@a told") {
		t.Errorf("another's: %v", err)
	}
	write := func(e incident.Event) {
		_, err := h.ledger.Write(t.Context(), func(incident.Log) (incident.Event, error) { return e, nil })
		check(t, err)
	}
	write(incident.Event{Incident: "inc-1", At: now, Kind: incident.Opened, Number: 1, Channel: "C1", Every: time.Minute})
	got, err := MarkBeside(t.Context(), dir, ToMark{By: "kim@a", Text: "restarted lb-4"})
	if err != nil || !slices.Equal(got.Incidents, []string{"inc-1"}) || !strings.HasSuffix(got.Sentence, "statusbot timeline inc-1.") {
		t.Errorf("%+v %v", got, err)
	}
	inc, _ := h.board.Log().Find("inc-1")
	for _, e := range h.board.Log().Untaken(inc) {
		write(inc.Take(now, e, nil, time.Time{}))
		inc, _ = h.board.Log().Find("inc-1")
	}
	got, err = MarkBeside(t.Context(), dir, ToMark{By: "kim@a", Undo: true})
	if err != nil || got.Text != "restarted lb-4" || !slices.Equal(got.Incidents, []string{"inc-1"}) {
		t.Errorf("undo: %+v %v", got, err)
	}
	inc, _ = h.board.Log().Find("inc-1")
	if last := inc.Marks[len(inc.Marks)-1]; last.Stands() || last.Text != "restarted lb-4" {
		t.Errorf("it stands: %+v", last)
	}
}
