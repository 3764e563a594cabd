package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// ErrConflict is what Append returns (wrapped) when another event of the
// incident was appended meanwhile: read again, decide again.
var ErrConflict = errors.New("another event was appended meanwhile")

// Ledger writes events: it decides on the board's log, appends with the
// expected sequence and shows the event to the board at once, so that the
// writer reads its own write.
type Ledger struct {
	Board *status.Board
	// Append stores one event after the given sequence of its incident (0: it
	// is the first) and returns its own. A conflict wraps ErrConflict.
	Append func(ctx context.Context, incident string, last uint64, data []byte) (uint64, error)

	once sync.Once
	turn chan struct{} // holds the one writer at a time in this process
}

// Write appends the event that decide returns. An error of decide, such as a
// refusal, is returned as it is. After a conflict it waits until the board has
// seen what the other wrote, and decides again, until ctx ends.
func (l *Ledger) Write(ctx context.Context, decide func(incident.Log) (incident.Event, error)) (incident.Event, error) {
	l.once.Do(func() { l.turn = make(chan struct{}, 1) })
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return incident.Event{}, fmt.Errorf("waiting for another writer: %w", ctx.Err())
	}
	for {
		log := l.Board.Log()
		e, err := decide(log)
		if err != nil {
			return incident.Event{}, err
		}
		last := log.LastSeq(e.Incident)
		data, err := e.Encode()
		if err != nil {
			return incident.Event{}, fmt.Errorf("encode event: %w", err)
		}
		e.Seq, err = l.Append(ctx, e.Incident, last, data)
		if err == nil {
			l.Board.ApplyEvent(e)
			return e, nil
		}
		if !errors.Is(err, ErrConflict) {
			return incident.Event{}, fmt.Errorf("append %s event to %s: %w", e.Kind, e.Incident, err)
		}
		if err := l.await(ctx, e.Incident, last); err != nil {
			return incident.Event{}, fmt.Errorf("append %s event to %s: %w", e.Kind, e.Incident, err)
		}
	}
}

// await returns once the board has seen an event of the incident after last.
func (l *Ledger) await(ctx context.Context, id string, last uint64) error {
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	for l.Board.Log().LastSeq(id) <= last {
		select {
		case <-t.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the other event: %w", ctx.Err())
		}
	}
	return nil
}
