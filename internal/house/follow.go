package house

import (
	"context"
	"errors"
	"math"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
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

// follow feeds the board from the journal, in the group, from the past into
// the present. The func that it returns waits until the past is read; false
// when ctx ended before.
func (h *house) follow(ctx context.Context, group *errgroup.Group) (past func(context.Context) bool, err error) {
	from, err := h.restore(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.readAll(ctx, h.failures()); err != nil {
		return nil, err
	}
	if err := h.restoreHeartbeats(ctx, from.since); err != nil {
		return nil, err
	}
	firstEvent, err := h.restoreLog(ctx)
	if err != nil {
		return nil, err
	}
	results, events := make(chan struct{}), make(chan struct{})
	group.Go(h.ending.parts.named("reading results", func() error {
		// What is muted and what was tried decides how results are judged.
		select {
		case <-events:
		case <-ctx.Done():
			return nil
		}
		var once agent.Once
		return ended(ctx, h.followResults(ctx, from, func(r journal.Record) error {
			h.takeIn(r, &once)
			return nil
		}, func() { h.board.Replayed(); h.counted.begin(); close(results) }))
	}))
	group.Go(h.ending.parts.named("reading events", func() error {
		return ended(ctx, h.followEvents(ctx, firstEvent, func() { close(events) }))
	}))
	group.Go(h.ending.parts.named("following the outbox", func() error { return ended(ctx, h.outbox.standing.FollowEntries(ctx)) }))
	group.Go(h.ending.parts.named("following receipts", func() error { return ended(ctx, h.outbox.standing.FollowReceipts(ctx)) }))
	group.Go(h.ending.parts.named("forgetting what was pruned", func() error { h.forget(ctx); return nil }))
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

// takeIn gives a stored batch to all that follow results.
func (h *house) takeIn(r journal.Record, once *agent.Once) {
	batch, err := checks.DecodeResults(r.Data)
	if err != nil {
		h.log.Error("batch of results not readable, left out", zap.Uint64("seq", r.Seq), zap.Error(err))
	}
	batch = once.Of(batch)
	h.board.Apply(r.Seq, batch)
	h.counted.note(batch)
	h.beats.Note(batch, r.Time)
	h.desk.Note(batch)
	h.followed.took(r.Time)
	h.followed.noteEnds(batch, h.board, h.log)
}

// followResults gives each batch to each, from where replay begins.
func (h *house) followResults(ctx context.Context, from begin, each func(journal.Record) error, caughtUp func()) error {
	if from.seq > 0 {
		return h.journal.FollowResultsFrom(ctx, from.seq, each, caughtUp)
	}
	return h.journal.FollowResults(ctx, from.since, each, caughtUp)
}

// ended makes the end of ctx no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// checkpoints keeps what the board has concluded: one shard after the other, each
// once in checkpointEvery.
func (h *house) checkpoints() keeper {
	r := &rounds{journal: h.journal, log: h.log, shard: logShard}
	return keeper{
		what: "checkpoint", shards: status.CheckpointShards, every: checkpointEvery / status.CheckpointShards, in: r,
		changed: func() (map[int][]byte, error) {
			data, err := h.checkpoint(r.shard)
			if err != nil || data == nil {
				return nil, err
			}
			return map[int][]byte{r.shard: data}, nil
		},
		left:   func(map[int][]byte) {}, // it comes again with the next round
		looked: r.looked,
	}
}

func (h *house) checkpoint(shard int) ([]byte, error) {
	if shard == logShard {
		return h.logCheckpoint()
	}
	return h.board.Checkpoint(shard, time.Now())
}

// begin is where the results begin that are replayed at a start. The zero value is
// with the first one.
type begin struct {
	seq   uint64    // with this batch; 0: by time
	since time.Time // with the first batch that was stored then or later
}

// restore gives the board its last checkpoints, and returns from where on
// results must be replayed: those of the longest window, and all that came
// after the oldest checkpoint. Without checkpoints: everything that is kept.
func (h *house) restore(ctx context.Context) (begin, error) {
	oldest, found, broken := uint64(math.MaxUint64), false, false
	k := h.checkpoints()
	k.restore = func(_ int, data []byte) error {
		if broken {
			return nil
		}
		seq, err := h.board.Restore(data)
		oldest, found, broken = min(oldest, seq), true, err != nil
		return err
	}
	k.damaged = func() { broken = true }
	if err := h.readAll(ctx, k); err != nil {
		return begin{}, err
	}
	if broken || !found {
		return begin{}, nil // they are only a short cut
	}
	longest := max(h.board.Definition().Window, impact.KeepResults)
	for _, c := range h.cfg.Load().Checks {
		if !c.Passive { // the last results of those are stored apart
			longest = max(longest, 6*c.Every) // a window holds at least five results of a rare check
		}
	}
	from := begin{since: h.started.Add(-longest - time.Minute)}
	// What came after the checkpoint is told by its sequence: this machine's clock and the journal's may differ.
	var first journal.Record
	err := h.patiently(ctx, func() (err error) {
		first, err = h.journal.ResultAfter(ctx, oldest)
		return err
	})
	switch {
	case errors.Is(err, journal.ErrNotFound):
	case err != nil:
		return begin{}, err
	case first.Time.Before(from.since):
		from = begin{seq: first.Seq, since: first.Time}
	}
	return from, nil
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
		if h.journal.Unkept() != nil { // a pulse in memory is none
		} else if rev, err := h.journal.Keep(ctx, pulseShelf, pulseKey, []byte("{}"), last); err == nil {
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
