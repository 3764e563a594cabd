package ways

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/publish"
)

// told is the stored form of what a way has told of one incident. Fields may be
// added, never renamed.
type told struct {
	N          int       `json:"n,omitempty"`         // of the newest update that it told
	At         time.Time `json:"at,omitzero"`         // when
	Ended      bool      `json:"ended,omitempty"`     // that told the end
	Trying     int       `json:"trying,omitempty"`    // update whose telling was begun; it may or may not have come
	TryingAs   Kind      `json:"trying_as,omitempty"` // as what
	Generation uint64    `json:"generation,omitempty"`
	Away       *away     `json:"away,omitempty"` // the newest time in which Slack took nothing and it told something
	Seen       time.Time `json:"seen,omitzero"`  // when this was written, so that what goes on is not dropped as old
}

// away is that a way told because Slack took nothing.
type away struct {
	Since time.Time       `json:"since"` // of Slack
	Fault elsewhere.Fault `json:"fault,omitempty"`
	Says  string          `json:"says,omitempty"`
	Over  bool            `json:"over,omitempty"` // Slack is back, and the way has said so
}

// on reports whether a time in which Slack took nothing is not over for the way.
func (t told) on() bool { return t.Away != nil && !t.Away.Over }

// keepWritten is how old what is written down may become of an incident that goes on: what
// is older than a week and belongs to no entry of the outbox is dropped.
const keepWritten = 72 * time.Hour

// Outbox is what ways need of the journal.
type Outbox interface {
	publish.Outbox
	// Newest reads the whole body of a destination and key; publish.ErrNotFound, wrapped, when there is none.
	Newest(ctx context.Context, dest, key string) (body []byte, err error)
	// Receipt and PutReceipt are those of the bot's outbox: the first returns publish.ErrNotFound,
	// wrapped, when there is none, the second publish.ErrConflict when somebody else wrote it.
	Receipt(ctx context.Context, dest, key string) (data []byte, rev uint64, err error)
	PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (uint64, error)
}

// destOf is under which a way's receipts are kept: no channel or person is called so.
func destOf(way string) string { return "way:" + way }

// keyOf is the key of a way's receipt, of an entry of the outbox.
func keyOf(dest, key string) string { return dest + " " + key }

// readTold reads what a way has told; the zero value where there is nothing.
func (r *Teller) readTold(ctx context.Context, way, dest, key string) (t told, rev uint64, err error) {
	data, rev, err := r.Outbox.Receipt(ctx, destOf(way), keyOf(dest, key))
	if errors.Is(err, publish.ErrNotFound) {
		return told{}, 0, nil
	}
	if err != nil {
		return told{}, 0, fmt.Errorf("read what the way %s told: %w", way, err)
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return told{}, 0, fmt.Errorf("read what the way %s told of %s: %w", way, key, err)
	}
	return t, rev, nil
}

// store writes down what a way has told, if nobody else has since it was read.
func (r *Teller) store(ctx context.Context, way string, j *job) error {
	j.told.Seen = r.Now()
	data, err := json.Marshal(j.told)
	if err != nil {
		return fmt.Errorf("encode what is told: %w", err) // unreachable: it is plain data
	}
	rev, err := r.Outbox.PutReceipt(ctx, destOf(way), keyOf(j.dest, j.key), data, j.rev)
	if err != nil {
		j.known = false // read it again
		return fmt.Errorf("write down what the way %s tells: %w", way, err)
	}
	j.rev = rev
	return nil
}
