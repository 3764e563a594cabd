package format_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// BenchmarkUpdate makes an update of 60 hurt products, with its JSON.
func BenchmarkUpdate(b *testing.B) {
	at := time.Date(2026, 11, 18, 15, 5, 0, 0, time.UTC)
	var def status.Definition
	var results []checks.Result
	for i := range 60 {
		id := fmt.Sprintf("product-%d", i)
		def.Products = append(def.Products, status.Product{ID: id, Name: "Product " + id, SaysDegraded: "Some clients are turned away"})
		def.Checks = append(def.Checks, checks.Check{ID: id, Product: id, Every: 10 * time.Second})
		for j := range 60 {
			r := checks.Result{Check: id, Product: id, Started: at.Add(time.Duration(j-60) * 10 * time.Second), Duration: time.Second, Outcome: checks.Pass}
			if j%8 == i%8 {
				r.Outcome = checks.Fail
			}
			results = append(results, r)
		}
	}
	board := status.NewBoard(def)
	board.Apply(1, results)
	snap := board.Snapshot(at)
	inc := incident.Incident{Number: 1, OpenedBy: "U1", OpenedAt: at.Add(-time.Hour), Every: 5 * time.Minute,
		LastUpdate: incident.Event{N: 16, At: at.Add(-5 * time.Minute), Figures: snap.Figures()}}
	u := format.UpdateFacts{N: 17, Snapshot: snap, Incident: inc, Next: at.Add(5 * time.Minute), OpenedBy: "U1"}
	valid(b, format.Update(u))
	b.ReportAllocs()
	for b.Loop() {
		if m := format.Update(u); len(m.BlocksJSON()) == 0 {
			b.Fatal("no blocks")
		}
	}
}
