package journal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// keepHealing tries to get back to the disk what is in memory, until the journal closes.
func (j *Journal) keepHealing() {
	ctx, end, err := j.begin(j.ctx)
	if err != nil {
		return
	}
	defer end()
	look := time.NewTicker(j.cfg.lookEvery)
	defer look.Stop()
	for {
		f := j.server.failed()
		select {
		case <-look.C: // a server notices that late: it holds its files open
			j.lookInPlace(f)
			continue
		case <-j.afloat.wake:
		case <-f.found: // also when nobody waits for the write
			j.leaveDiskWithResults(f)
		case <-ctx.Done():
			return
		}
		j.healUntilKept(ctx)
	}
}

// healUntilKept tries until all is on the disk.
func (j *Journal) healUntilKept(ctx context.Context) {
	var since time.Time // when the disk began to take what the server does not
	for j.Unkept() != nil {
		err := j.heal(ctx)
		if err != nil && ctx.Err() == nil {
			j.cfg.Log.Debug("not back on the disk yet", zap.Error(err))
		}
		_, full := errors.AsType[untaken](err)
		switch {
		case err == nil || full:
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= j.cfg.healGivesUp:
			j.giveUp(err)
		}
		select {
		case <-time.After(healEvery):
		case <-ctx.Done():
			return
		}
	}
}

// lookInPlace notes a data directory that is not where it was opened.
func (j *Journal) lookInPlace(f *fault) {
	if err := inPlace(j.lock); err != nil {
		f.note(err.Error())
	}
}

// giveUp tells Broken that the disk takes files and the server does not come back on them.
func (j *Journal) giveUp(err error) {
	select {
	case j.broken <- fmt.Errorf("the disk takes files again, and the journal does not come back on it since %v: %w", j.cfg.healGivesUp, err):
	default:
	}
}

// Broken gets an error when the journal cannot come back from memory although the disk takes files: another start may
// help. Events that are in memory only are in their second copy once the journal is closed, if that can be written.
func (j *Journal) Broken() <-chan error { return j.broken }

// saveEvents writes the events that are in memory only to their second copy, from which the next Open takes them. It
// returns how many are there.
func (j *Journal) saveEvents() (saved int) {
	stream := j.eventsStream()
	s := j.spareOf(stream)
	if s == nil || j.second == nil {
		return 0
	}
	j.afloat.mu.Lock()
	first, last := s.first, s.last() // what comes later is refused, see write
	j.afloat.mu.Unlock()
	before := j.second.reached()
	err := j.second.reach(last, func(seq uint64) (stored, error) {
		if m, here := j.inMemory(stream, seq); here {
			return j.storedOf(m), nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), hungAfter)
		defer cancel()
		return j.storedEvent(ctx, seq)
	})
	if err != nil {
		j.cfg.Log.Error("events that are in memory only are not in their second copy either", zap.String("file", j.second.name), zap.Error(err))
	}
	return int(j.second.reached() - max(before, first-1)) //nolint:gosec // some thousands
}

// heal writes what is in memory to the disk, if that takes it again.
func (j *Journal) heal(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, healWithin)
	defer cancel()
	defer func() {
		if err != nil {
			j.note(err)
		}
	}()
	if err := j.tryDisk(ctx); err != nil {
		if !isFull(err) || !j.mayGiveWay(ctx) {
			return untaken{err}
		}
		if err := j.giveWay(ctx); err != nil {
			return untaken{err}
		}
		if err := j.tryDisk(ctx); err != nil {
			return untaken{err}
		}
	}
	end, err := j.takeTurns(ctx)
	if err != nil {
		return err
	}
	defer end()
	names := slices.Sorted(maps.Keys(j.inlets))
	if err := j.startAnew(ctx); err != nil {
		return err
	}
	// A receipt before its entry: an entry without one is told once more. The results, which are most, at last.
	order := []string{j.eventsStream(), j.bucketStream(receiptsBucket), j.bucketStream(outboxBucket)}
	slices.SortStableFunc(names, func(a, b string) int { return rank(order, a, j.resultsStream()) - rank(order, b, j.resultsStream()) })
	for _, name := range names {
		if err := j.returnToDisk(ctx, name); err != nil {
			return fmt.Errorf("write what is in memory of %s: %w", name, err)
		}
	}
	return nil
}

// takeTurns takes all turns: nobody writes until end is called.
func (j *Journal) takeTurns(ctx context.Context) (end func(), err error) {
	var taken []*inlet
	end = func() {
		for _, in := range taken {
			<-in.turn
		}
	}
	for _, name := range slices.Sorted(maps.Keys(j.inlets)) {
		select {
		case j.inlets[name].turn <- struct{}{}:
			taken = append(taken, j.inlets[name])
		case <-ctx.Done():
			end()
			return nil, ctx.Err()
		}
	}
	return end, nil
}

// givesWay is how often in one outage of the disk the older half of the results gives way to the rest.
const givesWay = 3

// giveWayLeast is how many bytes of results there must be: the server keeps them in blocks of 4 MiB, and only whole ones
// give room.
const giveWayLeast = 16 << 20

func (j *Journal) mayGiveWay(ctx context.Context) bool {
	// A server that could not write may not answer either, and its files tell.
	ctx, cancel := context.WithTimeout(ctx, openTry)
	defer cancel()
	var size uint64
	if info, err := j.streams[j.resultsStream()].Info(ctx); err == nil {
		size = info.State.Bytes
	} else {
		size = j.fileBytes(j.resultsStream())
	}
	if size < giveWayLeast {
		return false
	}
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	return j.afloat.gaveWay < givesWay
}

// giveWay drops the older half of the results that a full disk has: events come before them.
func (j *Journal) giveWay(ctx context.Context) error {
	end, err := j.takeTurns(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := j.startAnew(ctx); err != nil {
		return err
	}
	stream := j.streams[j.resultsStream()]
	info, err := stream.Info(ctx)
	if err != nil || info.State.Msgs < 2 {
		return err
	}
	// Here it counts: a busy machine on which the server was not back in time gave nothing away.
	j.afloat.mu.Lock()
	j.afloat.gaveWay++
	j.afloat.mu.Unlock()
	half := info.State.FirstSeq + info.State.Msgs/2
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(half)); err != nil {
		return j.mustStartAnew(fmt.Errorf("drop the older half of the results: %w", err))
	}
	j.cfg.Log.Warn("the older half of the results gave way, since the disk is full", zap.Uint64("batches", half-info.State.FirstSeq), zap.Uint64("bytes", info.State.Bytes/2))
	if j.server.failed().happened() {
		return j.mustStartAnew(j.server.failed())
	}
	return nil
}

func rank(first []string, name, last string) int {
	if i := slices.Index(first, name); i >= 0 {
		return i
	}
	if name == last {
		return len(first) + 1
	}
	return len(first)
}

// note keeps why it is not healed yet, for who asks.
func (j *Journal) note(err error) {
	why := j.fault(err)
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	why.Since = j.afloat.why.Since
	if why.Why != j.afloat.why.Why && !errors.Is(err, context.DeadlineExceeded) {
		j.afloat.why = why
		j.cfg.Log.Warn("the disk still takes nothing", zap.String("why", why.Why), zap.String("next", why.Cure), zap.Error(err))
	}
}

// startAnew starts the server anew if it must be; the caller has all turns.
func (j *Journal) startAnew(ctx context.Context) error {
	j.afloat.mu.Lock()
	anew := j.afloat.anew
	j.afloat.mu.Unlock()
	if !anew {
		return nil
	}
	// What it took and has not written goes with it.
	results := j.resultsStream()
	if j.spareOf(results) == nil {
		j.leaveDisk(results, j.inlets[results], errors.New("the server is started anew"))
	}
	if err := j.server.restart(ctx, closeWithin/2); err != nil {
		return err
	}
	err := untilAnswered(ctx, func(ctx context.Context) error { _, err := j.js.AccountInfo(ctx); return err })
	if err != nil {
		return fmt.Errorf("reach the server that was started anew: %w", err)
	}
	if err := j.makeStreams(ctx); err != nil { // what could not be read is there again, and empty
		return err
	}
	j.afloat.mu.Lock()
	j.afloat.anew = false
	j.afloat.mu.Unlock()
	return nil
}

// untilAnswered asks the server inside until it answers or ctx ends.
func untilAnswered(ctx context.Context, ask func(context.Context) error) error {
	for {
		try, cancel := context.WithTimeout(ctx, openTry/4)
		err := ask(try)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(insideRetry): // it may be refused at once
		case <-ctx.Done():
			return err
		}
	}
}

// returnToDisk writes what is in memory of a stream, and is done with its spare; the caller has all turns.
func (j *Journal) returnToDisk(ctx context.Context, stream string) error {
	s, in := j.spareOf(stream), j.inlets[stream]
	if s == nil {
		return nil
	}
	info, err := j.streams[stream].Info(ctx)
	if err != nil {
		return err
	}
	last := info.State.LastSeq
	for last < s.base {
		// What it had taken it has not any more. The sequences must go on.
		j.cfg.Log.Error("the disk has lost what it had taken", zap.String("stream", stream), zap.Uint64("seq", last+1))
		if last, err = j.sendAt(ctx, stream, j.inPlaceOf(stream, last+1)); err != nil {
			return j.mustStartAnew(err)
		}
	}
	for _, m := range s.after(s.base) { // nobody adds to it: that needs a turn
		if m.seq <= last {
			if stored, err := j.streams[stream].GetMsg(ctx, m.seq); err != nil || !m.same(stored.Subject, stored.Data) {
				s.stranger++
			}
		} else if last, err = j.sendAt(ctx, stream, j.standIn(stream, m)); err != nil {
			return j.mustStartAnew(err)
		}
		if m.durable {
			if err := j.copyOf(ctx, "copy results", durableCopy{was: m.seq, data: m.data}); err != nil {
				return j.mustStartAnew(err)
			}
		}
	}
	in.last, in.stale, in.recent = max(last, s.last()), false, nil
	if stream == j.eventsStream() {
		j.copyUpTo(in.last, func(seq uint64) (stored, error) { return j.storedEvent(ctx, seq) })
	}
	j.keepTwice(stream, s.msgs...)
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	delete(j.afloat.spares, stream)
	if len(j.afloat.spares) == 0 {
		j.afloat.gaveWay = 0
	}
	j.afloat.turn()
	log := j.cfg.Log.With(zap.String("stream", stream), zap.Int("messages", len(s.msgs)))
	if s.dropped > 0 || s.stranger > 0 {
		log.Warn("what was in memory is on the disk again, but for what had no room", zap.Int("dropped", s.dropped), zap.Uint64("others", s.stranger))
	}
	if len(j.afloat.spares) == 0 {
		log.Info("the disk takes what is written again; what was in memory is there", zap.Duration("after", time.Since(j.afloat.why.Since)))
	}
	return nil
}

// mustStartAnew notes that the server must be started anew before it takes more.
func (j *Journal) mustStartAnew(err error) error {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	j.afloat.anew = true
	return err
}

// standIn is what is stored for a message that was in memory: itself, or a filler when another took its place.
func (j *Journal) standIn(stream string, m message) message {
	if m.gone {
		return j.filler(stream, m.seq)
	}
	return m
}

// inPlaceOf is what is stored for a message that the disk has lost: of an event the second copy, else a filler.
func (j *Journal) inPlaceOf(stream string, seq uint64) message {
	if stream == j.eventsStream() {
		if e, err := j.second.find(seq); err == nil {
			return message{seq: seq, subject: j.eventsSubject() + e.token, data: e.data}
		}
	}
	return j.filler(stream, seq)
}

// fillerName names what fills a sequence: nobody reads it.
const fillerName = "statusbot-filler"

func (j *Journal) filler(stream string, seq uint64) message {
	m := message{seq: seq, header: nats.Header{opHeader: {"DEL"}}}
	switch stream {
	case j.resultsStream():
		m.subject, m.header = j.resultsSubject(), nil // an empty batch
	case j.eventsStream():
		m.subject = j.eventsSubject() + fillerName
	case j.bucketStream(leaseBucket):
		m.subject = j.bucketSubject(leaseBucket) + fillerName
	case j.durableStream():
		m.subject, m.header = j.durableSubject(), nil
	default:
		m.subject = "$KV." + strings.TrimPrefix(stream, "KV_") + "." + fillerName + "." + fillerName
	}
	return m
}

// sendAt gives a message to the server, which must take it with its sequence.
func (j *Journal) sendAt(ctx context.Context, stream string, m message) (uint64, error) {
	ack, err := j.js.PublishMsg(ctx, &nats.Msg{Subject: m.subject, Header: m.header, Data: m.data},
		jetstream.WithExpectStream(stream), jetstream.WithExpectLastSequence(m.seq-1))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}
