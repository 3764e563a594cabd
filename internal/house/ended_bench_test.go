package house

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

// BenchmarkStartAfterIncidents opens a journal with a thousand incidents of
// four hours that are over, and reads them all: what a start waits for beside
// the results.
func BenchmarkStartAfterIncidents(b *testing.B) {
	const products = 12
	dir := b.TempDir()
	j, err := journal.Open(b.Context(), journal.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	last := map[string]uint64{} // :: incident -> sequence of its newest event
	events := publishtest.Ended(products, 1000, "C1", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), func(e incident.Event) {
		data, err := e.Encode()
		if err == nil {
			last[e.Incident], err = j.AppendEvent(b.Context(), e.Incident, last[e.Incident], data)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(events), "events")
	for b.Loop() {
		j, err := journal.Open(b.Context(), journal.Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		board := status.NewBoard(publishtest.Company(products, 24))
		ctx, cancel := context.WithCancel(b.Context())
		err = j.FollowEvents(ctx, func(r journal.Record) error {
			e, err := incident.DecodeEvent(r.Data, r.Seq)
			if err != nil {
				return err
			}
			board.ApplyEvent(e)
			return nil
		}, cancel)
		if !errors.Is(err, context.Canceled) {
			b.Fatal(err)
		}
		if inc, ok := board.Log().Last("C1"); !ok || inc.Number != 1000 {
			b.Fatalf("the last incident is %d", inc.Number)
		}
		b.StopTimer()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc), "heap-B")
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
