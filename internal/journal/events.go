package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// AppendEvent appends data to the log of one incident and returns its sequence. last is the sequence of the incident's
// newest event that the caller has read, 0 when it knows of none; so no event is written in ignorance of another.
//
// ErrConflict when the incident's newest event is another one: read it (FollowEventsFrom), decide again.
// ErrTooLarge, ErrBadName, ErrClosed; or that ctx ended or the server did not answer, and then the event may have been
// stored or not: a second try with the same last is safe, it gives ErrConflict in the first case.
func (j *Journal) AppendEvent(ctx context.Context, incident string, last uint64, data []byte) (seq uint64, err error) {
	token, err := encode("incident", incident)
	if err != nil {
		return 0, fmt.Errorf("append event: %w", err)
	}
	seq, err = j.publish(ctx, "append event of "+incident, j.eventsStream(), j.eventsSubject()+token, data, &last)
	if err == nil {
		j.copyEvent(ctx, stored{seq: seq, token: token, data: data})
	}
	return seq, err
}

// FollowEventsFrom gives the events of all incidents to each, from that of a sequence on, or the next one that there is,
// in the order in which they were stored, then those that come. Else as FollowResults.
func (j *Journal) FollowEventsFrom(ctx context.Context, seq uint64, each func(Record) error, caughtUp func()) error {
	p := position{j: j, doing: "follow events", stream: j.eventsStream(), caughtUp: caughtUp}
	p.start.DeliverPolicy, p.start.OptStartSeq = jetstream.DeliverByStartSequencePolicy, max(seq, 1)
	p.each = func(m message) error {
		if m.subject == j.eventsSubject()+fillerName {
			return nil
		}
		incident, err := decode(strings.TrimPrefix(m.subject, j.eventsSubject()))
		if err != nil {
			return j.skipForeign(p.stream, m, err)
		}
		return each(Record{Subject: m.subject, Incident: incident, Seq: m.seq, Time: m.time, Data: m.data})
	}
	return p.follow(ctx)
}

// EventAt reads the event of a sequence. ErrNotFound when there is none; ErrClosed; or that the server did not answer.
func (j *Journal) EventAt(ctx context.Context, seq uint64) (Record, error) {
	const doing = "read event"
	if j.ctx.Err() != nil {
		return Record{}, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	m, kept := j.inMemory(j.eventsStream(), seq)
	if !kept {
		stored, err := j.streams[j.eventsStream()].GetMsg(ctx, seq)
		if err != nil {
			return Record{}, j.translate(doing, err)
		}
		m = message{subject: stored.Subject, seq: stored.Sequence, time: stored.Time, data: stored.Data}
	}
	incident, err := decode(strings.TrimPrefix(m.subject, j.eventsSubject()))
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w: %w", doing, ErrNotFound, err)
	}
	return Record{Subject: m.subject, Incident: incident, Seq: m.seq, Time: m.time, Data: m.data}, nil
}

// newest reads the newest message of a subject from the stream's leader. ErrNotFound when there is none.
func (j *Journal) newest(ctx context.Context, doing, stream, subject string) (*jetstream.RawStreamMsg, error) {
	if j.ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	return j.readNewest(ctx, doing, stream, subject)
}

// readNewest is newest for those whose end Close waits for.
func (j *Journal) readNewest(ctx context.Context, doing, stream, subject string) (*jetstream.RawStreamMsg, error) {
	if m, kept := j.newestInMemory(stream, subject); kept {
		return &jetstream.RawStreamMsg{Subject: m.subject, Sequence: m.seq, Header: m.header, Data: m.data, Time: m.time}, nil
	}
	m, err := j.streams[stream].GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return nil, j.translate(doing, err)
	}
	return m, nil
}

// skipForeign passes over a message whose subject this package did not make: somebody wrote it by hand. One stray
// message must not keep the rest from being read.
func (j *Journal) skipForeign(stream string, m message, err error) error {
	j.cfg.Log.Warn("journal skips a message that it did not write", zap.String("stream", stream),
		zap.String("subject", m.subject), zap.Uint64("seq", m.seq), zap.Error(err))
	return nil
}

// EventSubjects returns of what there are events: the incidents by their ids, and what else was written of by a name
// of its own, in no order. ErrClosed; or that ctx ended or the server did not answer.
func (j *Journal) EventSubjects(ctx context.Context) (of []string, err error) {
	const doing = "read of what there are events"
	info, err := j.streams[j.eventsStream()].Info(ctx, jetstream.WithSubjectFilter(j.eventsSubject()+">"))
	if err != nil {
		return nil, j.translate(doing, err)
	}
	for subject := range info.State.Subjects {
		if name, err := decode(strings.TrimPrefix(subject, j.eventsSubject())); err == nil && subject != j.eventsSubject()+fillerName {
			of = append(of, name)
		}
	}
	return of, nil
}

// EventsOf gives the events of one incident to each, oldest first, up to the newest that there is when it begins.
// ErrNotFound when it has none; ErrBadName, ErrClosed; each's error; or that ctx ended or the server did not answer.
func (j *Journal) EventsOf(ctx context.Context, incident string, each func(Record) error) error {
	doing := "read events of " + incident
	token, err := encode("incident", incident)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	subject := j.eventsSubject() + token
	last, err := j.newest(ctx, doing, j.eventsStream(), subject)
	if err != nil {
		return err
	}
	p := position{j: j, doing: doing, stream: j.eventsStream()}
	p.start.DeliverPolicy, p.start.FilterSubject = jetstream.DeliverAllPolicy, subject
	p.each = func(m message) error {
		err := each(Record{Subject: m.subject, Incident: incident, Seq: m.seq, Time: m.time, Data: m.data})
		if err == nil && m.seq >= last.Sequence {
			return errAll
		}
		return err
	}
	if err := p.follow(ctx); !errors.Is(err, errAll) {
		return err
	}
	return nil
}
