package house

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// The last failures of each check are kept in the journal beside the checkpoint, in shards. They are
// stored less often than that: what a crash takes of them is within the minute before the checkpoint,
// which is replayed.
const (
	failuresShelf = "board-failures"
	failuresEvery = 30 * time.Second
)

func failuresKey(shard int) string { return fmt.Sprintf("%03d", shard) }

// restoreFailures gives the board the failures that are older than what is replayed.
func (h *house) restoreFailures(ctx context.Context) error {
	for shard := range status.FailureShards {
		r, err := h.journal.Kept(ctx, failuresShelf, failuresKey(shard))
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read failures: %w", err)
		}
		if err := h.board.RestoreFailures(r.Body); err != nil {
			h.log.Error("a part of the last failures is not readable, left out", zap.Int("shard", shard), zap.Error(err))
		}
	}
	return nil
}

// keepFailures stores the failures that have changed, every 30 seconds.
func (h *house) keepFailures(ctx context.Context) {
	t := time.NewTicker(failuresEvery)
	defer t.Stop()
	revs := map[int]uint64{} // :: shard -> revision of what is stored
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if err := h.storeFailures(ctx, revs); err != nil && ctx.Err() == nil {
			h.log.Warn("last failures not stored, will try again", zap.Error(err))
		}
	}
}

// storeFailures stores the shards that have changed. What it does not get to stays changed.
func (h *house) storeFailures(ctx context.Context, revs map[int]uint64) error {
	left, err := h.board.ChangedFailures(h.journal.MaxBody())
	if err != nil {
		return err
	}
	defer func() { h.board.FailuresLost(left) }()
	return h.storeShards(ctx, failuresShelf, left, revs)
}

// storeShards stores shards under their numbers on a shelf, and takes those out of left that are stored.
func (h *house) storeShards(ctx context.Context, shelf string, left map[int][]byte, revs map[int]uint64) error {
	for shard, data := range left {
		last, known := revs[shard]
		if !known {
			r, err := h.journal.Kept(ctx, shelf, failuresKey(shard))
			if err != nil && !errors.Is(err, journal.ErrNotFound) {
				return err
			}
			last = r.Rev
		}
		rev, err := h.journal.Keep(ctx, shelf, failuresKey(shard), data, last)
		if err != nil {
			delete(revs, shard)
			return err
		}
		revs[shard] = rev
		delete(left, shard)
	}
	return nil
}
