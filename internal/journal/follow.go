package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

const (
	// followBuffer bounds what one follower holds in memory ahead of its function, in bytes.
	followBuffer = 4 << 20
	// followAhead is the same in messages. nats.go makes a channel of that many pointers at once: with its default for
	// PullMaxBytes, a million, each follower cost 8 MB.
	followAhead = 4096
	// followIdle is how long a replay may stand still before the server is asked whether anything is left.
	followIdle = 250 * time.Millisecond
	// followStalled is how many such looks without a message there are before what was delivered counts as lost.
	followStalled = 4
	// followUnasked is how many such looks there are, at first, before the request to deliver what is left counts as lost:
	// half a second. The next time it is twice as many: the server may just be slow.
	followUnasked = 2
	// followHeartbeat is how often a cluster says that it has nothing new; without two of them another consumer is made.
	// The member that had it may be gone: with nats.go's 15 s a follower was deaf for 30.
	followHeartbeat = 2 * time.Second
	// followAsk is how long a follower in a cluster hears nothing until it asks who leads the stream whether there is more.
	followAsk = 10 * time.Second
	// followForget is when the server forgets the position of a follower that vanished.
	followForget = 2 * time.Minute
	// followRetry is the longest pause before a follower that lost its server tries again; the first is a 16th of it.
	followRetry = 2 * time.Second
)

// Record is one stored message.
type Record struct {
	Subject  string
	Incident string    // of an event; empty for results
	Seq      uint64    // within its stream, growing; AppendEvent's last
	Time     time.Time // when the server stored it
	Data     []byte
}

// position is where a follower stands in its stream. The replay and what comes live go through the same code; so does a
// lost connection, after which the follower goes on behind the last message it has delivered.
type position struct {
	j        *Journal
	doing    string // for errors
	stream   string
	start    jetstream.ConsumerConfig // where to begin when nothing was delivered yet
	each     func(message) error
	caughtUp func()

	last     uint64  // stream sequence of the last delivered message, 0 at first
	goal     *uint64 // what who leads the stream had at the end of the replay, see arrives; nil: it was not asked
	complete bool    // caughtUp was called
	unasked  int     // how often the request to deliver was lost, as it seemed
	behind   int     // how often the copy that was read lacked what who leads the stream has
	slow     int     // how often who leads the cluster made no consumer in time
}

// follow delivers messages until ctx ends, each fails or the journal closes.
func (p *position) follow(ctx context.Context) error {
	ctx, end, err := p.j.begin(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.doing, err)
	}
	defer end()
	if !p.complete {
		p.caughtUp = p.sayRead(p.caughtUp)
	}
	pause, quiet := followRetry/16, true // quiet: no interruption has been logged yet
	for {
		before := p.last
		err := p.session(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", p.doing, context.Cause(ctx))
		}
		if errors.Is(err, errTurned) {
			continue
		}
		if own, ok := errors.AsType[*eachError](err); ok {
			return own.err
		}
		level := zap.DebugLevel // the same interruption again
		if p.last != before || quiet {
			pause, quiet, level = followRetry/16, false, zap.WarnLevel
		}
		p.j.cfg.Log.Log(level, "journal follower goes on after an interruption",
			zap.String("stream", p.stream), zap.Uint64("after", p.last), zap.Duration("pause", pause), zap.Error(err))
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", p.doing, context.Cause(ctx))
		case <-time.After(pause):
		}
		if pause = min(2*pause, followRetry); p.j.askWithin(allStreams) < openTry {
			pause = followRetry / 16 // an election is over soon, or at any time
		}
	}
}

// sayRead has the log say how long it took until all was read that was there.
func (p *position) sayRead(caughtUp func()) func() {
	begun := time.Now()
	return func() {
		p.j.cfg.Log.Debug("all is read that was there", zap.String("to", p.doing), zap.Uint64("last", p.last), zap.Duration("took", time.Since(begun)))
		if caughtUp != nil {
			caughtUp()
		}
	}
}

// eachError carries an error of the caller's own function past those of the connection.
type eachError struct{ err error }

func (e *eachError) Error() string { return e.err.Error() }

// deliver gives a message to each.
func (p *position) deliver(m message) error {
	if err := p.each(m); err != nil {
		return &eachError{err}
	}
	p.last = m.seq
	return nil
}

// errTurned ends a session when what follows is to be read elsewhere: in memory, or on the disk.
var errTurned = errors.New("the journal goes on elsewhere")

// session delivers from where the next message is, until something breaks.
func (p *position) session(ctx context.Context) error {
	ctx, stop := p.j.untilTurned(ctx)
	defer stop()
	base, _, _, afloat := p.j.behind(p.stream, p.last)
	if !afloat {
		base = math.MaxUint64
	}
	var err error
	if afloat && p.last >= base {
		err = p.fromMemory(ctx)
	} else {
		err = p.fromServer(ctx, base)
	}
	if own, ok := errors.AsType[*eachError](err); ok {
		return own
	}
	return cmp.Or(context.Cause(ctx), err)
}

// fromMemory delivers what is in memory only, until it is on the disk.
func (p *position) fromMemory(ctx context.Context) error {
	for {
		_, list, grown, there := p.j.behind(p.stream, p.last)
		if !there {
			return errTurned
		}
		for _, m := range list {
			if m.gone || !p.wants(m) {
				p.last = m.seq
			} else if err := p.deliver(m); err != nil {
				return err
			}
		}
		p.markComplete()
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wants says whether a message is one of those that are followed.
func (p *position) wants(m message) bool {
	if prefix, all := strings.CutSuffix(p.start.FilterSubject, ">"); p.start.FilterSubject != "" && m.subject != p.start.FilterSubject && (!all || !strings.HasPrefix(m.subject, prefix)) {
		return false
	}
	return m.seq >= p.start.OptStartSeq && (p.start.OptStartTime == nil || !m.time.Before(*p.start.OptStartTime))
}

// fromServer delivers from one consumer on the server, up to the message base.
func (p *position) fromServer(ctx context.Context, base uint64) error {
	ctx, stop := p.j.untilReconnected(ctx)
	defer stop()
	cons, err := p.create(ctx)
	if err != nil {
		return err
	}
	left := cons.CachedInfo().NumPending
	defer p.forget(ctx, cons)
	if left == 0 && base != math.MaxUint64 {
		return p.drained(base)
	}
	if left == 0 {
		if err := p.arrives(ctx); err != nil {
			return err
		}
	}
	pull := []jetstream.PullMessagesOpt{jetstream.PullMaxMessagesWithBytesLimit(followAhead, followBuffer)}
	if p.j.server == nil {
		pull = append(pull, jetstream.PullHeartbeat(followHeartbeat))
	}
	msgs, err := cons.Messages(pull...)
	if err != nil {
		return err
	}
	defer msgs.Stop()

	for delivered := uint64(1); ; delivered++ {
		msg, err := p.next(ctx, cons, msgs)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Consumer != delivered {
			return fmt.Errorf("message %d of the consumer came where %d was due", meta.Sequence.Consumer, delivered)
		}
		if meta.Sequence.Stream > base {
			return p.drained(base)
		}
		if err := p.deliver(message{subject: msg.Subject(), header: msg.Headers(), data: msg.Data(), seq: meta.Sequence.Stream, time: meta.Timestamp}); err != nil {
			return err
		}
		if end := delivered >= left || meta.NumPending == 0; end && base != math.MaxUint64 {
			return p.drained(base)
		} else if end {
			if err := p.arrives(ctx); err != nil {
				return err
			}
		}
	}
}

// forget deletes a consumer. Best effort: the server forgets it by itself. Pointless when the embedded server stops anyway.
func (p *position) forget(ctx context.Context, cons jetstream.Consumer) {
	if p.j.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = p.j.js.DeleteConsumer(ctx, p.stream, cons.CachedInfo().Name)
	}
}

// create asks for a consumer. Who leads the cluster decides that, and while nobody does the question is lost.
func (p *position) create(ctx context.Context) (jetstream.Consumer, error) {
	if p.j.member == nil {
		return p.j.js.CreateConsumer(ctx, p.stream, p.consumer())
	}
	within := p.j.askWithin(allStreams)
	led := within == openTry
	if led { // a busy machine may take its time, and what was asked for before is forgotten by the server
		within <<= min(p.slow, 3)
	}
	try, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cons, err := p.j.js.CreateConsumer(try, p.stream, p.consumer())
	switch {
	case err == nil:
		p.slow = 0
	case led:
		p.slow++
	}
	return cons, err
}

// consumer is what the server is asked for: all behind what was delivered last.
func (p *position) consumer() jetstream.ConsumerConfig {
	cfg := p.start
	if p.last > 0 {
		cfg.DeliverPolicy = jetstream.DeliverByStartSequencePolicy
		cfg.OptStartSeq, cfg.OptStartTime = p.last+1, nil
	}
	cfg.AckPolicy = jetstream.AckNonePolicy
	cfg.MemoryStorage, cfg.Replicas = true, 1
	cfg.InactiveThreshold = followForget
	return cfg
}

// drained goes on behind base, in memory.
func (p *position) drained(base uint64) error {
	p.last = max(p.last, base)
	return errTurned
}

// next waits for a message. During the replay it looks up now and then, because the last messages of the replay may
// have expired or been replaced before they could be delivered, and then none would mark its end.
func (p *position) next(ctx context.Context, cons jetstream.Consumer, msgs jetstream.MessagesContext) (jetstream.Msg, error) {
	var moved uint64
	for stalled := 0; !p.complete; {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		msg, err := msgs.Next(jetstream.NextMaxWait(followIdle))
		if !errors.Is(err, nats.ErrTimeout) {
			return msg, err
		}
		info, err := cons.Info(ctx)
		if err != nil {
			return nil, err
		}
		if info.Delivered.Consumer != moved {
			stalled, moved = 0, info.Delivered.Consumer
		}
		stalled++
		switch {
		case info.NumPending == 0 && info.Delivered.Stream <= p.last:
			p.goal = nil // it may have expired or been replaced meanwhile
			if err := p.arrives(ctx); err != nil {
				return nil, err
			}
			if !p.complete && stalled > followStalled<<min(p.behind, 4) {
				p.behind++
				return nil, errBehind
			}
		case info.NumPending == 0 && stalled > followStalled:
			return nil, errUndelivered
		case info.NumPending > 0 && stalled > followUnasked<<min(p.unasked, 6):
			p.unasked++
			return nil, errUnasked
		}
	}
	if p.j == nil || p.j.server != nil {
		return msgs.Next(jetstream.NextContext(ctx))
	}
	return p.nextOfCopy(ctx, msgs)
}

// nextOfCopy waits for a message of a copy that may lag behind the others, or be left behind for good, without an end of its signs
// of life: where nothing comes, and who leads the stream has more, another one is read.
func (p *position) nextOfCopy(ctx context.Context, msgs jetstream.MessagesContext) (jetstream.Msg, error) {
	for missing := false; ; {
		wait := followAsk
		if missing {
			wait = followIdle * followStalled << min(p.behind, 4)
		}
		try, cancel := context.WithTimeout(ctx, wait)
		msg, err := msgs.Next(jetstream.NextContext(try))
		cancel()
		quiet := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
		switch {
		case err == nil:
			p.behind = 0
			return msg, nil
		case !quiet:
			return nil, err
		case missing:
			p.behind++
			return nil, errBehind
		}
		newest, err := p.newest(ctx)
		missing = err == nil && newest > p.last // without an answer nothing is known, and signs of life say whether the copy is there
	}
}

// arrives marks that all is read that was there, once it is so. What is read of a cluster is the copy of any member, which may lag
// behind the others: who leads the stream says what there is.
func (p *position) arrives(ctx context.Context) error {
	if !p.complete && p.goal == nil {
		newest, err := p.newest(ctx)
		if err != nil {
			return err
		}
		p.goal = &newest
	}
	if !p.complete && p.last >= *p.goal {
		p.behind = 0
		p.markComplete()
	}
	return nil
}

// newest is the sequence of the newest message of those that are followed, as who leads the stream has it; 0: there is none.
func (p *position) newest(ctx context.Context) (uint64, error) {
	if p.j == nil || p.j.server != nil { // there is one copy
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.j.askWithin(p.stream))
	defer cancel()
	m, err := p.j.streams[p.stream].GetLastMsgForSubject(ctx, cmp.Or(p.start.FilterSubject, ">"))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("ask who leads the stream what there is: %w", err)
	case !p.wants(message{subject: m.Subject, seq: m.Sequence, time: m.Time}):
		return 0, nil
	}
	return m.Sequence, nil
}

// errBehind ends a session with a copy that lacks what who leads the stream has. The next one may be of another member.
var errBehind = errors.New("the copy that is read lacks what the stream's leader has")

// errUndelivered ends a session of which the server says that it has delivered all, and something did not come: a member of
// a cluster delivers to another one that it does not know to listen yet, and drops it. Without acknowledgements it does so once.
var errUndelivered = errors.New("what the server has delivered did not come")

// errUnasked ends a session of which the server has more, and delivers nothing: a member of a cluster that does not know yet
// where the consumer is drops the request to deliver. Its missing heartbeats are not noticed while each look is short.
var errUnasked = errors.New("the server does not deliver what it has")

// errReconnected ends a session that outlived its connection.
var errReconnected = errors.New("the connection was made anew, and what was under way on the old one may be lost")

// untilTurned returns a context that also ends, with errTurned, when a stream goes into memory, or back to the disk.
func (j *Journal) untilTurned(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	turned := j.turnedNow()
	go func() {
		select {
		case <-turned:
			cancel(errTurned)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// untilReconnected returns a context that also ends, with errReconnected, once the connection was lost and is there
// again. Nothing is acknowledged, so that the server holds a message for delivered once it has written it: when that is
// the last one for a while, no gap in the numbers would ever show the loss.
func (j *Journal) untilReconnected(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	connected := j.nc.StatusChanged(nats.CONNECTED)
	go func() {
		if _, open := <-connected; open {
			cancel(errReconnected)
		}
	}()
	return ctx, func() {
		j.nc.RemoveStatusListener(connected)
		cancel(nil)
	}
}

func (p *position) markComplete() {
	if !p.complete {
		p.complete = true
		if p.caughtUp != nil {
			p.caughtUp()
		}
	}
}
