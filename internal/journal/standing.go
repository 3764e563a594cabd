package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// Standing is the outbox as a process follows it all the time, with what its receipts say. Who takes the lease over finds it read:
// a consumer of its own would be made by who leads the cluster, at a member that may be the one that is gone, and would read it all
// from the beginning. Of what is settled it keeps no body, so that it takes memory for what is still to be told.
type Standing struct {
	j *Journal
	// settled says whether nothing is left to do about an entry that has this receipt.
	settled func(e Entry, receipt []byte) bool
	// short is what is kept of the body of an entry that is settled.
	short func(body []byte) []byte

	mu    sync.Mutex
	list  map[string]*stood // guarded by mu; :: encoded destination and key -> the newest entry
	read  uint64            // guarded by mu; every message of the outbox up to this sequence is in the list
	grown chan struct{}     // guarded by mu; closed and made anew when more was read
	turn  context.CancelCauseFunc
}

// stood is an entry and its receipt, of which either may be followed first.
type stood struct {
	entry   Entry  // Rev 0: only its receipt was followed, and Put is that one's
	receipt []byte // newest; nil: there is none, or it is not needed any more
	settled bool
}

// Stand makes a follower of the outbox; FollowEntries and FollowReceipts are to be run. For settled and short see [Standing].
func (j *Journal) Stand(settled func(e Entry, receipt []byte) bool, short func(body []byte) []byte) *Standing {
	return &Standing{j: j, settled: settled, short: short, list: map[string]*stood{}, grown: make(chan struct{})}
}

// errTurnedAway ends a session with a copy that lacks something.
var errTurnedAway = errors.New("who watches misses what the stream's leader has")

// FollowEntries follows until ctx ends or the journal closes.
func (s *Standing) FollowEntries(ctx context.Context) error {
	p := s.j.newestIn("follow outbox", outboxBucket)
	p.each = s.takeEntry
	for {
		try, turn := context.WithCancelCause(ctx)
		s.mu.Lock()
		s.turn = turn
		s.mu.Unlock()
		err := p.follow(try)
		turn(nil)
		if ctx.Err() != nil || !errors.Is(err, errTurnedAway) {
			return err
		}
		s.j.cfg.Log.Info("another copy of the outbox is read", zap.Uint64("after", p.last), zap.Error(errTurnedAway))
	}
}

// FollowReceipts follows until ctx ends or the journal closes.
func (s *Standing) FollowReceipts(ctx context.Context) error {
	p := s.j.newestIn("follow receipts", receiptsBucket)
	p.each = s.takeReceipt
	return p.follow(ctx)
}

// newestIn is a position that follows the newest of each key of a bucket.
func (j *Journal) newestIn(doing, bucket string) position {
	p := position{j: j, doing: doing, stream: j.bucketStream(bucket)}
	p.start.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
	p.start.FilterSubject = j.bucketSubject(bucket) + ">"
	return p
}

func (s *Standing) takeEntry(m message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = max(s.read, m.seq)
	close(s.grown)
	s.grown = make(chan struct{})
	name := strings.TrimPrefix(m.subject, s.j.bucketSubject(outboxBucket))
	dest, key, err := decodePair(name)
	switch {
	case deleted(m.header):
		delete(s.list, name)
		return nil
	case err != nil:
		return s.j.skipForeign(s.j.bucketStream(outboxBucket), m, err)
	}
	is := s.at(name)
	is.entry, is.settled = Entry{Dest: dest, Key: key, Rev: m.seq, Put: m.time, Body: m.data}, false
	s.settle(is)
	return nil
}

func (s *Standing) takeReceipt(m message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if deleted(m.header) {
		return nil
	}
	is := s.at(strings.TrimPrefix(m.subject, s.j.bucketSubject(receiptsBucket)))
	if is.entry.Rev == 0 {
		is.entry.Put = m.time
	}
	is.receipt = m.data // of one that is settled: it may be of the next entry, which is followed later
	s.settle(is)
	return nil
}

// at is what is known of a destination and key; the caller holds mu.
func (s *Standing) at(name string) *stood {
	is := s.list[name]
	if is == nil {
		is = &stood{}
		s.list[name] = is
	}
	return is
}

// settle drops what nobody needs of an entry that is settled; the caller holds mu.
func (s *Standing) settle(is *stood) {
	if is.settled || is.entry.Rev == 0 || is.receipt == nil || !s.settled(is.entry, is.receipt) {
		return
	}
	is.entry.Body, is.receipt, is.settled = s.short(is.entry.Body), nil, true
}

// Forget drops what old says of: an entry that was pruned does not say so itself. It is asked of each entry, and whether that is
// settled; of what has a receipt alone with neither destination nor key.
func (s *Standing) Forget(old func(e Entry, settled bool) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.list, func(_ string, is *stood) bool { return old(is.entry, is.settled) })
}

// Watch gives every entry to each, once all is read, in the order of their revisions, and then every new one; of one that is settled the short body.
// An entry that was replaced before its turn came is not seen. caughtUp is called once: when each has had what the stream's
// leader had after Watch began. Where that is not read within a second, what follows reads another copy.
//
// It returns each's error, or, wrapped, ctx's or ErrClosed.
func (s *Standing) Watch(ctx context.Context, each func(e Entry, settled bool) error, caughtUp func()) error {
	const doing = "watch outbox"
	ctx, end, err := s.j.begin(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer end()
	whole := make(chan uint64)
	asking, know := context.WithCancel(ctx)
	defer know()
	s.j.running.Go(func() { s.askWhole(asking, whole) })
	seen, goal, complete := uint64(0), uint64(0), false
	for asked := false; ; {
		read, grown := s.upTo()
		arrived := asked && !complete && read >= goal
		var list []stood
		if complete || arrived { // before, what is followed may lag behind, and have what was replaced
			list = s.after(seen)
		}
		for _, is := range list {
			if err := each(is.entry, is.settled); err != nil {
				return err
			}
			seen = is.entry.Rev
		}
		if arrived {
			complete = true
			know()
			caughtUp()
		}
		select {
		case <-grown:
		case goal = <-whole:
			asked = true
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
		}
	}
}

// upTo returns up to where the outbox was read, and what is closed when more is.
func (s *Standing) upTo() (read uint64, grown <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read, s.grown
}

// after returns the entries behind a revision, in their order.
func (s *Standing) after(rev uint64) (list []stood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, is := range s.list {
		if is.entry.Rev > rev {
			list = append(list, *is)
		}
	}
	slices.SortFunc(list, func(a, b stood) int { return cmp.Compare(a.entry.Rev, b.entry.Rev) })
	return list
}

// askWhole tells what the outbox has, again and again until ctx ends: what was newest may be pruned before it is read. Each time
// it has said so and nothing was read, another copy is read.
func (s *Standing) askWhole(ctx context.Context, whole chan<- uint64) {
	pause := followIdle * followStalled
	for {
		newest, err := s.newest(ctx)
		wait := followRetry / 16
		if err == nil {
			wait = pause
			select {
			case whole <- newest:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if err == nil {
			s.turnAway(newest)
			pause = min(2*pause, followAsk)
		}
	}
}

// turnAway has another copy be read, where the one that is read lacks something.
func (s *Standing) turnAway(newest uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read < newest && s.turn != nil {
		s.turn(errTurnedAway)
	}
}

// newest is the sequence of the newest entry, as who leads the stream has it, or memory does; 0: there is none.
func (s *Standing) newest(ctx context.Context) (uint64, error) {
	stream := s.j.bucketStream(outboxBucket)
	if _, list, _, afloat := s.j.behind(stream, 0); afloat {
		for _, m := range slices.Backward(list) {
			if !m.gone {
				return m.seq, nil
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.j.askWithin(stream))
	defer cancel()
	m, err := s.j.streams[stream].GetLastMsgForSubject(ctx, s.j.bucketSubject(outboxBucket)+">")
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("ask who leads the outbox what there is: %w", err)
	}
	return m.Sequence, nil
}
