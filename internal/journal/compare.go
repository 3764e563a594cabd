package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// Damage returns what was found damaged when the journal was opened, and what became of it; nil when nothing was.
func (j *Journal) Damage() *Damage {
	if j.damage == (Damage{}) {
		return nil
	}
	d := j.damage
	return &d
}

// readSecondCopy reads the second copy of the events of the server inside, which does not run yet, and compares it with
// the files of that.
func (j *Journal) readSecondCopy() error {
	j.second = &second{name: filepath.Join(j.cfg.Dir, secondFile)}
	is, err := readSecond(j.second.name, func(stored) error { return nil })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return j.setSecondAside("cannot be read", err)
	case is.places > 0:
		j.cfg.Log.Warn("the second copy of the events is damaged; it is made anew", zap.String("file", j.second.name), zap.Int("places", is.places))
		return nil
	case !is.form && is.n == 0:
		j.second.blank = true // we write it whole, or not at all
		j.cfg.Log.Warn("the second copy of the events holds none, and is not as statusbot leaves it; it is made anew", zap.String("file", j.second.name))
		return nil
	case is.tail || is.n != is.newest.seq:
		return nil
	}
	var sum uint32
	var n uint64
	err = j.eachMessage(j.eventsStream(), func(m message) {
		if m.seq <= is.newest.seq {
			n++
			sum ^= j.storedOf(m).sum()
		}
	})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	j.second.last = is.newest.seq
	j.second.agrees = n == is.n && sum == is.sum
	return nil
}

func (j *Journal) storedOf(m message) stored {
	return stored{seq: m.seq, token: strings.TrimPrefix(m.subject, j.eventsSubject()), data: m.data}
}

// compareEvents gives each of the two copies of the events what the other has lost.
func (j *Journal) compareEvents(ctx context.Context) error {
	state, err := j.eventsState(ctx)
	if err != nil {
		return err
	}
	if j.second.agrees && whole(state) {
		return j.second.reach(state.LastSeq, func(seq uint64) (stored, error) { return j.storedEvent(ctx, seq) })
	}
	return j.joinEvents(ctx, state)
}

func (j *Journal) eventsState(ctx context.Context) (jetstream.StreamState, error) {
	info, err := j.streams[j.eventsStream()].Info(ctx)
	if err != nil {
		return jetstream.StreamState{}, fmt.Errorf("look whether all events are there: %w", err)
	}
	return info.State, nil
}

// whole says whether a stream of which nothing may be deleted has all.
func whole(s jetstream.StreamState) bool { return s.Msgs == s.LastSeq }

// storedEvent reads an event of the server.
func (j *Journal) storedEvent(ctx context.Context, seq uint64) (stored, error) {
	m, err := j.streams[j.eventsStream()].GetMsg(ctx, seq)
	if err != nil {
		return stored{}, j.translate("read event", err)
	}
	return j.storedOf(message{seq: seq, subject: m.Subject, data: m.Data}), nil
}

func (e stored) same(o stored) bool {
	return e.seq == o.seq && e.token == o.token && bytes.Equal(e.data, o.data)
}

// shifted says whether the server has an event but for where its name ends: its own checksum is not of that.
func (e stored) shifted(o stored) bool {
	return e.seq == o.seq && e.token+string(e.data) == o.token+string(o.data)
}

// joinEvents has both copies hold what either has. The file is written first: it has all when the server's stream is
// written anew, whatever comes between.
func (j *Journal) joinEvents(ctx context.Context, state jetstream.StreamState) error {
	byServer, err := j.serversEvents(ctx, state)
	if err != nil {
		return err
	}
	all := maps.Clone(byServer)
	last, damaged := state.LastSeq, 0
	_, err = readSecond(j.second.name, func(e stored) error {
		is, there := byServer[e.seq]
		switch {
		case there && is.shifted(e) && !is.same(e):
			damaged++
		case there && !is.same(e):
			return errAnother
		}
		all[e.seq] = e
		last = max(last, e.seq)
		return nil
	})
	switch {
	case errors.Is(err, errAnother):
		if err := j.setSecondAside("tells another history than the journal", err); err != nil {
			return err
		}
		return j.joinEvents(ctx, state)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read the second copy of the events: %w", err)
	}
	events := make([]stored, 0, len(all))
	for seq := uint64(1); seq <= last; seq++ {
		e, there := all[seq]
		if !there {
			e = stored{seq: seq, token: fillerName}
			j.damage.Events++
		}
		events = append(events, e)
	}
	if last == 0 && j.second.blank {
		j.cfg.Log.Error("neither the journal nor its second copy has an event: those that there were are lost for good", zap.String("second copy", j.second.name))
	}
	j.damage.Restored = len(all) - len(byServer) + damaged
	if err := writeSecond(j.second.name, events); err != nil {
		return fmt.Errorf("write the second copy of the events: %w", err)
	}
	j.second.last = last
	return j.giveBack(ctx, events, damaged > 0)
}

// setSecondAside is for a second copy of no use.
func (j *Journal) setSecondAside(why string, cause error) error {
	if err := j.setAsideAnother(j.second.name, "the second copy of the events "+why, cause); err != nil {
		return fmt.Errorf("set the second copy of the events aside: %w", err)
	}
	return nil
}

// errAll is that all events are read.
var errAll = errors.New("all events are read")

// errAnother is that the two copies tell two histories.
var errAnother = errors.New("another history")

// serversEvents are the events that the server has, by sequence.
func (j *Journal) serversEvents(ctx context.Context, state jetstream.StreamState) (map[uint64]stored, error) {
	all := map[uint64]stored{}
	if state.Msgs == 0 {
		return all, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := position{j: j, doing: "read events", stream: j.eventsStream(), caughtUp: func() { cancel(errAll) }}
	p.start.DeliverPolicy = jetstream.DeliverAllPolicy
	p.each = func(m message) error {
		m.data = bytes.Clone(m.data)
		all[m.seq] = j.storedOf(m)
		return nil
	}
	if err := p.follow(ctx); !errors.Is(context.Cause(ctx), errAll) {
		return nil, err
	}
	return all, nil
}

// giveBack has the server hold these events, which begin with sequence 1, and no others; anew when what it has is not
// only less.
func (j *Journal) giveBack(ctx context.Context, events []stored, anew bool) error {
	state, err := j.eventsState(ctx)
	if err != nil {
		return err
	}
	anew = anew || !whole(state)
	if state.LastSeq == uint64(len(events)) && !anew {
		return nil
	}
	j.cfg.Log.Warn("the journal has lost events; they are written anew", zap.Uint64("there", state.Msgs), zap.Int("of", len(events)),
		zap.Int("lost for good", j.damage.Events))
	if anew {
		if err := j.js.DeleteStream(ctx, j.eventsStream()); err != nil {
			return fmt.Errorf("write events anew: %w", err)
		}
		if err := j.makeStreams(ctx); err != nil {
			return err
		}
		state.LastSeq = 0
	}
	ctx = context.WithoutCancel(ctx) // it may take longer than a start, and must not end halfway
	for _, e := range events[state.LastSeq:] {
		m := message{seq: e.seq, subject: j.eventsSubject() + e.token, data: e.data}
		if e.token == fillerName {
			m = j.filler(j.eventsStream(), e.seq)
		}
		if _, err := j.sendAt(ctx, j.eventsStream(), m); err != nil {
			return fmt.Errorf("write events anew: %w", err)
		}
	}
	return nil
}

// copyEvent adds an event that the server has taken to the second copy, and those before it that are not there yet. A
// copy that cannot be written is made up for by the next event, or at the next start; one that hangs is not waited for.
func (j *Journal) copyEvent(ctx context.Context, e stored) {
	if j.second == nil || j.spareOf(j.eventsStream()) != nil {
		return
	}
	j.unlessHung(secondFile, func() {
		if e.seq == 1 && j.twin != nil {
			if err := j.twin.belongs(e); err != nil {
				j.cfg.Log.Error("the second copy of what is told is behind", zap.String("file", j.twin.name), zap.Error(err))
			}
		}
		j.copyUpTo(e.seq, func(seq uint64) (stored, error) {
			if seq == e.seq {
				return e, nil
			}
			return j.storedEvent(context.WithoutCancel(ctx), seq)
		})
	})
}

// copyUpTo has the second copy hold all events up to a sequence.
func (j *Journal) copyUpTo(seq uint64, event func(seq uint64) (stored, error)) {
	if err := j.second.reach(seq, event); err != nil {
		j.cfg.Log.Error("the second copy of the events is behind", zap.String("file", j.second.name), zap.Uint64("seq", seq), zap.Error(err))
	}
}

// reachAtOnce is how many bytes of events are synced together, at most and one event more: at an end there are seconds
// for all that was in memory, and a sync each would take minutes.
const reachAtOnce = 1 << 20

// reach has the file hold all events up to a sequence.
func (s *second) reach(seq uint64, event func(seq uint64) (stored, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.last < seq {
		var records []byte
		var missing error
		newest := s.last
		for newest < seq && len(records) < reachAtOnce && missing == nil {
			var e stored
			if e, missing = event(newest + 1); missing == nil {
				records = e.record(records)
				newest++
			}
		}
		if newest > s.last {
			if err := s.append(records, newest); err != nil {
				return errors.Join(missing, err)
			}
		}
		if missing != nil {
			return missing
		}
	}
	return nil
}
