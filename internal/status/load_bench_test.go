//go:build unix

package status

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// large returns a company of 200 products with 50 checks each, every 10 s,
// over 20 shared components and three vantages of ours.
func large() Definition {
	def := Definition{Company: "Acme"}
	for i := range 20 {
		c := Component{ID: fmt.Sprint("shared-", i), Name: fmt.Sprint("Shared ", i)}
		if i > 3 {
			c.DependsOn = []string{fmt.Sprint("shared-", i%4)}
		}
		def.Components = append(def.Components, c)
	}
	for p := range 200 {
		id := fmt.Sprintf("product-%03d", p)
		def.Products = append(def.Products, Product{ID: id, Name: id})
		for k := range 50 {
			def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprintf("%s/check-%02d", id, k), Product: id, Every: 10 * time.Second,
				Region: [2]string{"eu", "us"}[k%2], Uses: []string{fmt.Sprint("shared-", (p+k)%20), fmt.Sprint("shared-", (p+k/7)%20)}})
		}
	}
	return def
}

// traffic gives the results of a company one batch of a second after the
// other, each check spread evenly over its interval; one in 500 fails.
type traffic struct {
	def   Definition
	batch []checks.Result
	k     int
	seq   uint64
}

func (l *traffic) next() []checks.Result {
	l.batch = l.batch[:0]
	n := len(l.def.Checks) / 10
	for i := range n {
		j := (l.k*n + i) % len(l.def.Checks)
		c := &l.def.Checks[(j*7919)%len(l.def.Checks)]
		h := uint64(l.k*n+i) * 0x9e3779b97f4a7c15 >> 32
		took := time.Duration(80+h%60) * time.Millisecond
		end := t0.Add(time.Duration(l.k)*time.Second + time.Duration(i)*(time.Second/time.Duration(n)))
		r := checks.Result{Check: c.ID, Product: c.Product, Vantage: "fra", Started: end.Add(-took), Duration: took, Outcome: checks.Pass}
		if h%500 == 0 {
			r.Outcome = checks.Fail
		}
		l.batch = append(l.batch, r)
	}
	l.k++
	l.seq++
	return l.batch
}

// filled is a board of 10,000 checks with a day of history, at a ninetieth of its rate until the
// windows fill, the traffic that goes on, and what it takes in memory: made once, since it takes seconds and benchmarks begin several times.
var filled = sync.OnceValue(func() (f struct {
	*traffic
	board    *Board
	perCheck float64 // bytes
}) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f.traffic = &traffic{def: large()}
	f.board = NewBoard(f.def)
	for f.k < 24*60*60 { // a second of every 91, so that all checks have their turn
		f.board.Apply(f.seq, f.next())
		f.k += 90
	}
	for range 15 * 60 {
		f.board.Apply(f.seq, f.next())
	}
	batch := f.batch
	f.batch = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	f.batch = batch
	f.perCheck = float64(after.HeapAlloc-before.HeapAlloc) / float64(len(f.def.Checks))
	return f
})

// BenchmarkBoardApply tells how many results a second one core takes through
// board and impact at 200 products of 50 checks, and what a check takes with
// full windows.
func BenchmarkBoardApply(b *testing.B) {
	f := filled()
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	var cpu time.Duration
	for n < b.N {
		b.StopTimer()
		list := f.next()
		list = list[:min(len(list), b.N-n)]
		b.StartTimer()
		from := cpuTime(b) // without the timer, which stops the world each time
		f.board.Apply(f.seq, list)
		cpu += cpuTime(b) - from
		n += len(list)
	}
	b.ReportMetric(float64(n)/cpu.Seconds(), "results/cpu-s")
	b.ReportMetric(f.perCheck, "B/check")
	b.ReportMetric(f.perCheck*float64(len(f.def.Checks))/(1<<20), "MiB")
	for _, p := range f.board.Snapshot(t0.Add(time.Duration(f.k) * time.Second)).Products {
		if p.Level.Hurt() {
			b.Fatalf("%s is %s: %s", p.ID, p.Level, p.Why)
		}
	}
}

// BenchmarkApplyLate tells what a result takes that comes up to 100 ms later than others of its
// product, in batches of a tenth of a second, at three sizes of a product: about the same.
func BenchmarkApplyLate(b *testing.B) {
	for _, size := range [][2]int{{200, 50}, {12, 833}, {1, 10_000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			def := Definition{Company: "Acme"}
			for i := range size[0] * size[1] {
				if i < size[0] {
					def.Products = append(def.Products, Product{ID: fmt.Sprint("p", i)})
				}
				def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint("c", i), Product: fmt.Sprint("p", i%size[0]), Every: 10 * time.Second})
			}
			board := NewBoard(def)
			gap := 10 * time.Second / time.Duration(len(def.Checks))
			var batch []checks.Result
			apply := func(from, to int) {
				batch = batch[:0]
				for i := from; i < to; i++ {
					h := uint64(i) * 0x9e3779b97f4a7c15 >> 32
					took := time.Duration(80+h%60) * time.Millisecond
					end := t0.Add(time.Duration(i)*gap - time.Duration(h/64%101)*time.Millisecond)
					c := &def.Checks[i%len(def.Checks)]
					batch = append(batch, checks.Result{Check: c.ID, Product: c.Product, Started: end.Add(-took), Duration: took, Outcome: checks.Pass})
				}
				board.Apply(uint64(from), batch)
			}
			const each = 100 // results of a tenth of a second
			n := 0
			for ; n < 15*len(def.Checks); n += each { // more than two minutes, so that there is a past
				apply(n, n+each)
			}
			b.ResetTimer()
			for end := n + b.N; n < end; n += each {
				apply(n, min(n+each, end))
			}
		})
	}
}

// cpuTime is what the process has taken: other work on the machine counts not.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSnapshotLarge takes a snapshot after each second's results.
func BenchmarkSnapshotLarge(b *testing.B) {
	f := filled()
	for b.Loop() {
		b.StopTimer()
		f.board.Apply(f.seq, f.next())
		b.StartTimer()
		f.board.Snapshot(t0.Add(time.Duration(f.k) * time.Second))
	}
}

// BenchmarkCheckpointOfOneProduct tells how long the board is held for the
// checkpoint of a product of 10,000 checks with full windows, and how long the
// whole of it takes.
func BenchmarkCheckpointOfOneProduct(b *testing.B) {
	def := Definition{Company: "Acme", Products: []Product{{ID: "p"}}}
	for i := range 10_000 {
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: 10 * time.Second})
	}
	l := &traffic{def: def}
	board := NewBoard(def)
	for range 15 * 60 {
		board.Apply(l.seq, l.next())
	}
	shard := checkpointShard("p")
	var held, size float64
	n := 0
	for b.Loop() {
		from := cpuTime(b)
		board.freeze(shard, t0)
		held += float64(cpuTime(b)-from) / float64(time.Millisecond)
		data, err := board.Checkpoint(shard, t0)
		if err != nil {
			b.Fatal(err)
		}
		size = float64(len(data))
		n++
	}
	b.ReportMetric(held/float64(n), "ms-held")
	b.ReportMetric(size/(1<<20), "MiB")
}
