package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/zap"
)

// A member's server may be connected to the others, answer reads and call itself healthy, and acknowledge no write for good:
// a stream's leader that outlived a restart of the two others (nats-server's issue 8519), or a server that has switched its
// storage off. Health does not show that; only writes do. So each member writes to each stream that bounds what it is
// given, and watches all its other writes; where none is acknowledged for long although more than half of the members are
// connected, the server inside is started anew: first by who leads the stream.
const (
	// probeEvery is how often a stream is written to that was not written to meanwhile.
	probeEvery = 10 * time.Second
	// hangTold is after how long writes that are not acknowledged are a hang: elections take 4 to 9 s, and a member that
	// is cut off knows it after 15 s at the latest; see memberPing.
	hangTold = 20 * time.Second
	// hangOff is after how long a member whose server has no storage starts it anew, and hangLeads one that leads the stream:
	// who leads and has lost its followers steps down after 10 s.
	hangOff   = 25 * time.Second
	hangLeads = 40 * time.Second
	// regainEvery is the least time between two starts anew of a server whose storage is off while nothing hangs, and
	// between its first start and the first of these; it doubles where the storage goes off again soon, up to anewPause.
	regainEvery = 10 * time.Second
	// hangOthers and hangEach are after how long another one does, where that did not help or nobody leads: the first in
	// the list, and each further one so much later.
	hangOthers = 70 * time.Second
	hangEach   = 30 * time.Second
	// anewPause is the least time between two starts anew; it doubles with each that did not help, up to anewMost.
	anewPause = 10 * time.Minute
	anewMost  = time.Hour
	// anewWithin is how long the server may take to end and begin; then the process ends, so that a supervisor helps.
	anewWithin = 2 * time.Minute
)

// pace is how fast a hang is noticed; tests have less time.
type pace struct{ probe, told, off, regain, leads, others, each, pause time.Duration }

func (c *Config) pace() pace {
	if c.hangPace != (pace{}) {
		return c.hangPace
	}
	return pace{probeEvery, hangTold, hangOff, regainEvery, hangLeads, hangOthers, hangEach, anewPause}
}

// Hang is that the cluster acknowledges no writes although more than half of its members are connected.
type Hang struct {
	Since   time.Time
	Streams []string // that it is so of
	Off     bool     // the server of this member has no storage
	Here    bool     // it has none, or leads one of the streams
}

// writes is what became of this member's writes; its zero value is that there were none.
type writes struct {
	mu      sync.Mutex
	acked   map[string]time.Time // guarded by mu; :: stream -> when a write was acknowledged last
	refused map[string]span      // guarded by mu; :: stream -> writes since then that were not
	joined  time.Time            // guarded by mu; since when more than half of the members are connected; zero: they are not
	anew    time.Time            // guarded by mu; when the server was started anew last
	times   int                  // guarded by mu; how often that was in one hang
}

// span is the time from the begin of the first of some writes to the end of the last.
type span struct{ from, to time.Time }

// note takes in the end of a write.
func (w *writes) note(stream string, begun, ended time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		if w.acked == nil {
			w.acked = map[string]time.Time{}
		}
		w.acked[stream] = ended
		delete(w.refused, stream)
	case passing(err) || errors.Is(err, nats.ErrDisconnected):
		if w.refused == nil {
			w.refused = map[string]span{}
		}
		s, before := w.refused[stream]
		if !before {
			s.from = begun
		}
		s.to = ended
		w.refused[stream] = s
	}
}

// idle says whether a stream was not written to for so long.
func (w *writes) idle(stream string, now time.Time, long time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return now.Sub(w.acked[stream]) >= long
}

// join notes whether more than half of the members are connected.
func (w *writes) join(now time.Time, most bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !most {
		w.joined = time.Time{}
	} else if w.joined.IsZero() {
		w.joined = now
	}
}

// hang returns which streams take no writes, and for how long more than half of the members have been connected and one of them
// has taken none.
func (w *writes) hang(now time.Time, p pace) (h Hang, long time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.joined.IsZero() {
		return h, 0
	}
	for stream, s := range w.refused {
		from := s.from
		if w.joined.After(from) {
			from = w.joined
		}
		if now.Sub(s.to) > 2*p.probe { // nobody has tried since
			continue
		}
		if is := s.to.Sub(from); is >= p.told {
			h.Streams = append(h.Streams, stream)
			long = max(long, is)
		}
	}
	slices.Sort(h.Streams)
	h.Since = now.Add(-long)
	return h, long
}

// due says whether the server is to be started anew after a hang: place is that of its member among all.
func (w *writes) due(now time.Time, h Hang, place int, p pace) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := p.others + time.Duration(place)*p.each
	switch {
	case h.Off:
		wait = p.off
	case h.Here:
		wait = p.leads
	}
	pause := min(p.pause<<min(w.times, 10), max(anewMost, p.pause))
	return now.Sub(h.Since) >= wait && (w.anew.IsZero() || now.Sub(w.anew) >= pause)
}

// answered says whether no stream refuses what is written.
func (w *writes) answered(now time.Time, p pace) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.refused {
		if now.Sub(s.to) <= 2*p.probe {
			return false
		}
	}
	return true
}

// begins notes that the server is started anew.
func (w *writes) begins(now time.Time) (times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.anew) > 2*anewMost {
		w.times = 0
	}
	w.anew = now
	w.times++
	w.joined = time.Time{} // what was refused before the others are there again is no hang
	return w.times
}

// StartedAnew is when the server inside was started anew last since writes hung; zero: never.
func (j *Journal) StartedAnew() time.Time {
	j.writes.mu.Lock()
	defer j.writes.mu.Unlock()
	return j.writes.anew
}

// Hangs returns that no writes are acknowledged although more than half of the members are connected; nil while it is not
// so, and without a cluster of our own.
func (j *Journal) Hangs() *Hang {
	if j.member == nil {
		return nil
	}
	h, long := j.writes.hang(time.Now(), j.cfg.pace())
	if long == 0 {
		return nil
	}
	s := j.member.now()
	h.Off = !s.JetStreamEnabled()
	h.Here = h.Off || slices.ContainsFunc(h.Streams, func(name string) bool { return s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, name) })
	return &h
}

// keepWriting writes to all streams again and again, and starts the server anew where none is acknowledged, until the
// journal closes.
func (j *Journal) keepWriting() {
	ctx, end, err := j.begin(j.ctx)
	if err != nil {
		return
	}
	defer end()
	p := j.cfg.pace()
	t := time.NewTicker(p.probe / 2)
	defer t.Stop()
	lost := storage{last: time.Now(), wait: p.regain}
	for told := false; ; {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if err := j.regain(ctx, &lost, p); err != nil && ctx.Err() == nil {
			j.gaveUp(fmt.Errorf("the server inside has no storage, and cannot be started anew: %w", err))
			return
		}
		j.writes.join(time.Now(), 2*(len(j.Reached())+1) > len(j.cfg.Cluster.Members))
		j.probe(ctx, p)
		h := j.Hangs()
		switch {
		case h == nil && told && j.writes.answered(time.Now(), p):
			told = false
			j.cfg.Log.Info("writes are acknowledged again")
		case h != nil && !told:
			told = true
			j.cfg.Log.Error("the cluster acknowledges no writes although more than half of its members are connected", zap.Strings("streams", h.Streams),
				zap.Time("since", h.Since), zap.Bool("led here", h.Here), zap.String("next", "the server inside is started anew where it has no storage, then where they are led, then elsewhere; nothing that was acknowledged is lost by that"))
		}
		if h == nil || !j.writes.due(time.Now(), *h, j.place(), p) {
			continue
		}
		if err := j.memberAnew(ctx, h); err != nil && ctx.Err() == nil {
			j.gaveUp(fmt.Errorf("writes hang, and the server inside cannot be started anew: %w", err))
			return
		}
	}
}

// gaveUp has the process end, so that a supervisor helps.
func (j *Journal) gaveUp(err error) {
	select {
	case j.broken <- err:
	default:
	}
}

// storage is what became of that of the server inside.
type storage struct {
	off  bool          // it was said to be off
	last time.Time     // when the server was started last
	wait time.Duration // how long it must have run before it is started anew
}

// regain starts the server inside anew where it has switched its storage off, as it does when its disk refuses a write,
// and the disk takes files again. While the others go on nothing hangs; but they have nobody to spare.
func (j *Journal) regain(ctx context.Context, s *storage, p pace) error {
	off := j.StorageOff()
	if off == "" {
		s.off = false
		return nil
	}
	if !s.off {
		s.off = true
		j.cfg.Log.Error(off)
	}
	now := time.Now()
	if now.Sub(s.last) < s.wait || !j.diskTakes(ctx) {
		return nil
	}
	if now.Sub(s.last) > p.pause {
		s.wait = p.regain
	} else {
		s.wait = min(2*s.wait, p.pause)
	}
	s.last = now
	j.cfg.Log.Warn("starting the server inside anew, since its storage is off and the disk takes files")
	return j.serverAnew(ctx)
}

// place is this member's among all.
func (j *Journal) place() int { return slices.Index(j.cfg.Cluster.Members, j.cfg.Cluster.Self) }

// StorageOff says that the server of this member has switched its storage off, and what to do; empty: it has not, or
// there is no cluster of our own.
func (j *Journal) StorageOff() string {
	if j.member == nil || j.member.now().JetStreamEnabled() {
		return ""
	}
	return "the server inside has switched its storage off, as when its disk is full, and the other members go on without it; make room on the disk of " + j.cfg.Dir + ", then it is started anew by itself"
}

// diskTakes says whether the disk takes files.
func (j *Journal) diskTakes(ctx context.Context) bool { return j.tryDisk(ctx) == nil }

// memberAnew starts the server inside anew after a hang.
func (j *Journal) memberAnew(ctx context.Context, h *Hang) error {
	times := j.writes.begins(time.Now())
	j.cfg.Log.Error("starting the server inside anew, since writes hang", zap.Strings("streams", h.Streams), zap.Time("since", h.Since), zap.Int("times", times))
	return j.serverAnew(ctx)
}

// serverAnew ends the server inside and starts it.
func (j *Journal) serverAnew(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, anewWithin)
	defer cancel()
	for ctx.Err() == nil {
		if err = j.member.restart(ctx, closeWithin); err == nil {
			j.cfg.Log.Info("the server inside is started anew")
			return nil
		}
		select {
		case <-time.After(remoteRetry):
		case <-ctx.Done():
		}
	}
	return errors.Join(err, ctx.Err())
}

// probe writes to the streams that keep one message of each subject, so that nothing grows, and that nobody has
// written to for a while. Nobody reads what it writes. Events and results are written to for their own sake alone.
func (j *Journal) probe(ctx context.Context, p pace) {
	var group sync.WaitGroup
	for _, bucket := range []string{leaseBucket, outboxBucket, receiptsBucket, shelvesBucket} {
		stream := j.bucketStream(bucket)
		if !j.writes.idle(stream, time.Now(), p.probe) {
			continue
		}
		group.Go(func() {
			try, cancel := context.WithTimeout(ctx, p.probe/2)
			defer cancel()
			_, _ = j.store(try, "probe", stream, j.filler(stream, 0), nil) // the end is noted
		})
	}
	group.Wait()
}

// String is a hang in words.
func (h *Hang) String() string {
	return "the cluster acknowledges no writes to " + strings.Join(h.Streams, ", ") + " since " + h.Since.UTC().Format(time.DateTime) + " UTC, although more than half of its members are connected"
}
