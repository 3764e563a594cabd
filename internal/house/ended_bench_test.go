package house

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

// reads is a house of a directory as far as it reads the log of incidents. The
// caller closes its journal.
func reads(t testing.TB, dir string, products int) *house {
	t.Helper()
	h := &house{log: zap.NewNop(), board: status.NewBoard(publishtest.Company(products, products))}
	var err error
	if h.journal, err = journal.Open(t.Context(), journal.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return h
}

// readsAll has it read the log as a start does, and returns with which sequence
// it began.
func (h *house) readsAll(t testing.TB) (from uint64) {
	t.Helper()
	from, err := h.restoreLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := h.followEvents(ctx, from, cancel); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return from
}

// storeLog stores the checkpoint of the log.
func (h *house) storeLog(t testing.TB) {
	t.Helper()
	data, err := h.checkpoint(logShard)
	if err == nil {
		_, err = h.journal.PutCheckpoint(t.Context(), checkpointKey(logShard), data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) close(t testing.TB) {
	t.Helper()
	if err := h.journal.Close(); err != nil {
		t.Fatal(err)
	}
}

// write appends events to the journal as they are, and gives the house none.
func (h *house) write(t testing.TB, last map[string]uint64) func(incident.Event) {
	return func(e incident.Event) {
		data, err := e.Encode()
		if err == nil {
			last[e.Incident], err = h.journal.AppendEvent(t.Context(), e.Incident, last[e.Incident], data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkStartAfterIncidents opens a journal with a thousand incidents of
// four hours that are over, and reads what a start waits for beside the
// results: with what was stored of them, and without.
func BenchmarkStartAfterIncidents(b *testing.B) {
	for _, products := range []int{12, 100} {
		b.Run(fmt.Sprintf("products=%d", products), func(b *testing.B) {
			dir := b.TempDir()
			h := reads(b, dir, products)
			publishtest.Ended(products, 1000, "C1", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), h.write(b, map[string]uint64{}))
			h.close(b)
			b.Run("stored=no", func(b *testing.B) { benchmarkStart(b, dir, products) })
			h = reads(b, dir, products)
			h.readsAll(b)
			h.storeLog(b)
			h.close(b)
			b.Run("stored=yes", func(b *testing.B) { benchmarkStart(b, dir, products) })
		})
	}
}

func benchmarkStart(b *testing.B, dir string, products int) {
	for b.Loop() {
		h := reads(b, dir, products)
		from := h.readsAll(b)
		if inc, ok := h.board.Log().Last("C1"); !ok || inc.Number != 1000 {
			b.Fatalf("the last incident is %d", inc.Number)
		}
		b.StopTimer()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc), "heap-B")
		b.ReportMetric(float64(h.followed.event.Load().Seq-from+1), "events")
		h.close(b)
		b.StartTimer()
	}
}
