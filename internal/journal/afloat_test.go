package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/journal/journaltest"
	"github.com/statusbot/statusbot/internal/longtest"
)

const longEnough = 2 * time.Minute // for what takes seconds

// TestABusyMachineIsNoDisk: a write that found no end in time is blamed on the disk where the disk takes nothing, and
// only there.
func TestABusyMachineIsNoDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	j, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	late := fmt.Errorf("append: %w", context.DeadlineExceeded)
	if cause := j.blamed(late, 2*hungAfter); cause != nil {
		t.Errorf("the disk is blamed for a busy machine: %v", cause)
	}
	if err := os.Rename(dir, dir+"-elsewhere"); err != nil {
		t.Fatal(err)
	}
	if cause := j.blamed(late, 2*hungAfter); !errors.Is(cause, errOther) {
		t.Errorf("%v is blamed for a disk that is gone", cause)
	}
}

// TestCloseSaysWhatIsLost: a journal whose disk takes nothing up to the end fails to close.
func TestCloseSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	j, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+"-elsewhere"); err != nil {
		t.Fatal(err)
	}
	await(t, "it goes on in memory", func() bool { return j.Unkept() != nil })
	if err := j.AppendResults(t.Context(), []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if err := j.CloseWithin(longEnough); !errors.Is(err, ErrLost) {
		t.Errorf("closing is %v, want that something is lost", err)
	}
}

// seen is what a follower was given.
type seen struct {
	mu   sync.Mutex
	list []string // guarded by mu
}

func (s *seen) take(r Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, fmt.Sprintf("%d %s", r.Seq, r.Data))
	return nil
}

func (s *seen) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(longEnough)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// writer writes to a journal like a house does, and remembers what it was promised.
type writer struct {
	t       *testing.T
	j       *Journal
	n       int
	last    uint64 // sequence of the incident's newest event
	receipt uint64
	events  []string
	results []string
	body    string // of an outbox entry, the newest
}

// write appends and puts one of each.
func (w *writer) write() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), longEnough)
	defer cancel()
	w.n++
	event := fmt.Sprintf("event %d", w.n)
	seq, err := w.j.AppendEvent(ctx, "inc", w.last, []byte(event))
	w.must(err)
	if _, err := w.j.AppendEvent(ctx, "inc", w.last, []byte("in ignorance")); !errors.Is(err, ErrConflict) {
		w.t.Fatalf("an event in ignorance of another: %v", err)
	}
	w.last = seq
	w.events = append(w.events, fmt.Sprintf("%d %s", seq, event))
	batch := fmt.Sprintf("batch %d %s", w.n, strings.Repeat("r", 4<<10))
	if w.n%2 == 0 {
		w.must(w.j.AppendResultsDurably(ctx, []byte(batch)))
	} else {
		w.must(w.j.AppendResults(ctx, []byte(batch)))
	}
	w.results = append(w.results, fmt.Sprintf("%d %s", w.n, batch))
	w.body = fmt.Sprintf("update %d", w.n)
	_, err = w.j.PutOutbox(ctx, "slack:C1", "update", []byte(w.body))
	w.must(err)
	w.receipt, err = w.j.PutReceipt(ctx, "slack:C1", "update", []byte(w.body), w.receipt)
	w.must(err)
	r, err := w.j.Receipt(ctx, "slack:C1", "update")
	w.must(err)
	if r.Rev != w.receipt || string(r.Body) != w.body {
		w.t.Fatalf("the receipt is %d %q, want %d %q", r.Rev, r.Body, w.receipt, w.body)
	}
}

func (w *writer) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// outlasts has a journal in dir go through a disk that takes nothing: fill makes it so, and room ends it. Nothing that
// was promised may be lost, doubled or moved, for those who follow and for those who open it afterwards.
func outlasts(t *testing.T, cfg Config, fill, room func(*Journal)) {
	cfg.Log = zaptest.NewLogger(t)
	j, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var events, results seen
	var following sync.WaitGroup
	follow := func(from *Journal, events, results *seen) {
		following.Go(func() { _ = from.FollowEvents(ctx, events.take, nil) })
		following.Go(func() { _ = from.FollowResults(ctx, time.Time{}, results.take, nil) })
	}
	follow(j, &events, &results)
	w := &writer{t: t, j: j}
	for range 5 {
		w.write()
	}
	fill(j)
	begun := time.Now()
	for j.Unkept() == nil {
		if w.write(); time.Since(begun) > longEnough {
			t.Fatal("the disk takes all")
		}
	}
	for range 5 {
		w.write()
	}
	why := j.Unkept()
	if why == nil || why.Why != "the disk is full" || !strings.Contains(why.Cure, "make room on the disk of "+cfg.Dir) || why.Since.Before(begun) {
		t.Fatalf("said: %+v", why)
	}
	followed := func() bool {
		return slices.Equal(events.all(), w.events) && slices.Equal(results.all(), w.results)
	}
	await(t, "what is in memory is followed", followed)
	var late, lateResults seen // who comes now reads the disk first
	follow(j, &late, &lateResults)
	defer func() {
		short := func(l []string) (out []string) {
			for _, x := range l {
				out = append(out, x[:min(12, len(x))])
			}
			return
		}
		if t.Failed() {
			t.Log("events", short(late.all()), "want", len(w.events), "results", short(lateResults.all()), "want", len(w.results))
		}
	}()
	await(t, "all is read by who comes late", func() bool {
		return slices.Equal(late.all(), w.events) && slices.Equal(lateResults.all(), w.results)
	})

	room(j)
	await(t, "it is on the disk again", func() bool { return j.Unkept() == nil })
	for range 5 {
		w.write()
	}
	await(t, "all is followed once", followed)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	following.Wait()

	cfg.maxStore = 0
	again, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	var stored, storedResults seen
	follow(again, &stored, &storedResults)
	await(t, "all is stored", func() bool {
		return slices.Equal(stored.all(), w.events) && slices.Equal(storedResults.all(), w.results)
	})
	w.j = again
	w.write() // the receipt's revision is the one that was told
	stop()
	following.Wait()
}

// The embedded server's own bound stands for a full disk where none can be made.
func TestAFullStoreIsOutlasted(t *testing.T) {
	t.Parallel()
	outlasts(t, Config{Dir: t.TempDir(), maxStore: 256 << 10}, func(*Journal) {}, func(j *Journal) { j.server.store.Store(1 << 30) })
}

// ballast takes all room that a disk has, and returns what gives it back.
func ballast(t *testing.T, dir string) (giveBack func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAFullDiskIsOutlasted(t *testing.T) {
	t.Parallel()
	disk := journaltest.SmallDisk(t, "8m")
	for round := range longtest.Of(1, 3) {
		var giveBack func()
		outlasts(t, Config{Dir: filepath.Join(disk, strconv.Itoa(round))}, func(*Journal) { giveBack = ballast(t, disk) }, func(*Journal) { giveBack() })
	}
}

// Older results give way to events: with those that there are, a full disk is
// left by itself.
func TestResultsGiveWayOnAFullDisk(t *testing.T) {
	disk := journaltest.SmallDisk(t, "48m")
	core, logs := observer.New(zap.InfoLevel)
	j, err := Open(t.Context(), Config{Dir: filepath.Join(disk, "data"), Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := &writer{t: t, j: j}
	w.write()
	for i := range 64 { // 30 MiB, of which eight blocks are whole
		w.must(j.AppendResults(t.Context(), bytes.Repeat([]byte{byte(i)}, 480<<10)))
	}
	ballast(t, disk)
	begun := time.Now()
	for j.Unkept() == nil {
		if w.write(); time.Since(begun) > longEnough {
			t.Fatal("the disk takes all")
		}
	}
	await(t, "it is on the disk again", func() bool { return j.Unkept() == nil })
	for range 5 {
		w.write()
	}
	if logs.FilterMessageSnippet("the older half of the results gave way").Len() == 0 {
		t.Error("it is not said")
	}
	var events seen
	ctx, stop := context.WithCancel(t.Context())
	_ = j.FollowEvents(ctx, events.take, stop)
	if got := events.all(); !slices.Equal(got, w.events) {
		t.Errorf("events %q, want %q", got, w.events)
	}
}
