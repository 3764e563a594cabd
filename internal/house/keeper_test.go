package house

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// full is a place for forms that takes so many, and then none.
type full struct {
	room   int
	stored []int
}

var errFull = errors.New("full")

func (f *full) read(context.Context, int) ([]byte, error) { return nil, journal.ErrNotFound }

func (f *full) store(_ context.Context, shard int, _ []byte) error {
	if len(f.stored) == f.room {
		return errFull
	}
	f.stored = append(f.stored, shard)
	return nil
}

// What a keeper does not get to store comes again, and nothing else.
func TestKeeperGivesBackWhatItDidNotStore(t *testing.T) {
	place := &full{room: 2}
	changed := map[int][]byte{1: nil, 2: nil, 3: nil, 4: nil}
	k := keeper{in: place, changed: func() (map[int][]byte, error) { return maps.Clone(changed), nil },
		left: func(left map[int][]byte) { changed = left }}
	if err := k.storeChanged(t.Context()); !errors.Is(err, errFull) {
		t.Fatalf("got %v, want %v", err, errFull)
	}
	for _, shard := range place.stored {
		if _, again := changed[shard]; again {
			t.Errorf("shard %d is stored, and comes again", shard)
		}
	}
	if len(changed) != 2 {
		t.Errorf("%d shards come again, want 2", len(changed))
	}
	place.room = 4
	if err := k.storeChanged(t.Context()); err != nil || len(changed) != 0 {
		t.Errorf("%d shards are left, %v", len(changed), err)
	}
	slices.Sort(place.stored)
	if diff := cmp.Diff([]int{1, 2, 3, 4}, place.stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// What came after a checkpoint is replayed by its place in the journal, whatever
// the clocks said when the checkpoint was stored and at the start.
func TestRestoreGoesByTheSequence(t *testing.T) {
	dir := t.TempDir()
	cfg := &config.Config{
		Products: []config.Product{{ID: "shop"}},
		Checks:   []checks.Check{{ID: "front", Product: "shop", Kind: "http", Every: 10 * time.Second, Timeout: time.Second}},
	}
	ahead := time.Now().Add(3 * time.Hour) // of the journal's clock, longer than any window here
	open := func() *house {
		h := &house{dataDir: dir, log: zap.NewNop(), started: ahead, board: status.NewBoard(Definition(cfg)), beats: heartbeat.New(nil), shots: newScreenshots(dir, "screenshots")}
		h.cfg.Store(cfg)
		var err error
		if h.journal, err = journal.Open(t.Context(), journal.Config{Dir: dir, Log: h.log}); err != nil {
			t.Fatal(err)
		}
		return h
	}
	result := func(i int) []checks.Result {
		return []checks.Result{{Check: "front", Product: "shop", Started: ahead.Add(time.Duration(i) * time.Second), Outcome: checks.Pass}}
	}
	before := open()
	for i := range 3 {
		before.appendResults(result(i))
		before.board.Apply(uint64(i+1), result(i))
	}
	for shard := range status.CheckpointShards {
		data, err := before.board.Checkpoint(shard, ahead)
		if err != nil {
			t.Fatal(err)
		}
		if data != nil {
			if _, err := before.journal.PutCheckpoint(t.Context(), checkpointKey(shard), data); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 2 { // after the checkpoint
		before.appendResults(result(3 + i))
	}
	if err := before.journal.Close(); err != nil {
		t.Fatal(err)
	}

	after := open()
	stop := after.follows(t)
	if n := after.board.Applied(); n != 2 {
		t.Errorf("%d results replayed, want the 2 after the checkpoint", n)
	}
	stop()
	if err := after.journal.Close(); err != nil {
		t.Error(err)
	}

	// With one that is damaged its checks would begin as if they were new: all are replayed.
	for shard := range status.CheckpointShards {
		file := filepath.Join(dir, "checkpoints", checkpointKey(shard))
		if _, err := os.Stat(file); err == nil {
			continue // of the check above
		}
		if err := os.WriteFile(file, []byte("not ours"), 0o600); err != nil {
			t.Fatal(err)
		}
		break
	}
	after = open()
	stop = after.follows(t)
	if n := after.board.Applied(); n != 5 {
		t.Errorf("%d results replayed with a damaged checkpoint, want all 5", n)
	}
	stop()
	if err := after.journal.Close(); err != nil {
		t.Error(err)
	}
}

// follows has a house read its past, and goes on until stop.
func (h *house) follows(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	h.outbox = newOutbox(h.journal)
	past, err := h.follow(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	if !past(ctx) {
		t.Error("the past was not read")
	}
	return func() {
		cancel()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	}
}
