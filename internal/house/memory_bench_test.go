//go:build unix

package house

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/status"
)

// BenchmarkMemoryOfChecks tells what http checks of 200 products take in memory: as they
// are read, with what probes them, and with what is concluded of them after some minutes and
// after a day, of which 1 result in 1,000 is a failure. Nothing is probed. What a day
// leaves is the same from a result every ten minutes on, until the windows fill.
func BenchmarkMemoryOfChecks(b *testing.B) {
	for _, tt := range []struct {
		checks int
		every  time.Duration
	}{{10_000, 10 * time.Second}, {100_000, time.Minute}} {
		b.Run(fmt.Sprintf("%d", tt.checks), func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "many.yaml")
			writeMany(b, file, tt.checks, tt.every)
			for b.Loop() {
				memoryOf(b, file, tt.every)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func memoryOf(b *testing.B, file string, every time.Duration) {
	empty := heapInUse()
	cfg, err := config.Load(file, nil)
	probetest.OK(b, err)
	n := float64(len(cfg.Checks))
	tell := func(of string) { b.ReportMetric(float64(heapInUse()-empty)/n, "B/check-"+of) }
	board := status.NewBoard(Definition(cfg))
	r, err := runner.New(kinds.Compile, fromHere(cfg.Checks), func([]checks.Result) {}, runner.Config{Paused: true})
	probetest.OK(b, err)
	beats := heartbeat.New(zap.NewNop())
	probetest.OK(b, beats.Define(cfg.Checks, time.Now()))
	probe.Seal(cfg.Checks)
	tell("made")

	now, random := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), rand.New(rand.NewPCG(1, 2))
	seq := uint64(0)
	round := func() {
		seq = applyRound(board, cfg.Checks, now, every, random, seq)
		now = now.Add(every)
	}
	for range 4 {
		round()
	}
	tell("minutes")
	const seldom = 10 * time.Minute
	for end := now.Add(24*time.Hour - 15*time.Minute); now.Before(end); now = now.Add(seldom) {
		seq = applyRound(board, cfg.Checks, now, seldom, random, seq)
	}
	for end := now.Add(15 * time.Minute); now.Before(end); {
		round()
	}
	tell("day")
	for _, p := range board.Snapshot(now).Products {
		if p.Level.Hurt() {
			b.Errorf("%s is %s: %s", p.ID, p.Level, p.Why)
		}
	}
	runtime.KeepAlive(r)
	runtime.KeepAlive(beats)
	runtime.KeepAlive(cfg)
}

// applyRound gives a board one result of each check, which ended spread over an interval.
func applyRound(board *status.Board, list []checks.Check, from time.Time, every time.Duration, random *rand.Rand, seq uint64) uint64 {
	batch := make([]checks.Result, 0, checks.BatchMax)
	for i := range list {
		c := &list[(i*7919)%len(list)]
		took := time.Duration(20_000+random.IntN(5_000)) * time.Microsecond
		r := checks.Result{Check: c.ID, Product: c.Product, Started: from.Add(every * time.Duration(i) / time.Duration(len(list))), Duration: took,
			Outcome: checks.Pass, Summary: "HTTP 200", Phases: checks.Phases{Connect: took / 4, FirstByte: took / 2, Transfer: took / 8}}
		if random.IntN(1000) == 0 {
			r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonStatus, "answered 503"
			r.Evidence = &checks.Evidence{Remote: "127.0.0.1:443", Status: 503, Output: "no"}
		}
		if batch = append(batch, r); len(batch) == cap(batch) || i == len(list)-1 {
			seq++
			board.Apply(seq, batch)
			batch = batch[:0]
		}
	}
	return seq
}

// writeMany writes the configuration of which the soak has its checks.
func writeMany(b *testing.B, file string, n int, every time.Duration) {
	var text strings.Builder
	text.WriteString("products:\n")
	for p := range 200 {
		fmt.Fprintf(&text, "  - {id: p%d}\n", p)
	}
	text.WriteString("checks:\n")
	for i := range n {
		fmt.Fprintf(&text, "  - {id: c%d, product: p%d, kind: http, every: %s, timeout: 3s, http: {url: \"https://127.0.0.1:40001/health/%d\", insecure_tls: true}}\n", i, i%200, every, i)
	}
	probetest.OK(b, os.WriteFile(file, []byte(text.String()), 0o600))
}

// heapInUse returns the bytes that are in use after a collection.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
