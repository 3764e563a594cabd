//go:build unix

package status

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// BenchmarkBoardOfMany is a board of 20,000 products: what a check takes in memory, a result of CPU, and
// a snapshot of time, after 20 minutes of a result each minute; docs/scale.md has the figures. The long
// form has a million checks, and takes some gigabytes.
func BenchmarkBoardOfMany(b *testing.B) {
	n := 100_000
	if os.Getenv("STATUSBOT_TEST_LONG") == "1" {
		n = 1_000_000
	}
	const products, components = 20_000, 200
	def := Definition{Company: "Acme"}
	for i := range components {
		def.Components = append(def.Components, Component{ID: fmt.Sprint("shared-", i)})
	}
	for i := range products {
		def.Products = append(def.Products, Product{ID: fmt.Sprint("p", i), Name: fmt.Sprint("Product ", i)})
	}
	for i := range n {
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint("c", i), Product: fmt.Sprint("p", i%products), Every: time.Minute,
			Uses: []string{fmt.Sprint("shared-", i%components), fmt.Sprint("shared-", i*7%components)}})
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := cpuTime(b)
	board := NewBoard(def)
	made := cpuTime(b) - begun
	seq, k := uint64(0), 0
	batch := make([]checks.Result, 0, checks.BatchMax)
	minute := func() {
		for i := range n {
			h := uint64(k) * 0x9e3779b97f4a7c15 >> 32
			took := time.Duration(80+h%60) * time.Millisecond
			end := t0.Add(time.Duration(k) * (time.Minute / time.Duration(n)))
			c := &def.Checks[(i*7919)%n]
			r := checks.Result{Check: c.ID, Product: c.Product, Started: end.Add(-took), Duration: took, Outcome: checks.Pass}
			if h%500 == 0 {
				r.Outcome = checks.Fail
			}
			if batch = append(batch, r); len(batch) == cap(batch) || i == n-1 {
				seq++
				board.Apply(seq, batch)
				batch = batch[:0]
			}
			k++
		}
	}
	for range 19 {
		minute()
	}
	var spent time.Duration
	minutes := 0
	for b.Loop() {
		from := cpuTime(b)
		minute()
		spent += cpuTime(b) - from
		minutes++
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	from := cpuTime(b)
	now := board.Snapshot(t0.Add(time.Duration(k) * (time.Minute / time.Duration(n))))
	b.ReportMetric(float64(cpuTime(b)-from)/1e6, "snapshot-ms")
	b.ReportMetric(float64(made)/1e6, "define-ms")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/check")
	b.ReportMetric(float64(spent)/1e3/float64(minutes*n), "cpu-us/result")
	if len(now.Products) != products {
		b.Errorf("%d products", len(now.Products))
	}
}
