package journal

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// AppendResults stores one batch of results as one message. What the bytes mean is the caller's; one batch per second
// or less often keeps the cost per result low. While nobody is there who takes it, as when a cluster elects, it waits for ctx to end. So
// does a member that has no answer: the batch has an id, so that it is stored once, whichever of its tries was taken.
//
// ErrTooLarge when the batch exceeds MaxBody; ErrClosed; or that ctx ended or the server did not answer, and then the
// batch may have been stored or not.
func (j *Journal) AppendResults(ctx context.Context, batch []byte) error {
	m := message{subject: j.resultsSubject(), data: batch}
	if j.member != nil {
		m.header = nats.Header{nats.MsgIdHdr: {rand.Text()}}
	}
	until := time.Now().Add(resultsKnown / 2)
	for {
		err := j.appendResultsOnce(ctx, m)
		if err == nil {
			break
		}
		unanswered := j.member != nil && passing(err) && time.Now().Before(until)
		if !reachedNobody(err) && !unanswered {
			return err
		}
		select {
		case <-time.After(resultsRetry):
		case <-ctx.Done():
			return err
		case <-j.ctx.Done():
			return err
		}
	}
	j.trim(ctx, len(batch))
	return nil
}

func (j *Journal) appendResultsOnce(ctx context.Context, m message) error {
	const doing = "append results"
	if j.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	ctx, cancel := context.WithTimeout(ctx, resultsTry) // what a leader took that lost its majority is never answered
	defer cancel()
	_, err := j.store(ctx, doing, j.resultsStream(), m, nil)
	return err
}

const (
	// resultsTry is how long one answer is waited for: an election takes less.
	resultsTry = 10 * time.Second
	// resultsKnown is how long the servers of members know the ids of batches. What is tried for half of it is known at its last try.
	resultsKnown = 2 * time.Minute
)

// resultsRetry is between two attempts to hand over results that reached nobody.
const resultsRetry = 250 * time.Millisecond

// trimPart is the part of Config.ResultsBytes by which the stored results may exceed it until they are trimmed.
const trimPart = 16

// trim drops the oldest results of the embedded server when there are more than Config.ResultsBytes; others bound
// their stream themselves. added is how many bytes were appended.
func (j *Journal) trim(ctx context.Context, added int) {
	if j.server == nil || j.Unkept() != nil || j.untrimmed.Add(int64(added)) < j.cfg.ResultsBytes/trimPart {
		return
	}
	j.untrimmed.Store(0)
	stream := j.streams[j.resultsStream()]
	info, err := stream.Info(ctx)
	if err == nil && info.State.Msgs > 0 && info.State.Bytes > uint64(j.cfg.ResultsBytes) {
		// Batches are about alike.
		excess := float64(info.State.Bytes-uint64(j.cfg.ResultsBytes)) / float64(info.State.Bytes)
		first := info.State.FirstSeq + uint64(math.Ceil(excess*float64(info.State.Msgs)))
		err = stream.Purge(ctx, jetstream.WithPurgeSequence(first))
	}
	if err != nil && j.ctx.Err() == nil {
		j.cfg.Log.Warn("old results not dropped, will try again", zap.Error(err))
	}
}

// FollowResults gives each stored batch to each, in order, beginning with the first one stored at or after since (zero:
// all there are), then those that come, until ctx ends. A batch is stored after its results were measured, so
// measurements since T are all in the batches since T, and some of those may hold older ones.
//
// caughtUp (may be nil) is called exactly once, from the same goroutine, when all that was there at the start has been
// delivered; at once when there was nothing. A lost connection is waited out, and nothing is delivered twice.
//
// It returns each's error as it is; ctx's error, wrapped, when ctx ended; ErrClosed after Close.
func (j *Journal) FollowResults(ctx context.Context, since time.Time, each func(Record) error, caughtUp func()) error {
	start := jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
	if !since.IsZero() {
		start.DeliverPolicy, start.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	}
	return j.followResults(ctx, start, each, caughtUp)
}

// FollowResultsFrom is FollowResults beginning with the batch of a sequence, or the next one that is kept.
func (j *Journal) FollowResultsFrom(ctx context.Context, seq uint64, each func(Record) error, caughtUp func()) error {
	return j.followResults(ctx, jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: seq}, each, caughtUp)
}

func (j *Journal) followResults(ctx context.Context, start jetstream.ConsumerConfig, each func(Record) error, caughtUp func()) error {
	p := position{j: j, doing: "follow results", stream: j.resultsStream(), start: start, caughtUp: caughtUp}
	p.each = func(m message) error {
		return each(Record{Subject: m.subject, Seq: m.seq, Time: m.time, Data: m.data})
	}
	return p.follow(ctx)
}

// ResultAfter returns the first batch behind a sequence that is kept.
//
// ErrNotFound when there is none; ErrClosed; or that ctx ended or the server did not answer.
func (j *Journal) ResultAfter(ctx context.Context, seq uint64) (Record, error) {
	const doing = "read results"
	if j.ctx.Err() != nil {
		return Record{}, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	if m, kept := j.inMemory(j.resultsStream(), seq+1); kept {
		return Record{Subject: m.subject, Seq: m.seq, Time: m.time, Data: m.data}, nil
	}
	m, err := j.streams[j.resultsStream()].GetMsg(ctx, seq+1, jetstream.WithGetMsgSubject(j.resultsSubject()))
	if err != nil {
		return Record{}, j.translate(doing, err)
	}
	return Record{Subject: m.Subject, Seq: m.Sequence, Time: m.Time, Data: m.Data}, nil
}
