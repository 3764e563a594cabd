package house

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
)

// What the log of incidents has come to is one more checkpoint: the heads of
// what ended, the desk, and where the events begin of what did not. A start
// reads those, and what came since, however many incidents there were. Without
// it, or with one of another version or journal, all events are read.

// followEvents gives the board each event, from that of a sequence on.
func (h *house) followEvents(ctx context.Context, from uint64, caughtUp func()) error {
	return h.journal.FollowEventsFrom(ctx, from, func(r journal.Record) error {
		known := h.board.Knows(r.Incident, r.Seq) // of what ended meanwhile, or our own
		if last := h.followed.event.Load(); known && last != nil && r.Seq <= last.Seq {
			return nil
		}
		e, err := incident.DecodeEvent(r.Data, r.Seq)
		if err != nil {
			h.log.Error("event not readable, left out", zap.Uint64("seq", r.Seq), zap.Error(err))
			return nil
		}
		if !known {
			h.board.ApplyEvent(e)
		}
		if last := h.followed.event.Load(); last == nil || e.Seq > last.Seq {
			position := incident.PositionOf(e)
			h.followed.event.Store(&position)
		}
		return nil
	}, caughtUp)
}

// logCheckpoint is the log of incidents as it is; nil while there is none.
func (h *house) logCheckpoint() ([]byte, error) {
	read := h.followed.event.Load() // before the log is looked at, which then has all up to it
	if read == nil {
		return nil, nil
	}
	return h.board.LogCheckpoint(*read)
}

// restoreLog gives the board the log of incidents, and returns with which
// sequence the events begin that are to be followed.
func (h *house) restoreLog(ctx context.Context) (from uint64, err error) {
	var data []byte
	err = h.patiently(ctx, func() (err error) {
		data, err = h.journal.Checkpoint(ctx, checkpointKey(logShard))
		return err
	})
	if errors.Is(err, journal.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	stored, err := incident.ReadBook(data)
	if err != nil {
		h.log.Info("the stored log of incidents is not used, all events are read", zap.Error(err))
		return 0, nil
	}
	same, err := h.holds(ctx, stored.Read)
	if err != nil {
		return 0, err
	}
	if !same {
		h.log.Warn("the stored log of incidents is of another journal, all events are read", zap.Uint64("seq", stored.Read.Seq))
		return 0, nil
	}
	h.board.RestoreLog(stored)
	h.followed.event.Store(&stored.Read)
	return stored.From, nil
}

// holds reports whether the journal has an event.
func (h *house) holds(ctx context.Context, position incident.Position) (bool, error) {
	var r journal.Record
	err := h.patiently(ctx, func() (err error) {
		r, err = h.journal.EventAt(ctx, position.Seq)
		return err
	})
	if errors.Is(err, journal.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e, err := incident.DecodeEvent(r.Data, r.Seq)
	return err == nil && position.Is(e), nil
}
