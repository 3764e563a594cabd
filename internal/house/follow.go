package house

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// checkpointEvery is how often what the board has concluded is stored, all
// shards: a start replays what came since, at most 300,000 results with a thousand a second.
const checkpointEvery = 5 * time.Minute

// A leader leaves its pulse: when somebody last led.
const (
	pulseShelf = "board"
	pulseKey   = "checkpoint"
	pulseEvery = 5 * time.Second
)

func checkpointKey(shard int) string { return fmt.Sprintf("%02d", shard) }

// follow feeds the board from the journal, in the group, from the past into
// the present. The func that it returns waits until the past is read; false
// when ctx ended before.
func (h *house) follow(ctx context.Context, group *errgroup.Group) (past func(context.Context) bool, err error) {
	since, err := h.restore(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.restoreFailures(ctx); err != nil {
		return nil, err
	}
	if err := h.restoreHeartbeats(ctx, since); err != nil {
		return nil, err
	}
	results, events := make(chan struct{}), make(chan struct{})
	group.Go(func() error {
		// What is muted and what was tried decides how results are judged.
		select {
		case <-events:
		case <-ctx.Done():
			return nil
		}
		return ended(ctx, h.journal.FollowResults(ctx, since, func(r journal.Record) error {
			batch, err := checks.DecodeResults(r.Data)
			if err != nil {
				h.log.Error("batch of results not readable, left out", zap.Uint64("seq", r.Seq), zap.Error(err))
			}
			h.board.Apply(r.Seq, batch)
			h.beats.Note(batch, r.Time)
			h.newest.Store(r.Time.UnixNano())
			return nil
		}, func() { h.board.Replayed(); close(results) }))
	})
	group.Go(func() error {
		return ended(ctx, h.journal.FollowEvents(ctx, func(r journal.Record) error {
			e, err := incident.DecodeEvent(r.Data, r.Seq)
			if err == nil {
				h.board.ApplyEvent(e)
			} else {
				h.log.Error("event not readable, left out", zap.Uint64("seq", r.Seq), zap.Error(err))
			}
			return nil
		}, func() { close(events) }))
	})
	return func(ctx context.Context) bool {
		for _, c := range []chan struct{}{results, events} {
			select {
			case <-c:
			case <-ctx.Done():
				return false
			}
		}
		return true
	}, nil
}

// ended makes the end of ctx no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// restore gives the board its last checkpoints, and returns from when on
// results must be replayed: those of the longest window, and all that came
// after the oldest checkpoint. Without checkpoints: everything that is kept.
func (h *house) restore(ctx context.Context) (time.Time, error) {
	var oldest time.Time
	for shard := range status.CheckpointShards {
		data, err := h.journal.Checkpoint(ctx, checkpointKey(shard))
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		if err != nil {
			return time.Time{}, err
		}
		at, err := h.board.Restore(data)
		if err != nil {
			h.log.Error("checkpoint left out, replaying everything", zap.Int("shard", shard), zap.Error(err))
			return time.Time{}, nil //nolint:nilerr // it is only a short cut
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if oldest.IsZero() {
		return oldest, nil
	}
	longest := max(h.board.Definition().Window, impact.KeepResults)
	for _, c := range h.cfg.Load().Checks {
		if !c.Passive { // the last results of those are stored apart
			longest = max(longest, 6*c.Every) // a window holds at least five results of a rare check
		}
	}
	since := h.started.Add(-longest - time.Minute)
	if before := oldest.Add(-time.Minute); before.Before(since) {
		since = before
	}
	return since, nil
}

// keepCheckpoints stores what the board has concluded: one shard after the
// other, each once in checkpointEvery. The checkpoints of the round before go
// when all shards are stored anew.
func (h *house) keepCheckpoints(ctx context.Context) {
	t := time.NewTicker(checkpointEvery / status.CheckpointShards)
	defer t.Stop()
	for {
		var first uint64 // stored in this round; 0: nothing yet
		whole := true
		for shard := range status.CheckpointShards {
			select {
			case <-t.C:
			case <-ctx.Done():
				return
			}
			seq, err := h.storeCheckpoint(ctx, shard)
			if err != nil && ctx.Err() == nil {
				whole = false
				h.log.Warn("checkpoint not stored", zap.Int("shard", shard), zap.Error(err))
			}
			if first == 0 {
				first = seq
			}
		}
		if !whole || first == 0 {
			continue
		}
		if err := h.journal.DropCheckpoints(ctx, first); err != nil && ctx.Err() == nil {
			h.log.Warn("old checkpoints not dropped, will try again after the next round", zap.Error(err))
		}
	}
}

// storeCheckpoint returns the sequence of what was stored, 0 when nothing has to
// be dropped for it.
func (h *house) storeCheckpoint(ctx context.Context, shard int) (uint64, error) {
	data, err := h.board.Checkpoint(shard, time.Now())
	if err != nil || data == nil {
		return 0, err
	}
	return h.journal.PutCheckpoint(ctx, checkpointKey(shard), data)
}

// keepPulse leaves the pulse of this leader until ctx ends.
func (h *house) keepPulse(ctx context.Context) {
	t := time.NewTicker(pulseEvery)
	defer t.Stop()
	last := uint64(0)
	if r, err := h.journal.Kept(ctx, pulseShelf, pulseKey); err == nil {
		last = r.Rev
	}
	for {
		if rev, err := h.journal.Keep(ctx, pulseShelf, pulseKey, []byte("{}"), last); err == nil {
			last = rev
		} else if r, err := h.journal.Kept(ctx, pulseShelf, pulseKey); err == nil { // of another leader, or our own after all
			last = r.Rev
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}
