package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

const (
	// durableBytes bounds the second copies of batches that somebody was told are kept. They must outlast resultsSync:
	// 32 MiB are 20 s of 10,000 results of 150 bytes a second.
	durableBytes = 32 << 20

	// seqHeader holds a second copy's sequence in the stream of results.
	seqHeader = "Statusbot-Seq"

	// unsyncedWithin is longer than a result can be stored and not be synced.
	unsyncedWithin = 6 * resultsSync

	// insteadHeader holds the sequence of the second copy that another one takes the place of.
	insteadHeader = "Statusbot-Instead"
)

// AppendResultsDurably is AppendResults for results that nobody can measure again: when it returns nil, the batch
// outlives kill -9 and a power cut. The embedded server keeps a second, synced copy of such batches for a while; Open
// appends those again that the stream of results has lost. That costs a sync, so put many results into one batch. A crash
// while Open does so may double a batch. Its errors are those of AppendResults.
func (j *Journal) AppendResultsDurably(ctx context.Context, batch []byte) error {
	const doing = "append results durably"
	j.durable.Lock() // so that the copies are in the order of the results
	defer j.durable.Unlock()
	if j.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	seq, err := j.store(ctx, doing, j.resultsStream(), message{subject: j.resultsSubject(), data: batch, durable: true}, nil)
	if err != nil || j.server == nil || j.spareOf(j.resultsStream()) != nil { // the copy of what is in memory comes with it
		return err
	}
	j.trim(ctx, len(batch))
	begun := time.Now()
	f := j.server.failed() // it may be another server when the copy is given up
	ctx, stop := j.whileTaken(ctx, f)
	defer stop()
	if err = j.copyOf(ctx, doing, durableCopy{was: seq, data: batch}); err == nil {
		return nil
	}
	err = notTaken(ctx, err)
	cause := j.blamed(err, time.Since(begun))
	if cause == nil {
		return err
	}
	j.leaveDiskWithResults(cause)
	return nil
}

func (j *Journal) durableStream() string  { return strings.ToUpper(j.cfg.Prefix) + "_DURABLE" }
func (j *Journal) durableSubject() string { return j.cfg.Prefix + ".durable" }

// makeDurable makes the stream of second copies. Only inside: a cluster keeps results as its own policy says.
func (j *Journal) makeDurable(ctx context.Context) error {
	if j.server == nil {
		return nil
	}
	cfg := jetstream.StreamConfig{
		Name:        j.durableStream(),
		Description: "the newest batches of results that were promised to be kept, once more",
		Subjects:    []string{j.durableSubject()},
		MaxBytes:    min(durableBytes, j.cfg.storeBytes()/4),
		Discard:     jetstream.DiscardOld,
		Storage:     jetstream.FileStorage,
		Replicas:    1,
		Duplicates:  streamDuplicates,
	}
	if err := j.makeStream(ctx, cfg); err != nil {
		return fmt.Errorf("make stream %s: %w", cfg.Name, err)
	}
	return j.restoreDurable(ctx)
}

// copyOf stores the second copy of a batch.
func (j *Journal) copyOf(ctx context.Context, doing string, c durableCopy) error {
	msg := &nats.Msg{Subject: j.durableSubject(), Data: c.data, Header: nats.Header{seqHeader: {strconv.FormatUint(c.was, 10)}}}
	if c.instead != 0 {
		msg.Header.Set(insteadHeader, strconv.FormatUint(c.instead, 10))
	}
	if _, err := j.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(j.durableStream())); err != nil {
		return j.translate(doing, err)
	}
	return nil
}

// restoreDurable appends the batches again whose results were lost: with the end of their stream, or in the midst of what was
// not synced, of which a power cut takes any part.
func (j *Journal) restoreDurable(ctx context.Context) error {
	results, err := j.streams[j.resultsStream()].Info(ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return fmt.Errorf("look for lost results: %w", err)
	}
	lost, err := j.lostDurable(ctx, results.State)
	if err != nil || len(lost) == 0 {
		return err
	}
	// Those of the end come first: each takes the place that it had, or one before. So those that a crash leaves for the next start are
	// behind the new end, and are not taken for what has their place now.
	inMidst := func(c durableCopy) bool { return c.was <= results.State.LastSeq }
	atEnd := slices.DeleteFunc(slices.Clone(lost), inMidst)
	midst := slices.DeleteFunc(lost, func(c durableCopy) bool { return !inMidst(c) })
	for _, c := range append(atEnd, midst...) {
		const doing = "append lost results again"
		seq, err := j.store(ctx, doing, j.resultsStream(), message{subject: j.resultsSubject(), data: c.data}, nil)
		if err != nil {
			return err
		}
		if err := j.copyOf(ctx, doing, durableCopy{was: seq, instead: c.seq, data: c.data}); err != nil {
			return err
		}
	}
	j.damage.Batches -= min(j.damage.Batches, len(midst))
	j.cfg.Log.Info("results that a crash had taken were appended again", zap.Int("batches", len(atEnd)+len(midst)))
	return nil
}

// durableCopy is the second copy of a batch.
type durableCopy struct {
	seq     uint64 // its own; 0: it has none yet
	was     uint64 // of the batch
	instead uint64 // of the older copy whose batch was appended again as this one; 0: none
	data    []byte
}

// lostDurable returns the copies whose batch is not in the stream of results, in their order.
func (j *Journal) lostDurable(ctx context.Context, results jetstream.StreamState) (lost []durableCopy, err error) {
	copies := j.streams[j.durableStream()]
	info, err := copies.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for lost results: %w", err)
	}
	gone := map[uint64]bool{}
	from := results.LastSeq + 1 // nothing is lost before
	for _, seq := range results.Deleted {
		gone[seq] = true
		from = min(from, seq)
	}
	replaced := map[uint64]bool{} // :: sequence of a copy
	missing := 0
	for seq := info.State.LastSeq; seq > 0 && seq >= info.State.FirstSeq; seq-- {
		m, err := copies.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			missing++ // a damaged file has lost it: the others are there
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read lost results: %w", err)
		}
		was, err := strconv.ParseUint(m.Header.Get(seqHeader), 10, 64)
		young := info.State.LastTime.Sub(m.Time) < unsyncedWithin
		if err != nil || was < from && !young {
			break // a foreign message is no copy either
		}
		if old, err := strconv.ParseUint(m.Header.Get(insteadHeader), 10, 64); err == nil {
			replaced[old] = true
		}
		// The beginning of a young stream may be lost as well; of an old one it was dropped.
		if !replaced[seq] && (was > results.LastSeq || gone[was] || was < results.FirstSeq && young) {
			lost = append(lost, durableCopy{seq: seq, was: was, data: m.Data})
		}
	}
	if missing > 0 {
		j.cfg.Log.Warn("copies of results are missing; results that were promised to be kept may be lost", zap.Int("batches", missing))
	}
	slices.Reverse(lost)
	return lost, nil
}
