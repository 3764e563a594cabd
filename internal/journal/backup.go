package journal

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/statusbot/statusbot/internal/lazy"
)

// A backup is one file: a line that names its form, then for each stream a line of JSON, with its name, configuration and
// state, and the server's own snapshot in pieces, each after its length in four bytes; a piece of no length ends it. The
// last line has the SHA-256 of all before. The form of the first line is fixed; another form gets another number.
const (
	backupForm  = "statusbot backup 1\n" // as all of backupForms
	backupPiece = 128 << 10              // what the server sends at once
	backupWait  = time.Minute
)

var backupForms = lazy.Compile(`^statusbot backup [0-9]{1,4}\n$`)

// backupStream is what stands before the pieces of one stream.
type backupStream struct {
	Stream string          `json:"stream,omitempty"`
	Config json.RawMessage `json:"config,omitempty"`
	State  json.RawMessage `json:"state,omitempty"`
	SHA256 string          `json:"sha256,omitempty"` // on the last line, and nothing else
}

// Backup writes all that the journal with the server inside, alone or of a member, holds to out, while it goes on. Each stream is as it was at one
// instant, the receipts after the outbox: what was told is not told again for the order in which they were read.
//
// It fails while the journal is [Unkept], with a cluster (its operators have tools of their own), and when ctx ends.
func (j *Journal) Backup(ctx context.Context, out io.Writer) error {
	if j.server == nil && j.member == nil {
		return errors.New("back up journal: journal.url names a cluster; back it up by `nats account backup`")
	}
	if u := j.Unkept(); u != nil {
		return fmt.Errorf("back up journal: %s; %s first", u.Why, u.Cure)
	}
	ctx, end, err := j.begin(ctx)
	if err != nil {
		return fmt.Errorf("back up journal: %w", err)
	}
	defer end()
	sum := sha256.New()
	to := io.MultiWriter(out, sum)
	if _, err := io.WriteString(to, backupForm); err != nil {
		return err
	}
	streams := []string{j.resultsStream(), j.durableStream(), j.eventsStream(), j.bucketStream(outboxBucket),
		j.bucketStream(receiptsBucket), j.bucketStream(shelvesBucket), j.bucketStream(leaseBucket)}
	if j.server == nil {
		streams = slices.DeleteFunc(streams, func(name string) bool { return name == j.durableStream() })
	}
	for _, stream := range streams {
		if err := j.backupStream(ctx, stream, to); err != nil {
			return fmt.Errorf("back up stream %s: %w", stream, err)
		}
	}
	return json.NewEncoder(out).Encode(backupStream{SHA256: hex.EncodeToString(sum.Sum(nil))})
}

// apiFailed is the part of an answer of the server that says why it refuses.
type apiFailed struct {
	Error *jetstream.APIError `json:"error"`
}

// refused is a refusal of the server in its own words alone. Its code stays known: some of them pass by themselves.
type refused struct{ *jetstream.APIError }

func (r refused) Error() string { return r.Description }
func (r refused) Unwrap() error { return r.APIError }

// askServer asks the server's API, and reads its answer.
func (j *Journal) askServer(ctx context.Context, subject string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, backupWait)
	defer cancel()
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	msg, err := j.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return err
	}
	var failed apiFailed
	if err := json.Unmarshal(msg.Data, &failed); err != nil {
		return err
	}
	if failed.Error != nil {
		return refused{failed.Error}
	}
	return json.Unmarshal(msg.Data, answer)
}

// backupStream writes one stream. The server checks each message of it before.
func (j *Journal) backupStream(ctx context.Context, stream string, to io.Writer) error {
	inbox := nats.NewInbox()
	pieces, err := j.nc.SubscribeSync(inbox)
	if err != nil {
		return err
	}
	defer func() { _ = pieces.Unsubscribe() }() // or the connection is gone
	ask := map[string]any{"deliver_subject": inbox, "no_consumers": true, "chunk_size": backupPiece, "jsck": true}
	head := backupStream{Stream: stream}
	if err := j.askServer(ctx, "$JS.API.STREAM.SNAPSHOT."+stream, ask, &head); err != nil {
		return err
	}
	head.Stream = stream
	if err := json.NewEncoder(to).Encode(head); err != nil {
		return err
	}
	for {
		wait, cancel := context.WithTimeout(ctx, backupWait)
		msg, err := pieces.NextMsgWithContext(wait)
		cancel()
		if err != nil {
			return err
		}
		if status := msg.Header.Get("Status"); len(msg.Data) == 0 && status != "" && status != "204" {
			return fmt.Errorf("the server broke off: %s %s", status, msg.Header.Get("Description"))
		}
		if err := writePiece(to, msg.Data); err != nil || len(msg.Data) == 0 {
			return err
		}
		if msg.Reply != "" {
			if err := msg.Respond(nil); err != nil {
				return err
			}
		}
	}
}

func writePiece(to io.Writer, data []byte) error {
	_, err := to.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)) //nolint:gosec // at most 1 MiB
	return err
}

// Restore makes the journal of dir from a backup. dir must hold none. The backup is read twice: nothing is written before
// its checksum is right. After an error nothing is left.
func Restore(ctx context.Context, cfg Config, backup io.ReadSeeker) (err error) {
	if err := CheckBackup(backup); err != nil {
		return err
	}
	if Holds(cfg.Dir) {
		return fmt.Errorf("restore journal: %s holds a journal already; move it away, or name another directory", cfg.Dir)
	}
	if _, err := backup.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("restore journal: %w", err)
	}
	if err := cfg.setDefaults(); err != nil {
		return fmt.Errorf("restore journal: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, dirMode); err != nil {
		return fmt.Errorf("restore journal: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return fmt.Errorf("restore journal: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("restore journal: %w", err), os.RemoveAll(filepath.Join(cfg.Dir, aloneDir)))
		}
		err = errors.Join(err, unlock(lock), lock.Close())
	}()
	j := &Journal{cfg: cfg}
	j.ctx, j.cancel = context.WithCancel(ctx)
	defer j.cancel()
	if err := j.connect(ctx); err != nil {
		return err
	}
	err = j.restoreAll(ctx, bufio.NewReaderSize(backup, 1<<16))
	j.nc.Close()
	return errors.Join(err, j.server.stop(backupWait))
}

func (j *Journal) restoreAll(ctx context.Context, in *bufio.Reader) error {
	return eachStream(in, nil, func(head backupStream, next func() ([]byte, error)) error {
		var answer struct {
			DeliverSubject string `json:"deliver_subject"`
		}
		as, wanted, err := j.restoredAs(head)
		if err != nil {
			return fmt.Errorf("stream %s: %w", head.Stream, err)
		}
		if !wanted {
			return drain(next)
		}
		ask := map[string]json.RawMessage{"config": as, "state": head.State}
		if err := j.askServer(ctx, "$JS.API.STREAM.RESTORE."+head.Stream, ask, &answer); err != nil {
			return fmt.Errorf("stream %s: %w", head.Stream, err)
		}
		for {
			piece, err := next()
			if err != nil {
				return err
			}
			msg, err := j.handOver(ctx, answer.DeliverSubject, piece)
			if err != nil {
				return fmt.Errorf("stream %s: %w", head.Stream, err)
			}
			var failed apiFailed
			if len(msg.Data) > 0 && json.Unmarshal(msg.Data, &failed) == nil && failed.Error != nil {
				return fmt.Errorf("stream %s: %w", head.Stream, refused{failed.Error})
			}
			if len(piece) == 0 {
				return nil
			}
		}
	})
}

// handOver gives a piece to the server that restores. Of a cluster that is another member, and that it listens there is
// known here a little later.
func (j *Journal) handOver(ctx context.Context, subject string, piece []byte) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, backupWait)
	defer cancel()
	for {
		msg, err := j.nc.RequestWithContext(ctx, subject, piece)
		if !errors.Is(err, nats.ErrNoResponders) {
			return msg, err
		}
		select {
		case <-time.After(insideRetry):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// restoredAs is the configuration with which a stream is restored: its own, or where its replicas are others than ours, since
// one of both is of a member, the one that we want, and its results are as old as they were. A cluster wants no second
// copies of results.
func (j *Journal) restoredAs(head backupStream) (as json.RawMessage, wanted bool, err error) {
	var was jetstream.StreamConfig
	if err := json.Unmarshal(head.Config, &was); err != nil {
		return nil, false, err
	}
	if was.Replicas == j.cfg.Replicas {
		return head.Config, true, nil
	}
	for _, cfg := range j.streamConfigs() {
		if cfg.Name == head.Stream {
			cfg.MaxAge = was.MaxAge
			as, err = json.Marshal(cfg)
			return as, true, err
		}
	}
	return nil, false, nil
}

// drain reads the pieces of a stream that nobody wants.
func drain(next func() ([]byte, error)) error {
	for {
		if piece, err := next(); err != nil || len(piece) == 0 {
			return err
		}
	}
}

// ErrNoBackup comes when a file is no whole backup.
var ErrNoBackup = errors.New("this is no whole backup")

// CheckBackup reads a backup from its beginning, and says whether it is whole. ErrNoBackup when it is not.
func CheckBackup(backup io.Reader) error {
	return eachStream(bufio.NewReaderSize(backup, 1<<16), sha256.New(), func(_ backupStream, next func() ([]byte, error)) error {
		return drain(next)
	})
}

// eachStream reads a backup; each must call next until it gives nothing. With a sum the checksum must be right.
func eachStream(in *bufio.Reader, sum hash.Hash, each func(head backupStream, next func() ([]byte, error)) error) error {
	r := &summed{in: in, sum: sum}
	form, err := r.line()
	if err == nil && string(form) != backupForm && backupForms.MatchString(string(form)) {
		return fmt.Errorf("%w that can be read: another statusbot, most likely a later one, has written it", ErrNoBackup)
	}
	if err != nil || string(form) != backupForm {
		return fmt.Errorf("%w: it does not begin as one", ErrNoBackup)
	}
	var streams []string
	for {
		var was []byte
		if sum != nil {
			was = sum.Sum(nil)
		}
		line, err := r.line()
		if err != nil {
			return fmt.Errorf("%w: it ends too early", ErrNoBackup)
		}
		var head backupStream
		if err := json.Unmarshal(line, &head); err != nil {
			return fmt.Errorf("%w: behind %d streams: %w", ErrNoBackup, len(streams), err)
		}
		if head.SHA256 != "" {
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) || sum != nil && hex.EncodeToString(was) != head.SHA256 {
				return fmt.Errorf("%w: its checksum is wrong", ErrNoBackup)
			}
			return nil
		}
		if slices.Contains(streams, head.Stream) {
			return fmt.Errorf("%w: stream %s comes twice", ErrNoBackup, head.Stream)
		}
		streams = append(streams, head.Stream)
		if err := each(head, r.piece); err != nil {
			return err
		}
	}
}

// summed reads a backup and sums up what was read.
type summed struct {
	in  *bufio.Reader
	sum hash.Hash // nil: it is not asked for
}

func (r *summed) took(data []byte) {
	if r.sum != nil {
		r.sum.Write(data)
	}
}

// line reads a line of at most 64 KiB.
func (r *summed) line() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	line = bytes.Clone(line)
	r.took(line)
	return line, nil
}

func (r *summed) piece() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r.in, size[:]); err != nil {
		return nil, fmt.Errorf("%w: it ends too early", ErrNoBackup)
	}
	r.took(size[:])
	n := binary.BigEndian.Uint32(size[:])
	if n > 1<<20 {
		return nil, fmt.Errorf("%w: a piece of %d bytes", ErrNoBackup, n)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r.in, data); err != nil {
		return nil, fmt.Errorf("%w: it ends too early", ErrNoBackup)
	}
	r.took(data)
	return data, nil
}
