package status

import (
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
)

// BenchmarkMarkWaits is what a look at a mark takes while it is not judged, four a second: of 60 products that
// fail 4 % since an hour before it.
func BenchmarkMarkWaits(b *testing.B) {
	board, inc, end := markThatWaits(60)
	for n := 0; b.Loop(); n++ {
		if board.Effect(inc, inc.Marks[0], end.Add(time.Duration(n%1000-1000)*250*time.Millisecond)).Final {
			b.Fatal("it is judged")
		}
	}
}

// markThatWaits is a board of some products that fail 4 % for an hour and a half, 20 tries a minute each, and a mark in
// the midst of it that does nothing; with when it is looked at.
func markThatWaits(products int) (*Board, incident.Incident, time.Time) {
	def, start := Definition{}, time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	mark := incident.Marked{Event: incident.Event{Kind: incident.Mark, Incident: "x", Mark: 1, At: start.Add(time.Hour), Onset: start}}
	for i := range products {
		id := fmt.Sprint("p", i)
		def.Products = append(def.Products, Product{ID: id, Name: id})
		def.Checks = append(def.Checks, checks.Check{ID: id + "/c", Product: id, Every: 3 * time.Second})
		mark.Products = append(mark.Products, id)
	}
	board := NewBoard(def)
	now, seq := start, uint64(0)
	for n := 0; now.Before(start.Add(85 * time.Minute)); n++ {
		var batch []checks.Result
		for i, c := range def.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Vantage: "v", Started: now, Outcome: checks.Pass}
			if (n*7+i*13)%25 == 0 {
				r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
			}
			batch = append(batch, r)
		}
		seq++
		board.Apply(seq, batch)
		now = now.Add(3 * time.Second)
	}
	return board, incident.Incident{ID: "x", Marks: []incident.Marked{mark}}, now
}

// BenchmarkSteady is what a look at one product takes that has failed 4 % for 24 hours, in a window of a minute.
func BenchmarkSteady(b *testing.B) {
	def := Definition{Window: time.Minute, Products: []Product{{ID: "p", Name: "p"}}, Checks: []checks.Check{{ID: "c", Product: "p", Every: 3 * time.Second}}}
	board, now := NewBoard(def), time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	tr := board.detection.of["p"]
	for n := range 24 * 1200 {
		r := checks.Result{Check: "c", Product: "p", Vantage: "v", Started: now, Outcome: checks.Pass}
		if n*7%25 == 0 {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		tr.Apply(r, true)
		now = now.Add(3 * time.Second)
	}
	im := tr.At(now)
	for b.Loop() {
		if d := steady(im, tr, now); d < 23*time.Hour {
			b.Fatal(im.Level, d)
		}
	}
}
