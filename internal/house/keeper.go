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

// keeper keeps in the journal what is known in memory, in shards: it gives the
// stored forms back at a start, and stores what has changed while this process
// leads. A form that was not stored comes again; one that cannot be read is left
// out and said.
type keeper struct {
	what   string        // for the log
	shards int           // how many there are at most
	every  time.Duration // between two looks at what has changed
	in     forms

	restore func(shard int, data []byte) error   // takes a stored form in
	changed func() (map[int][]byte, error)       // :: shard -> form that is not stored as it is
	damaged func()                               // is told of a stored form that is damaged; nil: nobody asks
	left    func(unstored map[int][]byte)        // which changed is to return again
	looked  func(ctx context.Context, err error) // is told how each look went; nil: nobody asks
}

// forms is where a keeper's forms are.
type forms interface {
	read(ctx context.Context, shard int) ([]byte, error) // journal.ErrNotFound when there is none
	store(ctx context.Context, shard int, data []byte) error
}

// readAll gives all stored forms back to who made them. It waits for the journal;
// an error is that it cannot be read, or that ctx ended.
func (h *house) readAll(ctx context.Context, k keeper) error {
	for shard := range k.shards {
		var data []byte
		err := h.patiently(ctx, func() (err error) {
			data, err = k.in.read(ctx, shard)
			return err
		})
		if errors.Is(err, journal.ErrDamaged) && k.damaged != nil {
			k.damaged()
		}
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", k.what, err)
		}
		if err := k.restore(shard, data); err != nil {
			h.log.Error("stored "+k.what+" not readable, left out", zap.Int("shard", shard), zap.Error(err))
		}
	}
	return nil
}

// keep stores what has changed until ctx ends.
func (k keeper) keep(ctx context.Context, log *zap.Logger) {
	regularly(ctx, k.every, func() {
		err := k.storeChanged(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn(k.what+" not stored, will try again", zap.Error(err))
		}
		if k.looked != nil {
			k.looked(ctx, err)
		}
	})
}

// storeChanged stores what has changed. What it does not get to stays changed.
func (k keeper) storeChanged(ctx context.Context) error {
	left, err := k.changed()
	if err != nil {
		return err
	}
	defer func() { k.left(left) }()
	for shard, data := range left {
		if err := k.in.store(ctx, shard, data); err != nil {
			return err
		}
		delete(left, shard)
	}
	return nil
}

// shelf is a shelf of the journal with forms under the numbers of their shards.
type shelf struct {
	journal *journal.Journal
	name    string
	revs    map[int]uint64 // :: shard -> revision of what is stored, as far as it is known
}

func (h *house) shelf(name string) *shelf {
	return &shelf{journal: h.journal, name: name, revs: map[int]uint64{}}
}

func (s *shelf) key(shard int) string { return fmt.Sprintf("%03d", shard) }

func (s *shelf) read(ctx context.Context, shard int) ([]byte, error) {
	f, err := s.journal.Kept(ctx, s.name, s.key(shard))
	return f.Body, err
}

func (s *shelf) store(ctx context.Context, shard int, data []byte) error {
	last, known := s.revs[shard]
	if !known {
		f, err := s.journal.Kept(ctx, s.name, s.key(shard))
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
		last = f.Rev
	}
	rev, err := s.journal.Keep(ctx, s.name, s.key(shard), data, last)
	if err != nil {
		delete(s.revs, shard)
		return err
	}
	s.revs[shard] = rev
	return nil
}

// rounds are the journal's checkpoints, of which one shard after the other is
// stored. On a cluster they are appended, and those of the round before go when
// all shards are stored anew. A round begins with the log of incidents.
type rounds struct {
	journal *journal.Journal
	log     *zap.Logger
	shard   int    // that is stored next: logShard, or one of the board
	first   uint64 // sequence of the first that was stored in this round; 0: none that anything is to be dropped for
	failed  bool   // a shard of this round was not stored
}

// logShard is before the board's first.
const logShard = -1

func checkpointKey(shard int) string {
	if shard == logShard {
		return "log"
	}
	return fmt.Sprintf("%02d", shard)
}

func (r *rounds) read(ctx context.Context, shard int) ([]byte, error) {
	return r.journal.Checkpoint(ctx, checkpointKey(shard))
}

func (r *rounds) store(ctx context.Context, shard int, data []byte) error {
	seq, err := r.journal.PutCheckpoint(ctx, checkpointKey(shard), data)
	if r.first == 0 {
		r.first = seq
	}
	return err
}

// looked goes on to the next shard, and ends the round after the last.
func (r *rounds) looked(ctx context.Context, err error) {
	r.failed = r.failed || err != nil
	if r.shard++; r.shard < status.CheckpointShards {
		return
	}
	if !r.failed && r.first != 0 {
		if err := r.journal.DropCheckpoints(ctx, r.first); err != nil && ctx.Err() == nil {
			r.log.Warn("old checkpoints not dropped, will try again after the next round", zap.Error(err))
		}
	}
	r.shard, r.first, r.failed = logShard, 0, false
}
