//go:build unix

package journal

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// strangeDir is a data directory to which something is done that is no damage of a file's bytes.
type strangeDir struct {
	t   *testing.T
	dir string
}

func (s strangeDir) need(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// in is a file of the directory; $ stands for where the streams are.
func (s strangeDir) in(name string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(name, "$", filepath.Join(aloneDir, "jetstream", "$G", "streams")))
}

func (s strangeDir) swap(a, b string) {
	s.t.Helper()
	s.need(os.Rename(s.in(a), s.in("aside")))
	s.need(os.Rename(s.in(b), s.in(a)))
	s.need(os.Rename(s.in("aside"), s.in(b)))
}

func (s strangeDir) gone(name string) { s.t.Helper(); s.need(os.RemoveAll(s.in(name))) }

func (s strangeDir) folder(name string) {
	s.t.Helper()
	s.gone(name)
	s.need(os.MkdirAll(s.in(name+"/in"), 0o700))
}

func (s strangeDir) file(name, text string) {
	s.t.Helper()
	s.gone(name)
	s.need(os.MkdirAll(filepath.Dir(s.in(name)), 0o700))
	s.need(os.WriteFile(s.in(name), []byte(text), 0o600))
}

func (s strangeDir) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(s.in(name))
	s.need(err)
	return string(data)
}

func (s strangeDir) copies(from, to string) { s.t.Helper(); s.file(to, s.read(from)) }

func (s strangeDir) links(name, to string) {
	s.t.Helper()
	s.gone(name)
	s.need(os.Symlink(to, s.in(name)))
}

func (s strangeDir) sparse(name string, size int64) {
	s.t.Helper()
	s.need(os.Truncate(s.in(name), size))
}

func (s strangeDir) ahead(name string) {
	s.t.Helper()
	at := time.Now().AddDate(50, 0, 0)
	s.need(os.Chtimes(s.in(name), at, at))
}

const (
	// allResults are gone with the files of the server: they have no second copy.
	allResults = "all results are gone"

	evs  = "$/STATUSBOT_EVENTS"
	ress = "$/STATUSBOT_RESULTS"
	outs = "$/KV_statusbot_outbox"
	recs = "$/KV_statusbot_receipts"
)

var strangeDirs = []struct {
	name string
	do   func(strangeDir)
	says string // of an Open that fails; empty: it opens and nothing is lost, or what is lost is counted; allResults
}{
	{"copies swapped", func(s strangeDir) { s.swap(secondFile, twinFile) }, ""},
	{"blocks of events and results swapped", func(s strangeDir) { s.swap(evs+"/msgs/1.blk", ress+"/msgs/1.blk") }, ""},
	{"blocks of events and receipts swapped", func(s strangeDir) { s.swap(evs+"/msgs/1.blk", recs+"/msgs/1.blk") }, ""},
	{"blocks of outbox and receipts swapped", func(s strangeDir) { s.swap(outs+"/msgs/1.blk", recs+"/msgs/1.blk") }, ""},
	{"messages of events and outbox swapped", func(s strangeDir) { s.swap(evs+"/msgs", outs+"/msgs") }, ""},
	{"streams swapped", func(s strangeDir) { s.swap(evs, ress) }, ""},
	{"kinds of streams swapped", func(s strangeDir) { s.swap(evs+"/meta.inf", ress+"/meta.inf") }, ""},
	{"sums of kinds swapped", func(s strangeDir) { s.swap(evs+"/meta.sum", ress+"/meta.sum") }, ""},
	{"kinds and sums swapped", func(s strangeDir) {
		s.swap(evs+"/meta.inf", recs+"/meta.inf")
		s.swap(evs+"/meta.sum", recs+"/meta.sum")
	}, ""},
	{"an index of another stream", func(s strangeDir) { s.copies(ress+"/msgs/index.db", evs+"/msgs/index.db") }, ""},
	{"a folder for the copy of the events", func(s strangeDir) { s.folder(secondFile) }, ""},
	{"a folder for what is told", func(s strangeDir) { s.folder(twinFile) }, ""},
	{"a folder for the name", func(s strangeDir) { s.folder("node") }, ""},
	{"a folder for the lock", func(s strangeDir) { s.folder("lock") }, "lock is no file: move it away"},
	{"a file for nats", func(s strangeDir) { s.file(aloneDir, "x") }, allResults},
	{"a file for jetstream", func(s strangeDir) { s.file(aloneDir+"/jetstream", "x") }, allResults},
	{"a file for the streams", func(s strangeDir) { s.file("$", "x") }, allResults},
	{"a file for a stream", func(s strangeDir) { s.file(evs, "x") }, ""},
	{"a file for its messages", func(s strangeDir) { s.file(evs+"/msgs", "x") }, ""},
	{"a folder for a block", func(s strangeDir) { s.folder(evs + "/msgs/1.blk") }, ""},
	{"a folder for a block of results", func(s strangeDir) { s.folder(ress + "/msgs/1.blk") }, ""},
	{"a folder for an index", func(s strangeDir) { s.folder(evs + "/msgs/index.db") }, ""},
	{"a folder for a kind", func(s strangeDir) { s.folder(evs + "/meta.inf") }, ""},
	{"a folder for a sum", func(s strangeDir) { s.folder(recs + "/meta.sum") }, ""},
	{"a file for the checkpoints", func(s strangeDir) { s.file(checkpointsDir, "x") }, ""},
	{"a file for what is damaged", func(s strangeDir) { s.file("damaged", "x"); s.file(evs+"/msgs/1.blk", "x") }, ""},
	{"no kind", func(s strangeDir) { s.gone(evs + "/meta.inf") }, ""},
	{"empty kind", func(s strangeDir) { s.file(recs+"/meta.inf", "") }, ""},
	{"empty sum", func(s strangeDir) { s.file(outs+"/meta.sum", "") }, ""},
	{"no index anywhere", func(s strangeDir) {
		for _, stream := range []string{evs, ress, outs, recs} {
			s.gone(stream + "/msgs/index.db")
		}
	}, ""},
	{"all blocks of what is told are empty", func(s strangeDir) { s.file(outs+"/msgs/1.blk", ""); s.file(recs+"/msgs/1.blk", "") }, ""},
	{"a temporary copy is left", func(s strangeDir) {
		s.file(secondFile+".tmp", "half")
		s.file(secondFile+".new", "half")
		s.file(twinFile+".tmp", "half")
	}, ""},
	{"folders in place of temporary copies", func(s strangeDir) {
		s.folder(secondFile + ".tmp")
		s.folder(twinFile + ".tmp")
		s.file(evs+"/msgs/1.blk", "x")
	}, ""},
	{"temporary blocks are left", func(s strangeDir) { s.file(evs+"/msgs/1.blk.tmp", "half"); s.file(evs+"/msgs/1.new", "half") }, ""},
	{"a copy of a block by an editor", func(s strangeDir) { s.copies(evs+"/msgs/1.blk", evs+"/msgs/1.blk~") }, ""},
	{"a temporary index is left", func(s strangeDir) { s.file(evs+"/msgs/index.db.tmp", "half") }, ""},
	{"a purge is left", func(s strangeDir) {
		s.need(os.MkdirAll(s.in(evs+"/__msgs__"), 0o700))
		s.copies(evs+"/msgs/1.blk", evs+"/__msgs__/1.blk")
	}, ""},
	{"a stream that is being deleted", func(s strangeDir) { s.copies(evs+"/meta.inf", "$/.STATUSBOT_EVENTS/meta.inf") }, ""},
	{"an empty block behind", func(s strangeDir) { s.file(evs+"/msgs/2.blk", "") }, ""},
	{"an empty block far behind", func(s strangeDir) { s.file(evs+"/msgs/4000000000.blk", "") }, ""},
	{"a foreign block behind", func(s strangeDir) { s.file(evs+"/msgs/2.blk", strings.Repeat("not ours\n", 100)) }, ""},
	{"a foreign block before", func(s strangeDir) { s.file(evs+"/msgs/0.blk", strings.Repeat("not ours\n", 100)) }, ""},
	{"a block twice", func(s strangeDir) { s.copies(evs+"/msgs/1.blk", evs+"/msgs/2.blk") }, ""},
	{"a block of results twice", func(s strangeDir) { s.copies(ress+"/msgs/1.blk", ress+"/msgs/2.blk") }, ""},
	{"a block of receipts twice", func(s strangeDir) { s.copies(recs+"/msgs/1.blk", recs+"/msgs/2.blk") }, ""},
	{"a block of results behind the events", func(s strangeDir) { s.copies(ress+"/msgs/1.blk", evs+"/msgs/2.blk") }, ""},
	{"a block whose name is no number", func(s strangeDir) { s.copies(evs+"/msgs/1.blk", evs+"/msgs/one.blk") }, ""},
	{"a block of another number", func(s strangeDir) { s.need(os.Rename(s.in(evs+"/msgs/1.blk"), s.in(evs+"/msgs/7.blk"))) }, ""},
	{"a foreign stream", func(s strangeDir) { s.need(os.CopyFS(s.in("$/COPY"), os.DirFS(s.in(evs)))) }, ""},
	{"foreign files everywhere", func(s strangeDir) {
		for _, in := range []string{"", aloneDir, "$", evs, evs + "/msgs", checkpointsDir} {
			s.file(filepath.Join(in, ".DS_Store"), "x")
			s.file(filepath.Join(in, "Thumbs.db"), "x")
		}
	}, ""},
	{"times fifty years ahead", func(s strangeDir) {
		for _, f := range []string{evs + "/msgs/1.blk", evs + "/msgs/index.db", secondFile, twinFile, "node", evs} {
			if exists(s.in(f)) {
				s.ahead(f)
			}
		}
	}, ""},
	{"damaged files of the year 2099", func(s strangeDir) { s.file("damaged/20990101T000000.000/1.blk", "x"); s.file(evs+"/msgs/1.blk", "x") }, ""},
	{"a link to nowhere for the copy", func(s strangeDir) { s.links(secondFile, "/nowhere/at/all") }, ""},
	{"links in a circle for nats", func(s strangeDir) { s.links(aloneDir, "b"); s.links("b", aloneDir) }, allResults},
	{"a link to itself for the checkpoints", func(s strangeDir) { s.links(checkpointsDir, checkpointsDir) }, ""},
	{"a link to itself for the copy", func(s strangeDir) { s.links(secondFile, secondFile) }, ""},
	{"a link to itself for a stream", func(s strangeDir) { s.links(evs, s.in(evs)) }, ""},
	{"a link to itself for the lock", func(s strangeDir) { s.links("lock", "lock") }, "lock is no file: move it away"},
	{"a link to nowhere for the lock", func(s strangeDir) { s.links("lock", "/nowhere/at/all") }, "lock is no file: move it away"},
	{"a pipe for the lock", func(s strangeDir) { s.gone("lock"); s.need(syscall.Mkfifo(s.in("lock"), 0o600)) }, "lock is no file: move it away"},
	{"a link to nowhere for what is damaged", func(s strangeDir) { s.links("damaged", "/nowhere/at") }, "damaged is a link to /nowhere/at, which is not there: mount"},
	{"a link to the directory among the blocks", func(s strangeDir) { s.links(evs+"/msgs/loop", s.dir) }, ""},
	{"a later form of the copy", func(s strangeDir) { s.file(secondFile, "statusbot events 2\n"+s.read(secondFile)) }, ""},
	{"a later form of what is told", func(s strangeDir) { s.file(twinFile, "statusbot kept 2\n"+s.read(twinFile)) }, ""},
	{"a later form of a block", func(s strangeDir) { s.file(evs+"/msgs/1.blk", "\x16\x09"+s.read(evs+"/msgs/1.blk")) }, ""},
	{"a link to itself for the name", func(s strangeDir) { s.links("node", "node") }, ""},
	{"a link to nowhere for a block", func(s strangeDir) { s.links(evs+"/msgs/1.blk", "nowhere") }, ""},
	{"the copy is a link to the other one", func(s strangeDir) { s.links(secondFile, s.in(twinFile)) }, ""},
	{"the copy is elsewhere by a link", func(s strangeDir) {
		s.need(os.Rename(s.in(secondFile), s.in("elsewhere")))
		s.links(secondFile, "elsewhere")
	}, ""},
	{"the copies are one file", func(s strangeDir) { s.gone(twinFile); s.need(os.Link(s.in(secondFile), s.in(twinFile))) }, ""},
	{"a megabyte of nothing behind the copy", func(s strangeDir) { s.sparse(secondFile, 1<<20) }, ""},
	{"a megabyte of nothing behind what is told", func(s strangeDir) { s.sparse(twinFile, 1<<20) }, ""},
	{"a megabyte of nothing behind the name", func(s strangeDir) { s.sparse("node", 1<<20) }, ""},
	{"a megabyte of nothing in an index", func(s strangeDir) { s.sparse(evs+"/msgs/index.db", 1<<20) }, ""},
	{"a pipe for the name", func(s strangeDir) { s.gone("node"); s.need(syscall.Mkfifo(s.in("node"), 0o600)) }, ""},
	{"a pipe for the copy", func(s strangeDir) { s.gone(secondFile); s.need(syscall.Mkfifo(s.in(secondFile), 0o600)) }, ""},
	{"a pipe for a block", func(s strangeDir) {
		s.gone(evs + "/msgs/1.blk")
		s.need(syscall.Mkfifo(s.in(evs+"/msgs/1.blk"), 0o600))
	}, ""},
	{"no journal", func(s strangeDir) { s.gone(aloneDir) }, allResults},
	{"no copies", func(s strangeDir) { s.gone(secondFile); s.gone(twinFile) }, ""},
	{"a history that was being brought", func(s strangeDir) { s.file(broughtFile, "half"); s.file("before/nats/x", "x") }, ""},
	{"files of a member beside", func(s strangeDir) { s.file(clusterDir+"/jetstream/x", "x") }, "is of a member of a cluster"},
	{"a disk that is not mounted", func(s strangeDir) { s.links(aloneDir, "/nowhere/at/all") }, "is a link to /nowhere/at/all, which is not there: mount"},
}

// TestStrangeDirectories: files that were swapped, folders, pipes and links in the place of files, leftovers, foreign and huge ones, times
// ahead: a start loses what stood there alone, says so, and has the rest; where it cannot start it says what to do.
func TestStrangeDirectories(t *testing.T) {
	t.Parallel()
	made := makeRecord(t)
	each := longtest.Of(5, 1) // all of them take some 3 CPU-s
	for i, strange := range strangeDirs {
		if i%each != 0 {
			continue
		}
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(dir, os.DirFS([]string{made.open, made.closed}[i%2])); err != nil {
			t.Fatal(err)
		}
		strange.do(strangeDir{t, dir})
		switch want := made; strange.says {
		case allResults:
			want.batches = nil // nobody knows how many there were
			want.opensFrom(t, dir, strange.name)
		case "":
			want.opensFrom(t, dir, strange.name)
		default:
			j, err := Open(t.Context(), Config{Dir: dir})
			if err == nil {
				_ = j.Close() // it is an error that it opened
			}
			if err == nil || !strings.Contains(err.Error(), strange.says) {
				t.Errorf("%s: %v, want %q", strange.name, err, strange.says)
			}
		}
	}
}

// TestToMark: behind a damaged place the next record is found, wherever in the buffer its mark is, and zeros are passed over at once.
func TestToMark(t *testing.T) {
	t.Parallel()
	const size = 64
	for at := 1; at < 3*size; at++ {
		data := append(append(make([]byte, at), secondMark...), make([]byte, size)...)
		in := bufio.NewReaderSize(bytes.NewReader(data), size)
		looks := 0
		for {
			head, err := in.Peek(len(secondMark))
			if err != nil {
				t.Fatalf("%d: the mark was passed over", at)
			}
			if bytes.Equal(head, secondMark) {
				break
			}
			looks++
			if _, err := in.Discard(toMark(in)); err != nil {
				t.Fatal(err)
			}
		}
		if most := 2 + at/(size-2*len(secondMark)); looks > most {
			t.Errorf("%d: %d looks, want %d at most", at, looks, most)
		}
	}
}
