package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// damages are the ways in which a file is damaged.
func damages(whole []byte) map[string][]byte {
	foreign := bytes.Repeat([]byte("\xf3\x00not ours\n"), 1+len(whole)/10)
	return map[string][]byte{"truncated": whole[:len(whole)/2], "empty": {}, "zeroed": make([]byte, len(whole)), "foreign": foreign,
		"one bit": append([]byte{whole[0] ^ 0x80}, whole[1:]...), "newer": append([]byte("statusbot 9\n"), whole...)}
}

// TestDamagedSmallFiles: whatever happened to a small file of the data directory, the journal opens, says in one
// sentence which file it was, and has all events.
func TestDamagedSmallFiles(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"node", "lock", "checkpoints/log"} {
		said := file != "lock" // which holds nothing but the number of the process
		dir := t.TempDir()
		open := func(log *zap.Logger) *Journal {
			t.Helper()
			j, err := Open(t.Context(), Config{Dir: dir, Log: log})
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			return j
		}
		j := open(zap.NewNop())
		if _, err := j.AppendEvent(t.Context(), "inc-1", 0, []byte("an event")); err != nil {
			t.Fatal(err)
		}
		store := func() {
			t.Helper()
			if _, err := j.PutCheckpoint(t.Context(), "log", []byte("what the log has come to")); err != nil {
				t.Fatal(err)
			}
		}
		store()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for how, damaged := range damages(whole) {
			if err := os.WriteFile(filepath.Join(dir, file), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			core, log := observer.New(zap.WarnLevel)
			j = open(zap.New(core))
			_, err := j.Checkpoint(t.Context(), "log")
			if gone := file == "checkpoints/log"; errors.Is(err, ErrDamaged) != gone || errors.Is(err, ErrNotFound) != gone {
				t.Errorf("%s, %s: the checkpoint is %v", file, how, err)
			}
			var events []string
			if err := j.EventsOf(t.Context(), "inc-1", func(r Record) error { events = append(events, string(r.Data)); return nil }); err != nil || len(events) != 1 {
				t.Errorf("%s, %s: the events are %q, %v", file, how, events, err)
			}
			store()
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, l := range log.All() {
				lines = append(lines, fmt.Sprint(l.ContextMap()["file"], ": ", l.Message))
			}
			if said && (len(lines) != 1 || !strings.Contains(lines[0], filepath.Join(dir, file)) || !strings.Contains(lines[0], "damaged; going on")) || !said && len(lines) > 0 {
				t.Errorf("%s, %s: said %q", file, how, lines)
			}
		}
	}
}

// TestDiskError: an error of the data directory's disk says what is wrong and what to do; another one is left as it is.
func TestDiskError(t *testing.T) {
	t.Parallel()
	const dir = "/var/lib/statusbot"
	at := func(path string, err error) error { return &fs.PathError{Op: "open", Path: path, Err: err} }
	for _, c := range []struct {
		err  error
		want string // how it begins
	}{
		{at(dir+"/lock", syscall.ENOSPC), "the disk is full; make room on the disk of /var/lib/statusbot ("},
		{at(dir+"/lock", syscall.EROFS), "the disk is read-only; mount the disk of /var/lib/statusbot for writing ("},
		{at("/var/lib", syscall.EACCES), "the data directory may not be written; let the user of statusbot write to /var/lib/statusbot ("},
		{at(dir+"/node", syscall.EMFILE), "too many files are open; raise the limit of open files (LimitNOFILE) ("},
		{errors.New("could not create storage directory - mkdir x: no space left on device"), "the disk is full; "},
		{errors.New("mkdir x: read-only file system"), "the disk is read-only; "},
		{at("/etc/statusbot/nats.creds", syscall.EACCES), "open /etc/statusbot/nats.creds"},
		{fmt.Errorf("listen tcp :80: bind: %w", syscall.EACCES), "listen tcp :80"},
		{errors.New("insufficient resources"), "insufficient resources"},
	} {
		got := DiskError(dir, c.err)
		if !strings.HasPrefix(got.Error(), c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v is said as %q, want %q", c.err, got, c.want)
		}
	}
	if DiskError(dir, nil) != nil {
		t.Error("no error is one")
	}
}

// TestASecondCopyUpToWhatIsThere: events before one that cannot be read are kept, and it goes on from there.
func TestASecondCopyUpToWhatIsThere(t *testing.T) {
	t.Parallel()
	s := &second{name: filepath.Join(t.TempDir(), secondFile)}
	if err := writeSecond(s.name, nil); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	body := strings.Repeat("x", reachAtOnce/3)
	gone := errors.New("gone")
	upTo := func(readable uint64) func(uint64) (stored, error) {
		return func(seq uint64) (stored, error) {
			if seq > readable {
				return stored{}, gone
			}
			return stored{seq: seq, token: "inc", data: []byte(body)}, nil
		}
	}
	if err := s.reach(7, upTo(5)); !errors.Is(err, gone) || s.reached() != 5 {
		t.Errorf("it reaches %d of 5: %v", s.reached(), err)
	}
	if err := s.reach(7, upTo(7)); err != nil || s.reached() != 7 {
		t.Errorf("it reaches %d of 7: %v", s.reached(), err)
	}
	is, err := readSecond(s.name, func(stored) error { return nil })
	if err != nil || is.n != 7 || is.newest.seq != 7 || is.places != 0 || is.tail {
		t.Errorf("the file has %d events up to %d, %d damaged places: %v", is.n, is.newest.seq, is.places, err)
	}
}
