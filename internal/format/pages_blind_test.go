package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestPagesBeginWithThatWeCannotSee: while our own control checks fail no page begins
// with a figure or is red, and the public one tells clients of no trouble that may be ours.
func TestPagesBeginWithThatWeCannotSee(t *testing.T) {
	at := time.Date(2026, 3, 2, 20, 2, 0, 0, time.UTC)
	down := func(id, name string, onset time.Time) status.ProductStatus {
		return status.ProductStatus{Product: status.Product{ID: id, Name: name}, Checks: 1,
			Impact: impact.Impact{Level: impact.Outage, Counts: impact.Counts{Tries: 60, Failures: 60}, Low: 0.94, High: 1, Window: 10 * time.Minute, AsOf: at, Onset: onset}}
	}
	s := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{down("billing", "Billing", at.Add(-9*time.Minute)), down("search", "Search", at.Add(-time.Hour))},
		Blind: status.Blindness{Controls: 2, Failing: []string{"gateway", "resolver"}, Since: at.Add(-8 * time.Minute), Seen: at.Add(-10 * time.Minute)}}
	board := Board(BoardFacts{Snapshot: s})
	if board.Level != impact.Unknown || board.Sentence != blindSentence || !strings.HasPrefix(board.Lines[0], "2 of 2 control checks fail since ") || !strings.Contains(board.Lines[1], " down") {
		t.Errorf("the board begins with %q, %q and is %s", board.Sentence, board.Lines, board.Level)
	}
	inc := incident.Fold(incident.Incident{}, incident.Event{Incident: "inc-7", Kind: incident.Opened, Number: 7, At: at.Add(-time.Hour), Every: time.Minute})
	if page := OneIncident(TimelineFacts{Incident: inc, Snapshot: s}); !strings.HasPrefix(page.Lines[0], "*"+blindSentence+"* 2 of 2") {
		t.Errorf("the incident's page begins with %q", page.Lines)
	}
	public := PublicBoard(BoardFacts{Snapshot: s}, func(string) bool { return true })
	of := map[string]ProductRow{}
	for _, r := range public.Rows {
		of[r.ID] = r
	}
	if public.Level != impact.Unknown || !strings.HasPrefix(public.Sentence, "Our own measuring is disturbed") || public.Lines[0] != "Search has trouble." {
		t.Errorf("clients read %q, %q at level %s", public.Sentence, public.Lines, public.Level)
	}
	if of["billing"].Level != impact.Unknown || of["billing"].Word != "not measured" || of["search"].Level != impact.Outage {
		t.Errorf("clients see %+v", public.Rows)
	}
	s.Blind = status.Blindness{}
	if board, public := Board(BoardFacts{Snapshot: s}), PublicBoard(BoardFacts{Snapshot: s}, func(string) bool { return true }); board.Level != impact.Outage || public.Level != impact.Outage || len(public.Lines) > 0 {
		t.Errorf("when we see: %+v, %+v", board, public)
	}
}
