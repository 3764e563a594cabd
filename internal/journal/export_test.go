package journal

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// RestoreRefused asks a cluster of three to restore a stream of five, as a member does that brings its history before all
// others were heard of, and says whether the refusal is one that passes by itself.
func (j *Journal) RestoreRefused(ctx context.Context) (passes bool, err error) {
	ask := map[string]any{
		"config": jetstream.StreamConfig{Name: "STATUSBOT_BROUGHT", Subjects: []string{"brought"}, Replicas: 5},
		"state":  jetstream.StreamState{},
	}
	err = j.askServer(ctx, "$JS.API.STREAM.RESTORE.STATUSBOT_BROUGHT", ask, &struct{}{})
	return passing(err), err
}

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
