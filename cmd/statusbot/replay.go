package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
)

// What the board has concluded is kept in the journal beside the receipts.
const (
	checkpointShelf = "board"
	checkpointKey   = "checkpoint"
	checkpointEvery = 5 * time.Second
)

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

// restore gives the board the last checkpoint, and returns from when on
// results must be replayed: those of the longest window, and all that came
// after the checkpoint. Without a checkpoint: everything that is kept.
func (h *house) restore(ctx context.Context) (time.Time, error) {
	r, err := h.journal.Receipt(ctx, checkpointShelf, checkpointKey)
	if errors.Is(err, journal.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read checkpoint: %w", err)
	}
	at, err := h.board.Restore(r.Body)
	if err != nil {
		h.log.Error("checkpoint left out, replaying everything", zap.Error(err))
		return time.Time{}, nil //nolint:nilerr // it is only a short cut
	}
	longest := h.board.Definition().Window
	for _, c := range h.cfg.Load().Checks {
		if kind, _ := checks.LookupKind(c.Kind); !kind.Passive { // the last results of those are stored apart
			longest = max(longest, 6*c.Every) // a window holds at least five results of a rare check
		}
	}
	since := h.started.Add(-longest - time.Minute)
	if before := at.Add(-time.Minute); before.Before(since) {
		since = before
	}
	return since, nil
}

// keepCheckpoints stores what the board has concluded every few seconds.
func (h *house) keepCheckpoints(ctx context.Context) {
	t := time.NewTicker(checkpointEvery)
	defer t.Stop()
	var rev uint64
	if r, err := h.journal.Receipt(ctx, checkpointShelf, checkpointKey); err == nil {
		rev = r.Rev
	}
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		data, err := h.board.Checkpoint(time.Now())
		if err == nil {
			rev, err = h.journal.PutReceipt(ctx, checkpointShelf, checkpointKey, data, rev)
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("checkpoint not stored", zap.Error(err))
			if r, err := h.journal.Receipt(ctx, checkpointShelf, checkpointKey); err == nil {
				rev = r.Rev
			}
		}
	}
}
