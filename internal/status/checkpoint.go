package status

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// checkpoint is the stored form of what the board has concluded so far.
// Fields may be added, never renamed.
type checkpoint struct {
	At       time.Time               `json:"at"`
	Seq      uint64                  `json:"seq"` // batches of the journal up to here are judged
	Products map[string]impact.State `json:"products"`
}

// Checkpoint returns what was concluded up to now. With it, and the results
// of the last window, a restart need not replay the whole history.
func (b *Board) Checkpoint(now time.Time) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := checkpoint{At: now, Seq: b.lastSeq, Products: make(map[string]impact.State, len(b.trackers))}
	for id, t := range b.trackers {
		c.Products[id] = t.State()
	}
	return json.Marshal(c)
}

// Restore sets what was concluded, and returns when; to be called before the
// first Apply.
// Batches that the checkpoint has seen then fill the windows only.
func (b *Board) Restore(data []byte) (time.Time, error) {
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return time.Time{}, fmt.Errorf("read checkpoint: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, s := range c.Products {
		if t, ok := b.trackers[id]; ok {
			t.Restore(s)
		}
	}
	b.judged = c.Seq
	return c.At, nil
}

// Replayed tells the board that what was stored before the start has been
// applied: from now on every batch is judged. Sequences of batches that were
// lost in a crash are given again, and must not be taken for old ones.
func (b *Board) Replayed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.judged = 0
}
