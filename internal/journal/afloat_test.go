package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
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
	j, err := Open(t.Context(), Config{Dir: dir, lookEvery: 50 * time.Millisecond, Log: zap.NewNop()})
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

const full = "the disk is full"

// outlasts has a journal in dir go through a disk that takes nothing: fill makes it so, and room ends it. Nothing that
// was promised may be lost, doubled or moved, for those who follow and for those who open it afterwards.
func outlasts(t *testing.T, cfg Config, want string, fill, room func(*Journal)) {
	t.Helper()
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
	begun := time.Now()
	fill(j)
	for j.Unkept() == nil {
		if w.write(); time.Since(begun) > longEnough {
			t.Fatal("the disk takes all")
		}
	}
	for range 5 {
		w.write()
	}
	why := j.Unkept()
	if why == nil || why.Why != want || !strings.Contains(why.Cure, cfg.Dir) || why.Since.Before(begun) {
		t.Fatalf("said: %+v", why)
	}
	followed := func() bool {
		return slices.Equal(events.all(), w.events) && slices.Equal(results.all(), w.results)
	}
	await(t, "what is in memory is followed", followed)
	var late, lateResults seen        // who comes now reads the disk first
	hangs := want == errHangs.Error() // then the server gives nobody what is on the disk
	if !hangs {
		follow(j, &late, &lateResults)
	}
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
		return hangs || slices.Equal(late.all(), w.events) && slices.Equal(lateResults.all(), w.results)
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
	outlasts(t, Config{Dir: t.TempDir(), maxStore: 256 << 10}, full, func(*Journal) {}, func(j *Journal) { j.server.store.Store(1 << 30) })
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
		outlasts(t, Config{Dir: filepath.Join(disk, strconv.Itoa(round))}, full, func(*Journal) { giveBack = ballast(t, disk) }, func(*Journal) { giveBack() })
	}
}

// A directory that is moved away and comes back, and a disk that is unmounted and
// mounted again, are outlasted like a full one.
func TestADirectoryThatIsGoneIsOutlasted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	move := func(from, to string) func(*Journal) {
		return func(j *Journal) {
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
			j.lookInPlace(j.server.failed()) // it does so every few seconds
		}
	}
	outlasts(t, Config{Dir: dir}, "the data directory is gone", move(dir, dir+"-elsewhere"), move(dir+"-elsewhere", dir))
}

func TestAnUnmountedDiskIsOutlasted(t *testing.T) {
	t.Parallel()
	disk := journaltest.NewDevice(t)
	outlasts(t, Config{Dir: filepath.Join(disk.Dir, "data")}, "the data directory is gone", func(*Journal) { disk.Unmount() }, func(*Journal) { disk.Mount() })
}

// A disk that hangs is outlasted too.
func TestADiskThatHangsIsOutlasted(t *testing.T) {
	t.Parallel()
	disk := journaltest.NewDevice(t)
	outlasts(t, Config{Dir: filepath.Join(disk.Dir, "data")}, "the disk does not answer", func(*Journal) { disk.Hang() }, func(*Journal) { disk.Thaw() })
}

// TestASpareKnowsWhatIsOnTheDisk: what was read of a subject is compared with what the disk has of it, also for the first
// message that goes into memory.
func TestASpareKnowsWhatIsOnTheDisk(t *testing.T) {
	t.Parallel()
	s := newSpare("STATUSBOT_EVENTS", 7, false)
	s.before = map[string]uint64{"inc": 5}
	for _, c := range []struct {
		last uint64
		want error
	}{{4, ErrConflict}, {5, nil}, {5, ErrConflict}, {8, nil}} {
		if _, err := s.add(message{subject: "inc"}, &c.last); !errors.Is(err, c.want) {
			t.Errorf("behind %d: %v, want %v", c.last, err, c.want)
		}
	}
}

// TestHandlesOutliveARestart: readers look up a stream's handle while the server inside is started anew, so that no handle
// is exchanged; the one they have serves the stream after it too.
func TestHandlesOutliveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := &writer{t: t, j: j}
	w.write()
	before := maps.Clone(j.streams)
	end, err := j.takeTurns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	j.afloat.mu.Lock()
	j.afloat.anew = true
	j.afloat.mu.Unlock()
	if err := j.startAnew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(before, j.streams) {
		t.Error("handles were exchanged under their readers")
	}
	info, err := j.streams[j.eventsStream()].Info(t.Context())
	if err != nil || info.State.Msgs != uint64(len(w.events)) {
		t.Errorf("the handle tells of %d events (%v), want %d", info.State.Msgs, err, len(w.events))
	}
}

// TestAServerThatDoesNotComeBack: the disk takes files, and the server does not start on it. That is told, so that
// another start can help; what was in memory of the events is there then.
func TestAServerThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(t.Context(), Config{Dir: dir, healGivesUp: time.Nanosecond, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := &writer{t: t, j: j}
	w.write()
	nats := filepath.Join(dir, "nats")
	if err := os.Rename(nats, nats+"-elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(nats, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j.server.failed().note("a test")
	await(t, "it goes on in memory", func() bool { return j.Unkept() != nil })
	w.write()
	select {
	case err := <-j.Broken():
		if !strings.Contains(err.Error(), "the disk takes files again") {
			t.Errorf("told: %v", err)
		}
	case <-time.After(longEnough):
		t.Fatal("it is not told")
	}
	if err := j.CloseWithin(longEnough); !errors.Is(err, ErrLost) { // of the results
		t.Errorf("closing is %v", err)
	}
	if err := errors.Join(os.Remove(nats), os.Rename(nats+"-elsewhere", nats)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var events seen
	ctx, stop := context.WithCancel(t.Context())
	_ = again.FollowEvents(ctx, events.take, stop)
	if got := events.all(); !slices.Equal(got, w.events) {
		t.Errorf("events %q, want %q", got, w.events)
	}
}

// TestCloseOfADiskThatHangs: what hangs is not waited for, and is said.
func TestCloseOfADiskThatHangs(t *testing.T) {
	t.Parallel()
	disk := journaltest.NewDevice(t)
	j, err := Open(t.Context(), Config{Dir: filepath.Join(disk.Dir, "data"), Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, j: j}
	w.write()
	disk.Hang()
	defer disk.Thaw()
	w.write() // into memory, in the end
	closed := make(chan error, 1)
	go func() { closed <- j.CloseWithin(time.Second) }()
	select {
	case err := <-closed:
		if !errors.Is(err, ErrLost) {
			t.Errorf("closing is %v, want that something is lost", err)
		}
	case <-time.After(longEnough):
		t.Fatal("it waits for the disk")
	}
}

// A disk in which the kernel finds an error is read-only from then on: what is
// written is in memory, and who ends then says how much is lost. What was on the
// disk is there at the next start.
func TestADiskThatFails(t *testing.T) {
	t.Parallel()
	disk := journaltest.NewDevice(t)
	dir := filepath.Join(disk.Dir, "data")
	j, err := Open(t.Context(), Config{Dir: dir, Log: zaptest.NewLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := &writer{t: t, j: j}
	w.write()
	kept := slices.Clone(w.events)
	disk.Fail()
	for begun := time.Now(); j.Unkept() == nil; {
		if w.write(); time.Since(begun) > longEnough {
			t.Fatal("the disk takes all")
		}
	}
	w.write()
	await(t, "it is said", func() bool { return j.Unkept().Why == "the disk is read-only" })
	if err := j.CloseWithin(longEnough); !errors.Is(err, ErrLost) {
		t.Errorf("closing is %v, want that something is lost", err)
	}
	disk.Unmount()
	disk.Mount()
	again, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var events seen
	ctx, stop := context.WithCancel(t.Context())
	_ = again.FollowEvents(ctx, events.take, stop)
	if got := events.all(); len(got) < len(kept) || !slices.Equal(got, w.events[:len(got)]) {
		t.Errorf("events %q, want %q at least", got, kept)
	}
}

// Older results give way to events: with those that there are, a full disk is
// left by itself.
func TestResultsGiveWayOnAFullDisk(t *testing.T) {
	t.Parallel()
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
	over, end := context.WithCancel(t.Context())
	end()
	for n := range 2 * givesWay { // the server was not back in time
		if !j.mayGiveWay(t.Context()) {
			t.Fatalf("after %d tries that gave nothing away nothing more gives way", n)
		}
		if err := j.giveWay(over); err == nil {
			t.Fatal("results gave way in no time")
		}
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

// TestCloseWhileItIsWritten: what is taken into memory while the journal closes is in the second copy of the events, or
// it is refused.
func TestCloseWhileItIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	stream := j.eventsStream()
	j.inlets[slices.Min(slices.Collect(maps.Keys(j.inlets)))].turn <- struct{}{} // for good: nothing heals
	in := j.inlets[stream]
	in.turn <- struct{}{}
	j.leaveDisk(stream, in, errors.New("a test"))
	<-in.turn
	var promised []string
	some, refused := make(chan struct{}), make(chan error)
	go func() {
		for n := 1; ; n++ {
			// Behind the door: it had begun before the end did.
			m := message{subject: j.eventsSubject() + "inc", data: fmt.Appendf(nil, "event %d", n)}
			seq, err := j.write(context.Background(), "append", stream, m, nil)
			if err != nil {
				refused <- err
				return
			}
			promised = append(promised, fmt.Sprintf("%d %s", seq, m.data))
			if n == 100 {
				close(some)
			}
		}
	}()
	<-some
	if err := j.CloseWithin(longEnough); err != nil {
		t.Errorf("closing is %v", err)
	}
	if err := <-refused; !errors.Is(err, ErrClosed) {
		t.Errorf("what comes after the end is answered with %v", err)
	}
	again, err := Open(t.Context(), Config{Dir: dir, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var events seen
	ctx, stop := context.WithCancel(t.Context())
	_ = again.FollowEvents(ctx, events.take, stop)
	if got := events.all(); !slices.Equal(got, promised) {
		t.Errorf("%d events are there, %d were promised", len(got), len(promised))
	}
}
