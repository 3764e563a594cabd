//go:build unix

package status

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// BenchmarkFlicker tells what a result takes, with those of metrics, in a company of 25 checks every 30 s
// and 12 components with 3 metrics of their own, of which one makes a product fail for 1 to 6 min
// and rest for 2 to 12, over six hours after a day of calm.
func BenchmarkFlicker(b *testing.B) {
	var def Definition
	for i := range 12 {
		def.Components = append(def.Components, Component{ID: fmt.Sprint("c", i)})
	}
	for i := range 25 {
		p := fmt.Sprint("p", i/5)
		if i%5 == 0 {
			def.Products = append(def.Products, Product{ID: p, Name: p})
		}
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint(p, "/", i), Product: p, Every: 30 * time.Second, Uses: []string{fmt.Sprint("c", i%3), fmt.Sprint("c", 3+i/5)}})
	}
	cpu, n := 0.0, 0
	for b.Loop() {
		board, rng, seq := NewBoard(def), rand.New(rand.NewPCG(7, 7)), uint64(0)
		bad, turns := false, time.Duration(0)
		day := func(from, to time.Duration, flickers bool) {
			for at := from; at < to; at += 30 * time.Second {
				if at%time.Minute == 0 {
					for _, c := range def.Components {
						for m := range 3 {
							board.ApplyMetric(c.ID, fmt.Sprint("m", m), t0.Add(at), 10+rng.NormFloat64())
						}
					}
				}
				if at >= turns {
					bad = !bad
					turns = at + time.Minute + time.Duration(rng.Int64N(int64(5*time.Minute)))
					if !bad {
						turns += time.Minute + time.Duration(rng.Int64N(int64(5*time.Minute)))
					}
				}
				batch := make([]checks.Result, 0, len(def.Checks))
				for i := range def.Checks {
					r := checks.Result{Check: def.Checks[i].ID, Product: def.Checks[i].Product, Vantage: "fra", Started: t0.Add(at + time.Duration(i)*time.Second), Duration: 20 * time.Millisecond, Outcome: checks.Pass}
					if flickers && bad && i%3 == 0 && rng.Float64() < 0.6 || rng.Float64() < 0.002 {
						r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
					}
					batch = append(batch, r)
				}
				seq++
				board.Apply(seq, batch)
			}
		}
		day(0, 24*time.Hour, false)
		from := cpuTime(b)
		day(24*time.Hour, 30*time.Hour, true)
		cpu += float64(cpuTime(b) - from)
		n += 6 * 120 * len(def.Checks)
	}
	b.ReportMetric(float64(n)/cpu*1e9, "results/cpu-s")
	b.ReportMetric(0, "ns/op")
}
