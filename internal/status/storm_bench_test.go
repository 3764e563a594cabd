//go:build unix

package status

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// BenchmarkStorm tells what a result takes through the first two minutes of a
// trouble of all 200 products, whose 10,000 checks go through a component of
// which a fifth of the calls fails, beside two minutes of calm.
func BenchmarkStorm(b *testing.B) {
	const minutes = 2
	var cpu, bytes [2]float64 // in calm and in the storm
	for b.Loop() {
		l := &traffic{def: large()}
		for i := range l.def.Checks {
			if c := &l.def.Checks[i]; i%2 == 0 && !slices.Contains(c.Uses, "shared-0") {
				c.Uses[0] = "shared-0"
			}
		}
		board := NewBoard(l.def)
		uses := map[string]bool{}
		for _, c := range l.def.Checks {
			uses[c.ID] = slices.Contains(c.Uses, "shared-0")
		}
		for range 30 * 60 {
			board.Apply(l.seq, l.next())
		}
		var batches [2][][]checks.Result
		for part := range batches {
			for range minutes * 60 {
				batch := slices.Clone(l.next())
				for i := range batch {
					if h := uint64(l.k*1000+i) * 0x9e3779b97f4a7c15 >> 32; part == 1 && uses[batch[i].Check] && h%5 == 0 {
						batch[i].Outcome, batch[i].Reason = checks.Fail, checks.ReasonStatus
					}
				}
				batches[part] = append(batches[part], batch)
			}
		}
		for part, list := range batches {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			from := cpuTime(b)
			for i, batch := range list {
				board.Apply(l.seq+uint64(i), batch)
			}
			cpu[part] += float64(cpuTime(b)-from) / float64(len(list)*len(list[0]))
			runtime.ReadMemStats(&after)
			bytes[part] += float64(after.TotalAlloc-before.TotalAlloc) / float64(len(list)*len(list[0]))
		}
		told := 0
		for _, p := range board.Snapshot(t0.Add(time.Duration(l.k) * time.Second)).Products {
			if p.Level.Hurt() {
				told++
			}
		}
		if told != len(l.def.Products) {
			b.Fatalf("%d of %d products are told", told, len(l.def.Products))
		}
	}
	for part, name := range []string{"calm", "storm"} {
		b.ReportMetric(cpu[part]/float64(b.N), fmt.Sprintf("ns/result-%s", name))
		b.ReportMetric(bytes[part]/float64(b.N), fmt.Sprintf("B/result-%s", name))
	}
	b.ReportMetric(0, "ns/op")
}
