package journal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// With the server inside, the journal goes on in memory while the disk takes nothing: it is full, was mounted anew for
// reading only, is gone, or hangs. What is appended and put then is in spares, in the place and with the sequences that
// it will have, and followers and readers find it there. Every [healEvery] it is tried whether there is room again; then
// the server is started anew and what is in memory is written in its order. A process that ends before that loses it,
// so [Journal.Unkept] is there to be told.

const (
	healEvery = 2 * time.Second
	// healWithin bounds one try: the server's end and start (90 ms with 75 MB of results) and what is to be written.
	healWithin = 30 * time.Second
	// placeEvery is how often it is looked whether the data directory is still there, unless Config says otherwise.
	placeEvery = 5 * time.Second
	// hungAfter is how long a write must have waited for its end to be blamed on the disk.
	hungAfter = time.Second
	// insideRetry is between two attempts to reach a server inside that is being started anew.
	insideRetry = 20 * time.Millisecond
	// insideHandshake bounds the login at the server inside: it costs no network, and by default ends after 2 s, which a busy
	// machine can take.
	insideHandshake = 10 * time.Second
	// recentBytes and recentBatches bound the results that are kept once more until the server has written them in its
	// background: what it took and then could not write is written with the rest.
	recentBytes   = 4 << 20
	recentBatches = 64
	// newestSubjects bounds of how many subjects an inlet knows the newest message: of all that are written to at the same time.
	newestSubjects = 1024
)

// Unkept says that what is written is in memory only.
type Unkept struct {
	Since time.Time
	Why   string // what is wrong, as the end of "the journal is in memory only: "
	Cure  string // what an operator does, a half sentence
}

// inlet is the way into one stream of the server inside. One write at a time takes it, so that it is known which
// sequence the next one gets.
type inlet struct {
	turn   chan struct{}     // holds one write
	last   uint64            // guarded by turn: sequence of the newest message that was acknowledged
	stale  bool              // guarded by turn: the end of a write is not known
	recent []message         // guarded by turn: the newest results; see recentBytes
	newest map[string]uint64 // guarded by turn; :: subject -> sequence of its newest message, of those written lately
}

// afloat is what is in memory only. Its zero value is that all is on the disk.
type afloat struct {
	mu      sync.Mutex
	spares  map[string]*spare // guarded by mu; :: stream -> what the disk does not have of it
	why     Unkept            // guarded by mu
	anew    bool              // guarded by mu: the server must be started anew before it takes anything
	gaveWay int               // guarded by mu: how often results gave way since then
	turned  chan struct{}     // guarded by mu; closed when a stream gets a spare, or is back on the disk
	wake    chan struct{}     // capacity 1: there is something to heal
}

// makeInlets looks where each stream ends.
func (j *Journal) makeInlets(ctx context.Context) error {
	j.inlets = map[string]*inlet{}
	for name, stream := range j.streams {
		info, err := stream.Info(ctx)
		if err != nil {
			return fmt.Errorf("look where stream %s ends: %w", name, err)
		}
		j.inlets[name] = &inlet{turn: make(chan struct{}, 1), last: info.State.LastSeq, newest: map[string]uint64{}}
	}
	return nil
}

// Unkept returns what keeps the journal from writing what it is given; nil while it is written.
func (j *Journal) Unkept() *Unkept {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	if len(j.afloat.spares) == 0 {
		return nil
	}
	why := j.afloat.why
	return &why
}

// unkeptMessages counts what is in memory only.
func (j *Journal) unkeptMessages() (n int) {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	for _, s := range j.afloat.spares {
		n += len(s.msgs)
	}
	return n
}

func (j *Journal) spareOf(stream string) *spare {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	return j.afloat.spares[stream]
}

// inMemory returns a message that is in memory only.
func (j *Journal) inMemory(stream string, seq uint64) (message, bool) {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	if s := j.afloat.spares[stream]; s != nil {
		return s.at(seq)
	}
	return message{}, false
}

// newestInMemory returns a subject's newest message if it is in memory only.
func (j *Journal) newestInMemory(stream, subject string) (message, bool) {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	if s := j.afloat.spares[stream]; s != nil {
		return s.at(s.newest[subject])
	}
	return message{}, false
}

// behind returns where a stream ends on the disk, what is in memory behind a sequence, and a channel that is closed when
// more comes; there is false when all of it is on the disk.
func (j *Journal) behind(stream string, seq uint64) (base uint64, list []message, grown <-chan struct{}, there bool) {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	s := j.afloat.spares[stream]
	if s == nil {
		return 0, nil, nil, false
	}
	return s.base, slices.Clone(s.after(seq)), s.grown, true
}

// turnedNow is closed when the next stream goes into memory or back to the disk.
func (j *Journal) turnedNow() <-chan struct{} {
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	if j.afloat.turned == nil {
		j.afloat.turned = make(chan struct{})
	}
	return j.afloat.turned
}

// turn tells that a stream went into memory, or back; the caller holds mu.
func (a *afloat) turn() {
	if a.turned != nil {
		close(a.turned)
	}
	a.turned = make(chan struct{})
}

// write stores m in a stream of the server inside, or in memory while the disk does not take it.
func (j *Journal) write(ctx context.Context, doing, stream string, m message, last *uint64) (uint64, error) {
	in := j.inlets[stream]
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return 0, j.translate(doing, ctx.Err())
	}
	m.time = time.Now()
	if j.spareOf(stream) == nil {
		begun := time.Now()
		seq, err := j.sendInside(ctx, stream, m, last)
		if err == nil {
			m.seq = seq
			in.wrote(m, stream == j.resultsStream())
			j.keepTwice(stream, m)
			return seq, nil
		}
		j.settle(in, err)
		cause := j.blamed(err, time.Since(begun))
		if cause == nil || j.ctx.Err() != nil {
			return 0, j.translate(doing, err)
		}
		j.leaveDisk(stream, in, cause)
	}
	j.afloat.mu.Lock()
	defer j.afloat.mu.Unlock()
	if j.ctx.Err() != nil { // Close saves what is in memory now
		return 0, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	seq, err := j.afloat.spares[stream].add(m, last)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	return seq, nil
}

// sendInside is send that ends when the server has failed to write something: then it need not answer.
func (j *Journal) sendInside(ctx context.Context, stream string, m message, last *uint64) (uint64, error) {
	f := j.server.failed()
	if f.happened() {
		return 0, f
	}
	ctx, stop := j.whileTaken(ctx, f)
	defer stop()
	seq, err := j.send(ctx, stream, m, last)
	return seq, notTaken(ctx, err)
}

// send gives a message to the server.
func (j *Journal) send(ctx context.Context, stream string, m message, last *uint64) (uint64, error) {
	opts := []jetstream.PublishOpt{jetstream.WithExpectStream(stream)}
	if last != nil {
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(*last))
	}
	ack, err := j.js.PublishMsg(ctx, &nats.Msg{Subject: m.subject, Header: m.header, Data: m.data}, opts...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// wrote notes that the server took a message.
func (in *inlet) wrote(m message, recently bool) {
	in.last, in.stale = m.seq, false
	if len(in.newest) >= newestSubjects {
		clear(in.newest)
	}
	in.newest[m.subject] = m.seq
	if !recently {
		return
	}
	in.recent = append(in.recent, m)
	size := 0
	for i := range in.recent {
		size += in.recent[i].size()
	}
	for len(in.recent) > recentBatches || len(in.recent) > 1 && size > recentBytes {
		size -= in.recent[0].size()
		in.recent = in.recent[1:]
	}
}

// settle notes that the end of a write is not known.
func (j *Journal) settle(in *inlet, err error) {
	if api, answered := errors.AsType[*jetstream.APIError](err); !answered || api.ErrorCode == storeFailed {
		in.stale = true
	}
}

const (
	storeFailed = 10077 // the server's code of "storing a message failed"
	outOfStore  = 10047 // of "insufficient storage resources": its own limit
	outOfLimit  = 10023 // of "insufficient resources": likewise
)

// blamed returns what is wrong with the disk when a write failed for it, else nil; took is how long the write waited.
func (j *Journal) blamed(err error, took time.Duration) error {
	if tried, is := errors.AsType[untaken](err); is {
		return tried.error
	}
	switch {
	case diskFails(err):
		return err
	case took >= hungAfter && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout)):
		return j.diskHangs(healEvery) // or the machine is busy
	}
	return nil
}

// diskFails says whether a write did not succeed since the disk does not take it.
func diskFails(err error) bool {
	if _, failed := errors.AsType[*fault](err); failed {
		return true
	}
	if api, answered := errors.AsType[*jetstream.APIError](err); answered {
		return api.ErrorCode == storeFailed || api.ErrorCode == outOfStore || api.ErrorCode == outOfLimit || api.ErrorCode == streamOffline
	}
	return reachedNobody(err)
}

// reachedNobody says whether a write did not even reach a server, so that it is surely not taken.
func reachedNobody(err error) bool {
	return errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrReconnectBufExceeded)
}

// streamOffline is the server's code of a stream that it could not read.
const streamOffline = 10118

// leaveDisk has a stream go on in memory, whose turn the caller has.
func (j *Journal) leaveDisk(stream string, in *inlet, cause error) {
	base := in.last
	if in.stale {
		ctx, cancel := context.WithTimeout(j.ctx, hungAfter)
		defer cancel()
		if info, err := j.streams[stream].Info(ctx); err == nil {
			base = max(base, info.State.LastSeq)
		}
	}
	a := &j.afloat
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.spares) == 0 {
		a.spares = map[string]*spare{}
		a.why = j.fault(cause)
		a.why.Since = time.Now()
		j.cfg.Log.Error("the disk takes nothing: going on in memory, which is lost if this process ends before there is room again",
			zap.String("why", a.why.Why), zap.String("next", a.why.Cure), zap.Error(cause))
	}
	if _, answered := errors.AsType[*jetstream.APIError](cause); answered || j.server.failed().happened() || errors.Is(cause, jetstream.ErrNoStreamResponse) || errors.Is(cause, nats.ErrNoResponders) {
		a.anew = true
	}
	s := in.spare(stream, base, stream == j.resultsStream())
	s.before = maps.Clone(in.newest)
	a.spares[stream] = s
	a.turn()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// spare begins what is in memory of a stream behind base: with the results of which it is not sure that they are on the
// disk.
func (in *inlet) spare(stream string, base uint64, results bool) *spare {
	if len(in.recent) == 0 || in.recent[len(in.recent)-1].seq != base {
		return newSpare(stream, base, results)
	}
	s := newSpare(stream, in.recent[0].seq-1, results)
	for _, m := range in.recent {
		_, _ = s.add(m, nil) // they fit
	}
	return s
}

// leaveDiskWithResults has the results go on in memory: the disk took the newest of them and not their copies.
func (j *Journal) leaveDiskWithResults(cause error) {
	stream := j.resultsStream()
	in := j.inlets[stream]
	in.turn <- struct{}{}
	defer func() { <-in.turn }()
	if j.spareOf(stream) == nil {
		j.leaveDisk(stream, in, cause)
	}
}
