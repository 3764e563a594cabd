package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/statusbot/statusbot/internal/journal"
)

// longCheckpoint takes three messages, each with another content; the n-th
// ends with n.
func longCheckpoint(j *journal.Journal, n byte) []byte {
	long := make([]byte, 2*j.MaxBody()+17)
	for i := range long {
		long[i] = byte(i / 1000)
	}
	return append(long, n)
}

func wantCheckpoint(t *testing.T, j *journal.Journal, key string, data []byte) {
	t.Helper()
	got, err := j.Checkpoint(t.Context(), key)
	check(t, err)
	if !bytes.Equal(got, data) {
		t.Fatalf("%s: got %d bytes, want %d", key, len(got), len(data))
	}
}

func TestCheckpoints(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		if _, err := j.Checkpoint(t.Context(), "a"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("of nothing: %v", err)
		}
		for i := range byte(3) {
			first, err := j.PutCheckpoint(t.Context(), "a", fmt.Appendf(nil, "a%d", i))
			check(t, err)
			_, err = j.PutCheckpoint(t.Context(), "b/1", longCheckpoint(j, i))
			check(t, err)
			wantCheckpoint(t, j, "a", fmt.Appendf(nil, "a%d", i))
			wantCheckpoint(t, j, "b/1", longCheckpoint(j, i))
			check(t, j.DropCheckpoints(t.Context(), first)) // of the round before
		}
		wantCheckpoint(t, j, "a", []byte("a2"))
		wantCheckpoint(t, j, "b/1", longCheckpoint(j, 2))
		if _, err := j.PutCheckpoint(t.Context(), "", nil); !errors.Is(err, journal.ErrBadName) {
			t.Errorf("of no name: %v", err)
		}
		check(t, j.Close())
		if _, err := j.PutCheckpoint(t.Context(), "a", nil); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if _, err := j.Checkpoint(t.Context(), "a"); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
		j = open(t, cfg)
		wantCheckpoint(t, j, "a", []byte("a2"))
		wantCheckpoint(t, j, "b/1", longCheckpoint(j, 2))
	})
}

// TestCheckpointsDropped: on a cluster all of the first round goes, nothing of
// the second; and what is left of one, when some of its messages went, is none.
func TestCheckpointsDropped(t *testing.T) {
	j := open(t, journal.Config{URL: startServer(t), Node: "n1"})
	ctx := t.Context()
	var seq, next uint64
	for i := range byte(2) {
		var err error
		seq, err = j.PutCheckpoint(ctx, "a", fmt.Appendf(nil, "a%d", i))
		check(t, err)
		next, err = j.PutCheckpoint(ctx, "b", longCheckpoint(j, i))
		check(t, err)
		if next != seq+1 {
			t.Errorf("a long checkpoint begins at %d, after one at %d", next, seq)
		}
	}
	check(t, j.DropCheckpoints(ctx, seq))
	wantCheckpoint(t, j, "a", []byte("a1"))
	wantCheckpoint(t, j, "b", longCheckpoint(j, 1))
	check(t, j.DropCheckpoints(ctx, next+1))
	if _, err := j.Checkpoint(ctx, "b"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("of a part: %v", err)
	}
}

// TestCheckpointCut: a file of which a crash took the end is no checkpoint.
func TestCheckpointCut(t *testing.T) {
	cfg := journal.Config{Dir: t.TempDir()}
	j := open(t, cfg)
	_, err := j.PutCheckpoint(t.Context(), "a", []byte("0123456789"))
	check(t, err)
	files, err := filepath.Glob(filepath.Join(cfg.Dir, "checkpoints", "*"))
	check(t, err)
	if len(files) != 1 {
		t.Fatalf("files %q, want one", files)
	}
	whole, err := os.ReadFile(files[0])
	check(t, err)
	for size := range whole {
		check(t, os.Truncate(files[0], int64(size)))
		if _, err := j.Checkpoint(t.Context(), "a"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("of %d bytes: %v", size, err)
		}
		check(t, os.WriteFile(files[0], whole, 0o600))
	}
	wantCheckpoint(t, j, "a", []byte("0123456789"))
}

// TestCheckpointUnreadable: a file that cannot be read is no checkpoint, and ends nobody.
func TestCheckpointUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, journal.Config{Dir: dir})
	check(t, os.MkdirAll(filepath.Join(dir, "checkpoints", "a"), 0o700)) // a folder: also root cannot read that
	if _, err := j.Checkpoint(t.Context(), "a"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("got %v, want that there is none", err)
	}
}
