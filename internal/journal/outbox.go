package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// opHeader marks what `nats kv del` and `nats kv purge` leave behind in a bucket.
const opHeader = "KV-Operation"

// Entry is what is to be said at a destination under a key. Only the newest body per destination and key is kept.
type Entry struct {
	Dest string
	Key  string
	Rev  uint64    // grows with every put in the whole outbox
	Put  time.Time // when the server stored it
	Body []byte
}

// Receipt is what the poster wrote down about a destination and key: where it was posted and which Rev of the entry has
// been dealt with. An entry is pending while its Rev is above that.
type Receipt struct {
	Dest string
	Key  string
	Rev  uint64 // of the receipt; PutReceipt's last
	Put  time.Time
	Body []byte
}

// PutOutbox stores body as the newest for dest and key, in place of what was there, and returns its revision.
//
// ErrTooLarge, ErrBadName, ErrClosed; or that ctx ended or the server did not answer, and then it may have been stored
// or not: putting it again is harmless.
func (j *Journal) PutOutbox(ctx context.Context, dest, key string, body []byte) (rev uint64, err error) {
	tokens, err := encodePair(dest, key)
	if err != nil {
		return 0, fmt.Errorf("put outbox entry: %w", err)
	}
	return j.publish(ctx, "put outbox entry "+key, j.bucketStream(outboxBucket), j.bucketSubject(outboxBucket)+tokens, body, nil)
}

// WatchOutbox gives every present entry to each, in the order of their revisions, then every new one. An entry that was
// replaced before its turn came is not seen. Pruned entries are not reported. Else as FollowResults.
func (j *Journal) WatchOutbox(ctx context.Context, each func(Entry) error, caughtUp func()) error {
	p := j.newestIn("watch outbox", outboxBucket)
	p.caughtUp = caughtUp
	p.each = func(m message) error {
		if deleted(m.header) {
			return nil
		}
		dest, key, err := decodePair(strings.TrimPrefix(m.subject, j.bucketSubject(outboxBucket)))
		if err != nil {
			return j.skipForeign(p.stream, m, err)
		}
		return each(Entry{Dest: dest, Key: key, Rev: m.seq, Put: m.time, Body: m.data})
	}
	return p.follow(ctx)
}

// Outbox reads what is stored for dest and key. Its errors are Receipt's.
func (j *Journal) Outbox(ctx context.Context, dest, key string) (Entry, error) {
	r, err := j.valueOf(ctx, slot{"outbox entry", outboxBucket, dest, key})
	return Entry(r), err
}

// Receipt reads the receipt of a destination and key. ErrNotFound when there is none; ErrBadName, ErrClosed; or that the
// server did not answer, and then nothing is known: do not post.
func (j *Journal) Receipt(ctx context.Context, dest, key string) (Receipt, error) {
	return j.valueOf(ctx, slot{"receipt of", receiptsBucket, dest, key})
}

// PutReceipt stores body in place of the receipt whose revision is last (0: there is none yet) and returns the new
// revision.
//
// ErrConflict when the present receipt is another one: read it, decide again. ErrTooLarge, ErrBadName, ErrClosed; or that
// ctx ended or the server did not answer, and then it may have been stored or not: read it.
func (j *Journal) PutReceipt(ctx context.Context, dest, key string, body []byte, last uint64) (rev uint64, err error) {
	return j.putValue(ctx, slot{"receipt of", receiptsBucket, dest, key}, body, last)
}

// Form is the newest stored form of what is kept for good under a key of a shelf. What the bytes mean is the caller's.
type Form struct {
	Body []byte
	Rev  uint64    // Keep's last
	Put  time.Time // when the server stored it
}

// Kept reads a form, which Prune leaves alone. Its errors are Receipt's.
func (j *Journal) Kept(ctx context.Context, shelf, key string) (Form, error) {
	r, err := j.valueOf(ctx, slot{shelf, shelvesBucket, shelf, key})
	return Form{Body: r.Body, Rev: r.Rev, Put: r.Put}, err
}

// Keep stores body in place of the form whose revision is last (0: there is none yet) and returns the new revision. Its
// errors are PutReceipt's.
func (j *Journal) Keep(ctx context.Context, shelf, key string, body []byte, last uint64) (rev uint64, err error) {
	return j.putValue(ctx, slot{shelf, shelvesBucket, shelf, key}, body, last)
}

// slot is where one value stands, with what an error calls it.
type slot struct{ what, bucket, dest, key string }

func (j *Journal) valueOf(ctx context.Context, s slot) (Receipt, error) {
	tokens, err := encodePair(s.dest, s.key)
	if err != nil {
		return Receipt{}, fmt.Errorf("read %s %s: %w", s.what, s.key, err)
	}
	doing := "read " + s.what + " " + s.key
	m, err := j.newest(ctx, doing, j.bucketStream(s.bucket), j.bucketSubject(s.bucket)+tokens)
	if err != nil {
		return Receipt{}, err
	}
	if deleted(m.Header) {
		return Receipt{}, fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	return Receipt{Dest: s.dest, Key: s.key, Rev: m.Sequence, Put: m.Time, Body: m.Data}, nil
}

func (j *Journal) putValue(ctx context.Context, s slot, body []byte, last uint64) (rev uint64, err error) {
	tokens, err := encodePair(s.dest, s.key)
	if err != nil {
		return 0, fmt.Errorf("put %s %s: %w", s.what, s.key, err)
	}
	doing, stream, subject := "put "+s.what+" "+s.key, j.bucketStream(s.bucket), j.bucketSubject(s.bucket)+tokens
	rev, err = j.publish(ctx, doing, stream, subject, body, &last)
	if last != 0 || !errors.Is(err, ErrConflict) {
		return rev, err
	}
	// What is there may be the mark of an operator's deletion, which is "not found" to who reads.
	m, readErr := j.newest(ctx, doing, stream, subject)
	if readErr != nil || !deleted(m.Header) {
		return 0, err
	}
	return j.publish(ctx, doing, stream, subject, body, &m.Sequence)
}

func deleted(h nats.Header) bool { return h.Get(opHeader) != "" }
