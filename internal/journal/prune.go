package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Prune drops the outbox entries stored before olderThan for which done says yes, with their receipts, and returns how
// many entries it dropped. done is given the entry and its receipt (nil: none). An entry that is replaced while Prune
// runs stays, and so does its receipt. Receipts without an entry, left by a Prune that was interrupted, go as well
// when they are older. done must be quick and say no to whatever is still to be posted or edited.
//
// ctx's error or ErrClosed when interrupted: call it again.
func (j *Journal) Prune(ctx context.Context, olderThan time.Time, done func(Entry, *Receipt) bool) (dropped int, err error) {
	entries, err := j.oldEntries(ctx, olderThan)
	if err != nil {
		return 0, fmt.Errorf("prune: %w", err)
	}
	for _, e := range entries {
		var receipt *Receipt
		r, err := j.Receipt(ctx, e.Dest, e.Key)
		switch {
		case err == nil:
			receipt = &r
		case !errors.Is(err, ErrNotFound):
			return dropped, fmt.Errorf("prune: %w", err)
		}
		if !done(e, receipt) {
			continue
		}
		// The entry first: an entry without its receipt would be posted again.
		if err := j.dropUpTo(ctx, outboxBucket, e.Dest, e.Key, e.Rev); err != nil {
			return dropped, fmt.Errorf("prune: %w", err)
		}
		dropped++
		if err := j.dropOrphan(ctx, e.Dest, e.Key, olderThan); err != nil {
			return dropped, fmt.Errorf("prune: %w", err)
		}
	}
	return dropped, j.dropOrphans(ctx, olderThan)
}

// oldEntries reads the entries stored before olderThan.
func (j *Journal) oldEntries(ctx context.Context, olderThan time.Time) ([]Entry, error) {
	errAll := errors.New("all read")
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var old []Entry
	err := j.WatchOutbox(ctx, func(e Entry) error {
		if !e.Put.Before(olderThan) {
			return errAll // they come in the order in which they were put
		}
		old = append(old, e)
		return nil
	}, func() { stop(errAll) })
	if errors.Is(err, errAll) {
		return old, nil
	}
	return nil, err
}

// dropUpTo removes a bucket's message of dest and key unless it is newer than rev.
func (j *Journal) dropUpTo(ctx context.Context, bucket, dest, key string, rev uint64) error {
	tokens, err := encodePair(dest, key)
	if err != nil {
		return err
	}
	subject := j.bucketSubject(bucket) + tokens
	err = j.streams[j.bucketStream(bucket)].Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(rev+1))
	if err == nil {
		j.keepTwice(j.bucketStream(bucket), message{subject: subject, seq: rev, header: nats.Header{opHeader: {"PURGE"}}})
	}
	return j.translate("drop "+bucket+" entry "+key, err)
}

// dropOrphans removes the old receipts that have no outbox entry.
func (j *Journal) dropOrphans(ctx context.Context, olderThan time.Time) error {
	info, err := j.streams[j.bucketStream(receiptsBucket)].Info(ctx, jetstream.WithSubjectFilter(j.bucketSubject(receiptsBucket)+">"))
	if err != nil {
		return j.translate("prune: list receipts", err)
	}
	for subject := range info.State.Subjects {
		dest, key, err := decodePair(strings.TrimPrefix(subject, j.bucketSubject(receiptsBucket)))
		if err != nil {
			continue // not ours
		}
		if err := j.dropOrphan(ctx, dest, key, olderThan); err != nil {
			return fmt.Errorf("prune: %w", err)
		}
	}
	return nil
}

// dropOrphan removes the receipt of dest and key when it is old and no outbox entry belongs to it.
func (j *Journal) dropOrphan(ctx context.Context, dest, key string, olderThan time.Time) error {
	tokens, err := encodePair(dest, key)
	if err != nil {
		return err
	}
	_, err = j.newest(ctx, "read outbox entry "+key, j.bucketStream(outboxBucket), j.bucketSubject(outboxBucket)+tokens)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	r, err := j.newest(ctx, "read receipt of "+key, j.bucketStream(receiptsBucket), j.bucketSubject(receiptsBucket)+tokens)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || !r.Time.Before(olderThan) {
		return err
	}
	return j.dropUpTo(ctx, receiptsBucket, dest, key, r.Sequence)
}
