package status_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// recovery returns how many results it takes after the last failure until a
// product counts as recovered; mark is told then.
func recovery(t *testing.T, mark bool) int {
	t.Helper()
	at := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	b := status.NewBoard(status.Definition{Normal: at.Add(2000 * time.Second),
		Products: []status.Product{{ID: "shop"}, {ID: "mail"}}, Checks: []checks.Check{{ID: "front", Product: "shop", Every: time.Second}, {ID: "send", Product: "mail", Every: time.Second}}})
	seq := uint64(0)
	feed := func(fails bool) {
		r := checks.Result{Check: "front", Product: "shop", Started: at, Duration: time.Millisecond, Outcome: checks.Pass}
		if fails {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		ok := checks.Result{Check: "send", Product: "mail", Started: at, Duration: time.Millisecond, Outcome: checks.Pass}
		seq++
		b.Apply(seq, []checks.Result{r, ok})
		at = at.Add(time.Second)
	}
	for range 2000 {
		feed(false)
	}
	for i := range 300 {
		feed(i%10 == 9)
	}
	s := b.Snapshot(at)
	if s.Products[0].Level != impact.Degraded {
		t.Fatalf("a tenth fails, and the level is %s", s.Products[0].Level)
	}
	if d := cmp.Diff([]status.ReasonCount{{Reason: checks.ReasonTimeout, N: 20}}, s.Products[0].Reasons); d != "" {
		t.Errorf("reasons of the last 20 failures (-want +got)\n%s", d)
	}
	if mark {
		b.ApplyEvent(incident.Event{Incident: "inc-1", Seq: 1, Kind: incident.Opened, Number: 1, At: at})
		b.ApplyEvent(incident.Event{Incident: "inc-1", Seq: 2, Kind: incident.Mark, Mark: 1, At: at, Products: []string{"shop"}})
	}
	for n := range 2000 {
		if b.Snapshot(at).Products[0].Level == impact.OK {
			if got := b.Snapshot(at).Products[0].Reasons; got != nil {
				t.Errorf("a product that is well has reasons: %v", got)
			}
			if got := b.Snapshot(at).Products[1]; got.Proof != nil || got.Level != impact.OK {
				t.Errorf("the product that was never hurt: %s, %+v", got.Level, got.Proof)
			}
			return n
		}
		feed(false)
	}
	t.Fatal("no recovery")
	return 0
}

// From a marked repair on the proof takes less than half of the time.
func TestMark(t *testing.T) {
	unmarked, marked := recovery(t, false), recovery(t, true)
	if marked < 50 || 2*marked > unmarked {
		t.Errorf("recovered after %d results from the mark, after %d without it", marked, unmarked)
	}

}
