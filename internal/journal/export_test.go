package journal

import (
	"context"
	"fmt"
)

// FollowEvents is FollowEventsFrom with the first one.
func (j *Journal) FollowEvents(ctx context.Context, each func(Record) error, caughtUp func()) error {
	return j.FollowEventsFrom(ctx, 1, each, caughtUp)
}

// LastEvent reads the newest event of one incident. ErrNotFound when it has none; ErrBadName, ErrClosed; or that the
// server did not answer.
func (j *Journal) LastEvent(ctx context.Context, incident string) (Record, error) {
	token, err := encode("incident", incident)
	if err != nil {
		return Record{}, fmt.Errorf("read event: %w", err)
	}
	m, err := j.newest(ctx, "read last event of "+incident, j.eventsStream(), j.eventsSubject()+token)
	if err != nil {
		return Record{}, err
	}
	return Record{Subject: m.Subject, Incident: incident, Seq: m.Sequence, Time: m.Time, Data: m.Data}, nil
}
