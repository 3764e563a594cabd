package house

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/journal"
)

// What is known of heartbeats is kept beside the checkpoint, in shards: they
// may be rarer than results are kept. What a crash takes of the last half
// minute is replayed.
const (
	heartbeatsShelf = "heartbeats"
	heartbeatsEvery = 30 * time.Second
)

// restoreHeartbeats takes in what was stored, and gives the board the results
// that are too old to be among those replayed from since on.
func (h *house) restoreHeartbeats(ctx context.Context, since time.Time) error {
	if h.beats.Len() == 0 {
		return nil
	}
	for shard := range heartbeat.Shards {
		r, err := h.journal.Kept(ctx, heartbeatsShelf, failuresKey(shard))
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read heartbeats: %w", err)
		}
		if err := h.beats.Restore(r.Body); err != nil {
			h.log.Error("what was known of some heartbeats is not readable, left out", zap.Int("shard", shard), zap.Error(err))
		}
	}
	h.board.Apply(0, h.beats.Before(since))
	return nil
}

// watchHeartbeats tells of reports that do not come, while this process leads.
func (h *house) watchHeartbeats(ctx context.Context) {
	store := func(ctx context.Context, late []checks.Result) error {
		data, err := checks.EncodeResults(late)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return h.journal.AppendResultsDurably(ctx, data)
	}
	h.beats.Run(ctx, h.lastLed, store)
}

// keepHeartbeats stores what has changed, every 30 seconds.
func (h *house) keepHeartbeats(ctx context.Context) {
	t := time.NewTicker(heartbeatsEvery)
	defer t.Stop()
	revs := map[int]uint64{} // :: shard -> revision of what is stored
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		left, err := h.beats.Changed()
		if err == nil {
			err = h.storeShards(ctx, heartbeatsShelf, left, revs)
			h.beats.Unstored(left)
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("heartbeats not stored, will try again", zap.Error(err))
		}
	}
}

// ledUntil returns when somebody last led, by the pulse that a leader
// stores every few seconds; now if nobody ever did.
func (h *house) ledUntil(ctx context.Context) time.Time {
	r, err := h.journal.Kept(ctx, pulseShelf, pulseKey)
	if err != nil {
		if !errors.Is(err, journal.ErrNotFound) && ctx.Err() == nil {
			h.log.Warn("it is not known when statusbot last ran, reports may be missed that nobody could take", zap.Error(err))
		}
		return time.Now()
	}
	return r.Put
}
