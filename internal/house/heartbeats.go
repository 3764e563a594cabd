package house

import (
	"context"
	"errors"
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

// heartbeats keeps what is known of them.
func (h *house) heartbeats() keeper {
	return keeper{
		what: "heartbeats", shards: heartbeat.Shards, every: heartbeatsEvery, in: h.shelf(heartbeatsShelf),
		restore: func(_ int, data []byte) error { return h.beats.Restore(data) },
		changed: h.beats.Changed,
		left:    h.beats.Unstored,
	}
}

// restoreHeartbeats takes in what was stored, and gives the board the results
// that are too old to be among those replayed from since on.
func (h *house) restoreHeartbeats(ctx context.Context, since time.Time) error {
	if h.beats.Len() == 0 {
		return nil
	}
	if err := h.readAll(ctx, h.heartbeats()); err != nil {
		return err
	}
	h.board.Apply(0, h.beats.Before(since))
	return nil
}

// watchHeartbeats tells of reports that do not come, while this process leads, once it is known when the leader before it was
// there last.
func (h *house) watchHeartbeats(ctx context.Context, lastLed <-chan time.Time) {
	var last time.Time
	select {
	case last = <-lastLed:
	case <-ctx.Done():
		return
	}
	store := func(ctx context.Context, late []checks.Result) error {
		data, err := checks.EncodeResults(late)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return h.journal.AppendResultsDurably(ctx, data)
	}
	h.beats.Run(ctx, last, store)
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
