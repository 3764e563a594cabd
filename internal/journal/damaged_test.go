package journal

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// harm is something that happens to a file.
type harm struct {
	name string
	to   func(r *rand.Rand, data []byte) []byte // nil: the file is gone
}

var harms = []harm{
	{"a bit", func(r *rand.Rand, data []byte) []byte {
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		return data
	}},
	{"a sector", func(r *rand.Rand, data []byte) []byte {
		at := r.IntN(len(data))
		clear(data[at:min(len(data), at+512)])
		return data
	}},
	{"foreign bytes", func(r *rand.Rand, data []byte) []byte {
		at := r.IntN(len(data))
		for i := at; i < min(len(data), at+100); i++ {
			data[i] = byte(r.Uint32())
		}
		return data
	}},
	{"cut", func(r *rand.Rand, data []byte) []byte { return data[:r.IntN(len(data))] }},
	{"empty", func(*rand.Rand, []byte) []byte { return []byte{} }},
	{"gone", nil},
}

// recordOf is a data directory with something of everything in it, as it was while it was open and afterwards.
type recordOf struct {
	open, closed string // directories
	events       []Record
	batches      []string
	told         uint64 // newest revision of the outbox
	receipts     int
}

func makeRecord(t *testing.T) recordOf {
	t.Helper()
	r := recordOf{open: filepath.Join(t.TempDir(), "open"), closed: t.TempDir()}
	j, err := Open(t.Context(), Config{Dir: r.closed, Twice: []string{"a-shelf"}})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]uint64{}
	for i := range 30 {
		incident := fmt.Sprintf("inc-%d", i%3)
		e := Record{Incident: incident, Data: []byte(strings.Repeat(fmt.Sprintf("event %d. ", i), 1+i%9))}
		if e.Seq, err = j.AppendEvent(t.Context(), incident, last[incident], e.Data); err != nil {
			t.Fatal(err)
		}
		last[incident] = e.Seq
		r.events = append(r.events, e)
	}
	for i := range 20 {
		r.batches = append(r.batches, strings.Repeat(fmt.Sprintf("batch %d. ", i), 20))
		if err := j.AppendResultsDurably(t.Context(), []byte(r.batches[i])); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 {
		key := fmt.Sprint("updates/", i%5)
		if r.told, err = j.PutOutbox(t.Context(), "slack:C1", key, []byte(strings.Repeat("told ", 1+i))); err != nil {
			t.Fatal(err)
		}
		if i < 5 {
			r.receipts++
			if _, err := j.PutReceipt(t.Context(), "slack:C1", key, []byte("it is there"), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 4 {
		if _, err := j.Keep(t.Context(), "a-shelf", fmt.Sprint(i), []byte("kept"), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(r.open, os.DirFS(r.closed)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDamagedDirectories: whatever happens to one file of the data directory, the journal opens, has all events under
// their sequences and takes another one; of the results it loses what is damaged, and says how many.
func TestDamagedDirectories(t *testing.T) {
	t.Parallel()
	n := 24
	if os.Getenv("STATUSBOT_TEST_LONG") != "" {
		n = 200
	}
	made := makeRecord(t)
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 7)) //nolint:gosec // a test
		from := []string{made.open, made.closed}[seed%2]
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		files := filesOf(t, dir)
		if seed%4 < 2 { // most files are small ones of the server's
			files = slices.DeleteFunc(files, func(f string) bool { return !strings.HasSuffix(f, ".blk") && !strings.HasSuffix(f, secondFile) })
		}
		file := files[r.IntN(len(files))]
		h := harms[r.IntN(len(harms))]
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case h.to == nil:
			err = os.Remove(filepath.Join(dir, file))
		case len(data) > 0:
			err = os.WriteFile(filepath.Join(dir, file), h.to(r, data), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		made.opensFrom(t, dir, fmt.Sprintf("seed %d: %s of %s", seed, h.name, file))
	}
}

// TestUndamagedDirectory: what is as it was written is not written anew.
func TestUndamagedDirectory(t *testing.T) {
	t.Parallel()
	made := makeRecord(t)
	for _, dir := range []string{made.open, made.closed} {
		was, err := os.Stat(filepath.Join(dir, secondFile))
		if err != nil {
			t.Fatal(err)
		}
		core, log := observer.New(zap.WarnLevel)
		j, err := Open(t.Context(), Config{Dir: dir, Log: zap.New(core), Twice: []string{"a-shelf"}})
		if err != nil {
			t.Fatal(err)
		}
		if is, err := os.Stat(filepath.Join(dir, secondFile)); err != nil || !os.SameFile(was, is) || !is.ModTime().Equal(was.ModTime()) || is.Size() != was.Size() {
			t.Errorf("the second copy was written anew: %v", err)
		}
		if log.Len() > 0 || j.Damage() != nil {
			t.Errorf("said %v, damage %+v", log.All(), j.Damage())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBothCopiesDamaged: what both copies have lost is lost for good, is counted, and is counted once.
func TestBothCopiesDamaged(t *testing.T) {
	t.Parallel()
	made := makeRecord(t)
	blocks, err := filepath.Glob(filepath.Join(made.closed, "nats", "jetstream", "*", "streams", "STATUSBOT_EVENTS", "msgs", "*.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatal(blocks, err)
	}
	lost := made.events[11:13] // one after the other
	for _, file := range []string{blocks[0], filepath.Join(made.closed, secondFile)} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range lost {
			at := bytes.Index(data, e.Data)
			if at < 0 {
				t.Fatalf("%s has no event %d", file, e.Seq)
			}
			data[at] ^= 1
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{len(lost), 0} {
		j, err := Open(t.Context(), Config{Dir: made.closed})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if d := j.Damage(); d != nil {
			got = d.Events
		}
		events := readAll(t, j.FollowEvents)
		if got != want || len(events) != len(made.events)-len(lost) || events[11].Seq != made.events[13].Seq {
			t.Errorf("%d events are said to be lost, want %d; %d are there", got, want, len(events))
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwoHistories: a second copy that tells another history than the journal (its files were put in place by hand) is
// kept aside, and the journal counts.
func TestTwoHistories(t *testing.T) {
	t.Parallel()
	made, other := makeRecord(t), t.TempDir()
	j, err := Open(t.Context(), Config{Dir: other})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.AppendEvent(t.Context(), "inc-of-another", 0, []byte("an event")); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(filepath.Join(other, secondFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(made.closed, secondFile), foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	made.opensFrom(t, made.closed, "another history")
	if aside, err := os.ReadFile(filepath.Join(made.closed, secondFile+".other")); err != nil || !bytes.Equal(aside, foreign) {
		t.Errorf("it is not kept: %v", err)
	}
}

// filesOf are the files of a directory, in order.
func filesOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path != "lock" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

func (made recordOf) opensFrom(t *testing.T, dir, what string) {
	t.Helper()
	core, log := observer.New(zap.WarnLevel)
	j, err := Open(t.Context(), Config{Dir: dir, Log: zap.New(core), Twice: []string{"a-shelf"}})
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer j.Close() //nolint:errcheck // looked at enough
	events := readAll(t, func(ctx context.Context, each func(Record) error, caughtUp func()) error {
		return j.FollowEvents(ctx, each, caughtUp)
	})
	if !slices.EqualFunc(events, made.events, func(a, b Record) bool {
		return a.Seq == b.Seq && a.Incident == b.Incident && string(a.Data) == string(b.Data)
	}) {
		t.Errorf("%s: %d events of %d, damage %+v", what, len(events), len(made.events), j.Damage())
		for _, l := range log.All() {
			t.Log(l.Message, l.ContextMap())
		}
	}
	got := readAll(t, func(ctx context.Context, each func(Record) error, caughtUp func()) error {
		return j.FollowResults(ctx, time.Time{}, each, caughtUp)
	})
	var batches []string
	for _, r := range got {
		batches = append(batches, string(r.Data))
	}
	lost := 0
	for _, b := range made.batches {
		if !slices.Contains(batches, b) {
			lost++
		}
	}
	said := 0
	if d := j.Damage(); d != nil {
		said = d.Batches
		if d.Events > 0 {
			t.Errorf("%s: %d events are said to be lost", what, d.Events)
		}
	}
	// After a kill the newest results may be in their copies alone, and how many these had nobody knows.
	if copies := strings.Contains(what, "_DURABLE/"); lost != said && !copies {
		t.Errorf("%s: %d batches of results are lost, %d are said to be", what, lost, said)
	}
	made.tellsOn(t, j, what)
	newest := made.events[len(made.events)-1]
	if seq, err := j.AppendEvent(t.Context(), newest.Incident, newest.Seq, []byte("one more")); err != nil || seq != newest.Seq+1 {
		t.Errorf("%s: one more event is %d, %v", what, seq, err)
	}
}

// tellsOn wants the outbox to go on behind what receipts name, and lost receipts to be said.
func (made recordOf) tellsOn(t *testing.T, j *Journal, what string) {
	t.Helper()
	if rev, err := j.PutOutbox(t.Context(), "slack:C1", "updates/1", []byte("more")); err != nil || rev <= made.told {
		t.Errorf("%s: what is to be told next has revision %d, and there were %d: %v", what, rev, made.told, err)
	}
	there := 0
	for i := range made.receipts {
		if _, err := j.Receipt(t.Context(), "slack:C1", fmt.Sprint("updates/", i)); err == nil {
			there++
		}
	}
	if there < made.receipts {
		t.Errorf("%s: %d receipts of %d, damage %+v", what, there, made.receipts, j.Damage())
	}
}

// readAll reads what there is.
func readAll(t *testing.T, follow func(ctx context.Context, each func(Record) error, caughtUp func()) error) (all []Record) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_ = follow(ctx, func(r Record) error { all = append(all, r); return nil }, cancel)
	return all
}

// TestTheSecondCopyOfWhatIsToldIsBounded: it holds what is the newest, whatever was replaced or dropped.
func TestTheSecondCopyOfWhatIsToldIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 100<<10)
	for i := range 40 {
		if _, err := j.PutOutbox(t.Context(), "slack:C1", fmt.Sprint(i%2), body); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, twinFile))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if got := size(); got > twinLeast+int64(2*len(body)) {
		t.Errorf("%d bytes hold two entries of %d", got, len(body))
	}
	if n, err := j.Prune(t.Context(), time.Now().Add(time.Hour), func(Entry, *Receipt) bool { return true }); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "nats")); err != nil { // what was dropped does not come back
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close() //nolint:errcheck // looked at enough
	var left []string
	ctx, stop := context.WithCancel(t.Context())
	_ = again.WatchOutbox(ctx, func(e Entry) error { left = append(left, e.Key); return nil }, stop)
	if rev, err := again.PutOutbox(t.Context(), "slack:C1", "0", nil); len(left) > 0 || rev != 41 || err != nil {
		t.Errorf("left: %q; the next revision is %d, %v", left, rev, err)
	}
}
