package journal

import (
	"context"
	"time"
)

// Kept is what is kept for good under a key of a shelf. Prune leaves it alone.
type Kept struct {
	Shelf string
	Key   string
	Rev   uint64 // Keep's last
	Put   time.Time
	Body  []byte
}

// Kept reads what is kept under a key of a shelf. Errors as of Receipt.
func (j *Journal) Kept(ctx context.Context, shelf, key string) (Kept, error) {
	r, err := j.valueOf(ctx, slot{shelf, shelvesBucket, shelf, key})
	return Kept{Shelf: r.Dest, Key: r.Key, Rev: r.Rev, Put: r.Put, Body: r.Body}, err
}

// Keep stores body in place of what Kept returned with the revision last (0: there is none yet) and returns the new
// revision. Errors as of PutReceipt.
func (j *Journal) Keep(ctx context.Context, shelf, key string, body []byte, last uint64) (rev uint64, err error) {
	return j.putValue(ctx, slot{shelf, shelvesBucket, shelf, key}, body, last)
}
