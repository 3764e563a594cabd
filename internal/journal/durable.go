package journal

import (
	"context"
	"errors"
	"fmt"
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
	if _, err = j.copyOf(ctx, doing, seq, batch); err == nil {
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
func (j *Journal) copyOf(ctx context.Context, doing string, seq uint64, batch []byte) (uint64, error) {
	msg := &nats.Msg{Subject: j.durableSubject(), Data: batch, Header: nats.Header{seqHeader: {strconv.FormatUint(seq, 10)}}}
	ack, err := j.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(j.durableStream()))
	if err != nil {
		return 0, j.translate(doing, err)
	}
	return ack.Sequence, nil
}

// restoreDurable appends the batches again whose results were lost with the end of their stream.
func (j *Journal) restoreDurable(ctx context.Context) error {
	results, err := j.streams[j.resultsStream()].Info(ctx)
	if err != nil {
		return fmt.Errorf("look for lost results: %w", err)
	}
	copies := j.streams[j.durableStream()]
	info, err := copies.Info(ctx)
	if err != nil {
		return fmt.Errorf("look for lost results: %w", err)
	}
	var lost [][]byte // newest first
	missing := 0
	for seq := info.State.LastSeq; seq > 0 && seq >= info.State.FirstSeq; seq-- {
		m, err := copies.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			missing++ // a damaged file has lost it: the others are there
			continue
		}
		if err != nil {
			return fmt.Errorf("read lost results: %w", err)
		}
		was, err := strconv.ParseUint(m.Header.Get(seqHeader), 10, 64)
		if err != nil || was <= results.State.LastSeq {
			break // a foreign message is no copy either
		}
		lost = append(lost, m.Data)
	}
	if missing > 0 {
		j.cfg.Log.Warn("copies of results are missing; results that were promised to be kept may be lost", zap.Int("batches", missing))
	}
	if len(lost) == 0 {
		return nil
	}
	var first uint64 // of the copies that take the place of all there are
	for i := len(lost) - 1; i >= 0; i-- {
		const doing = "append lost results again"
		seq, err := j.store(ctx, doing, j.resultsStream(), message{subject: j.resultsSubject(), data: lost[i]}, nil)
		if err != nil {
			return err
		}
		at, err := j.copyOf(ctx, doing, seq, lost[i])
		if err != nil {
			return err
		}
		if first == 0 {
			first = at
		}
	}
	// The sequences of the old copies mean other batches from now on.
	if err := copies.Purge(ctx, jetstream.WithPurgeSequence(first)); err != nil {
		return fmt.Errorf("drop the old copies of lost results: %w", err)
	}
	j.cfg.Log.Info("results that a crash had taken were appended again", zap.Int("batches", len(lost)))
	return nil
}
