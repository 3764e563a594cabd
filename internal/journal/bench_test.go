package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal"
)

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		j, err := journal.Open(b.Context(), journal.Config{Dir: dir})
		check(b, err)
		b.StopTimer()
		check(b, j.Close())
		b.StartTimer()
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	j := open(b, journal.Config{Dir: b.TempDir()})
	data := make([]byte, 400)
	var seq uint64
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		var err error
		seq, err = j.AppendEvent(b.Context(), "inc-1", seq, data)
		check(b, err)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkAppendResults(b *testing.B) {
	const results, size = 100, 150
	j := open(b, journal.Config{Dir: b.TempDir()})
	batch := make([]byte, results*size)
	for b.Loop() {
		check(b, j.AppendResults(b.Context(), batch))
	}
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "batches/s")
	b.ReportMetric(perSecond*results, "results/s")
}

// BenchmarkAppendResultsDurably is one append after the other, each with its sync.
func BenchmarkAppendResultsDurably(b *testing.B) {
	const results, size = 100, 150
	j := open(b, journal.Config{Dir: b.TempDir()})
	batch := make([]byte, results*size)
	for b.Loop() {
		check(b, j.AppendResultsDurably(b.Context(), batch))
	}
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "batches/s")
	b.ReportMetric(perSecond*results, "results/s")
}

// BenchmarkReplay opens a journal with 500,000 results of 150 bytes in batches of 250 and reads them all.
func BenchmarkReplay(b *testing.B) {
	const batches, results, size = 2000, 250, 150
	cfg := journal.Config{Dir: b.TempDir()}
	j, err := journal.Open(b.Context(), cfg)
	check(b, err)
	for range batches {
		check(b, j.AppendResults(b.Context(), make([]byte, results*size)))
	}
	check(b, j.Close())
	done := errors.New("done")
	var opened, first time.Duration
	for b.Loop() {
		start := time.Now()
		j, err := journal.Open(b.Context(), cfg)
		check(b, err)
		opened += time.Since(start)
		ctx, stop := context.WithCancelCause(b.Context())
		n := 0
		err = j.FollowResults(ctx, start.Add(-24*time.Hour), func(journal.Record) error { n++; return nil }, func() { stop(done) })
		if n != batches || !errors.Is(err, done) {
			b.Fatal(fmt.Errorf("%d batches, then %w", n, err))
		}
		first += time.Since(start)
		b.StopTimer()
		check(b, j.Close())
		b.StartTimer()
	}
	each := (first - opened) / time.Duration(b.N)
	b.ReportMetric(float64((opened/time.Duration(b.N)).Microseconds())/1000, "open-ms")
	b.ReportMetric(float64(each.Microseconds())/1000, "replay-ms")
	b.ReportMetric(batches*results/each.Seconds(), "results/s")
}
