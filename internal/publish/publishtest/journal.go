package publishtest

import (
	"context"
	"fmt"
	"sync"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// Journal keeps events as the real one does: an append names the sequence of
// the incident's last event, and conflicts when that is another. Its zero value
// is empty.
type Journal struct {
	mu   sync.Mutex
	last map[string]uint64 // :: incident -> sequence of its last event
	seq  uint64
	log  []incident.Event
	fail func(incident string) error
	lose error // what an append ends with after it was stored
}

// Append is what a publish.Ledger appends by.
func (j *Journal) Append(_ context.Context, id string, last uint64, data []byte) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		if err := j.fail(id); err != nil {
			return 0, err
		}
	}
	if j.last == nil {
		j.last = map[string]uint64{}
	}
	if j.last[id] != last {
		return 0, fmt.Errorf("%s is at %d, not %d: %w", id, j.last[id], last, publish.ErrConflict)
	}
	e, err := incident.DecodeEvent(data, j.seq+1)
	if err != nil {
		return 0, err
	}
	j.seq++
	j.last[id] = j.seq
	j.log = append(j.log, e)
	if j.lose != nil {
		return 0, j.lose
	}
	return j.seq, nil
}

// LoseAnswers makes appends store their event and end with an error all the same, as
// one whose answer does not come in time; nil mends it.
func (j *Journal) LoseAnswers(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lose = err
}

// Break makes appends end with an error, nothing stored; nil mends it.
func (j *Journal) Break(err error) {
	j.BreakOf(func(string) error { return err })
}

// BreakOf makes appends of an incident end with what fail returns for it.
func (j *Journal) BreakOf(fail func(incident string) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail = fail
}

// Events are the stored events of a kind.
func (j *Journal) Events(kind incident.Kind) []incident.Event {
	return j.where(func(e *incident.Event) bool { return e.Kind == kind })
}

// Of is the log of one incident.
func (j *Journal) Of(id string) []incident.Event {
	return j.where(func(e *incident.Event) bool { return e.Incident == id })
}

// All is everything that is stored.
func (j *Journal) All() []incident.Event {
	return j.where(func(*incident.Event) bool { return true })
}

// Len is how many events are stored.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.log)
}

func (j *Journal) where(is func(*incident.Event) bool) []incident.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []incident.Event
	for i := range j.log {
		if is(&j.log[i]) {
			out = append(out, j.log[i])
		}
	}
	return out
}

// Hold takes events as if they had been appended.
func (j *Journal) Hold(e incident.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.last == nil {
		j.last = map[string]uint64{}
	}
	j.seq, j.last[e.Incident] = e.Seq, e.Seq
	j.log = append(j.log, e)
}
