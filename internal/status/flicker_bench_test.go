//go:build unix

package status

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// BenchmarkFlicker tells what a result takes in a company of 25 checks every 30 s and 12
// components without metrics of their own, with 3 each, and with 16, of which one makes a
// product fail for 1 to 6 min and rest for 2 to 12, over six hours after a day of calm.
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
	for _, metrics := range []int{0, 3, 16} {
		b.Run(fmt.Sprint("metrics=", metrics), func(b *testing.B) {
			cpu, n, seed := 0.0, 0, uint64(0)
			for b.Loop() {
				f := flickering{b: b, board: NewBoard(def), def: def, metrics: metrics, rng: rand.New(rand.NewPCG(7, seed)), values: rand.New(rand.NewPCG(8, seed))}
				f.pass(0, 24*time.Hour, false)
				f.cpu = 0
				f.pass(24*time.Hour, 30*time.Hour, true)
				cpu += float64(f.cpu)
				n += 6 * 120 * len(def.Checks)
				seed++
			}
			b.ReportMetric(float64(n)/cpu*1e9, "results/cpu-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// flickering is a company in which something comes and goes.
type flickering struct {
	b       *testing.B
	board   *Board
	def     Definition
	metrics int        // of each component
	rng     *rand.Rand // of the results, the same whatever is measured beside them
	values  *rand.Rand // of the metrics
	seq     uint64
	bad     bool
	turns   time.Duration // when it next comes or goes
	cpu     time.Duration // that taking in the results took
}

// pass has so much time go by.
func (f *flickering) pass(from, to time.Duration, flickers bool) {
	for at := from; at < to; at += 30 * time.Second {
		if at%time.Minute == 0 {
			for _, c := range f.def.Components {
				for m := range f.metrics {
					f.board.ApplyMetric(c.ID, fmt.Sprint("m", m), t0.Add(at), 10+f.values.NormFloat64())
				}
			}
		}
		if at >= f.turns {
			f.bad = !f.bad
			f.turns = at + time.Minute + time.Duration(f.rng.Int64N(int64(5*time.Minute)))
			if !f.bad {
				f.turns += time.Minute + time.Duration(f.rng.Int64N(int64(5*time.Minute)))
			}
		}
		batch := make([]checks.Result, 0, len(f.def.Checks))
		for i, c := range f.def.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Vantage: "fra", Started: t0.Add(at + time.Duration(i)*time.Second), Duration: 20 * time.Millisecond, Outcome: checks.Pass}
			if flickers && f.bad && i%3 == 0 && f.rng.Float64() < 0.6 || f.rng.Float64() < 0.002 {
				r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
			}
			batch = append(batch, r)
		}
		f.seq++
		began := cpuTime(f.b)
		f.board.Apply(f.seq, batch)
		f.cpu += cpuTime(f.b) - began
	}
}
