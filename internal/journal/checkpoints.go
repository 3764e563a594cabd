package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// partsHeader of a checkpoint holds the sequences of its other parts, in their order, divided by commas.
	partsHeader = "Statusbot-Parts"

	// checkpointsBytes bounds the stored checkpoints if nobody drops the old ones: 10,000 checks with a day of
	// history are 12 MiB.
	checkpointsBytes = 256 << 20
)

// On a cluster checkpoints are appended and not put in place of each other as receipts are: to replace a message the
// server reads the whole block of it. With the server inside they are files: see checkpoint_files.go.

func (j *Journal) checkpointsStream() string  { return strings.ToUpper(j.cfg.Prefix) + "_CHECKPOINTS" }
func (j *Journal) checkpointsSubject() string { return j.cfg.Prefix + ".checkpoints." }

// PutCheckpoint stores data, of any size, as the newest checkpoint of a key. A checkpoint is but a short cut: a crash
// may take the newest ones, and then there is the one before or none. While the journal is Unkept none is stored.
//
// On a cluster it returns the sequence from which on it is stored, and the ones before stay until DropCheckpoints. With
// the server inside it takes the place of the one before, and the sequence is 0.
//
// ErrBadName, ErrClosed; or that ctx ended or the server did not answer, and then it may have been stored or not.
func (j *Journal) PutCheckpoint(ctx context.Context, key string, data []byte) (uint64, error) {
	token, err := encode("key", key)
	if err != nil {
		return 0, fmt.Errorf("put checkpoint: %w", err)
	}
	doing := "put checkpoint " + key
	if j.ctx.Err() != nil {
		return 0, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	if j.server != nil && j.Unkept() != nil {
		return 0, nil // of what the disk may not have: the one before is true
	}
	if j.server != nil {
		if err := j.putCheckpointFile(token, data); err != nil {
			return 0, fmt.Errorf("%s: %w", doing, err)
		}
		return 0, nil
	}
	// The last part makes it a checkpoint; without it the others are nothing.
	var first uint64
	var parts []string
	for len(data) > j.MaxBody() {
		seq, err := j.store(ctx, doing, j.checkpointsStream(), message{subject: j.checkpointsSubject() + token + ".part", data: data[:j.MaxBody()]}, nil)
		if err != nil {
			return 0, err
		}
		if len(parts) == 0 {
			first = seq
		}
		parts = append(parts, strconv.FormatUint(seq, 10))
		data = data[j.MaxBody():]
	}
	msg := &nats.Msg{Subject: j.checkpointsSubject() + token, Data: data}
	if len(parts) > 0 {
		msg.Header = nats.Header{partsHeader: {strings.Join(parts, ",")}}
	}
	ack, err := j.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(j.checkpointsStream()))
	if err != nil {
		return 0, j.translate(doing, err)
	}
	if len(parts) == 0 {
		first = ack.Sequence
	}
	return first, nil
}

// Checkpoint returns the newest checkpoint of a key.
//
// ErrNotFound when there is none, or not all of it, or its file cannot be read; ErrBadName, ErrClosed; or that ctx ended or the server did not
// answer.
func (j *Journal) Checkpoint(ctx context.Context, key string) ([]byte, error) {
	token, err := encode("key", key)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	doing := "read checkpoint " + key
	if j.ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	if j.server != nil {
		data, err := j.readCheckpointFile(token)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		return data, nil
	}
	m, err := j.newest(ctx, doing, j.checkpointsStream(), j.checkpointsSubject()+token)
	if err != nil {
		return nil, err
	}
	list := m.Header.Get(partsHeader)
	if list == "" {
		return m.Data, nil
	}
	var data []byte
	for text := range strings.SplitSeq(list, ",") {
		seq, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: part %q: %w", doing, text, err)
		}
		part, err := j.streams[j.checkpointsStream()].GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) || (err == nil && part.Subject != m.Subject+".part") {
			return nil, fmt.Errorf("%s: part %d: %w", doing, seq, ErrNotFound)
		}
		if err != nil {
			return nil, j.translate(doing, err)
		}
		data = append(data, part.Data...)
	}
	return append(data, m.Data...), nil
}

// DropCheckpoints lets go of all checkpoints that were stored before seq; none with the server inside, which keeps only
// the newest.
func (j *Journal) DropCheckpoints(ctx context.Context, seq uint64) error {
	if j.server != nil {
		return nil
	}
	err := j.streams[j.checkpointsStream()].Purge(ctx, jetstream.WithPurgeSequence(seq))
	return j.translate("drop old checkpoints", err)
}
