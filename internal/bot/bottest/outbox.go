// Package bottest has an outbox in memory for tests of the bot, and the
// contract that it and every other bot.Outbox keep. Only tests import it.
package bottest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish"
)

// Outbox is a bot.Outbox in memory; it loses everything when the process ends.
type Outbox struct {
	mu       sync.Mutex
	rev      uint64
	entries  []publish.Entry   // newest of each destination and key, by revision
	receipts map[place]receipt // :: destination and key -> what was stored
	changed  chan struct{}     // closed and replaced at each Put
}

type place struct{ dest, key string }

type receipt struct {
	data []byte
	rev  uint64
}

var _ bot.Outbox = (*Outbox)(nil)

// NewOutbox returns an empty outbox.
func NewOutbox() *Outbox {
	return &Outbox{receipts: map[place]receipt{}, changed: make(chan struct{})}
}

// Put stores body in place of what was there.
func (o *Outbox) Put(ctx context.Context, dest, key string, body []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, e := range o.entries {
		if e.Dest == dest && e.Key == key {
			o.entries = append(o.entries[:i:i], o.entries[i+1:]...)
			break
		}
	}
	o.rev++
	o.entries = append(o.entries, publish.Entry{Dest: dest, Key: key, Rev: o.rev, Body: bytes.Clone(body)})
	close(o.changed)
	o.changed = make(chan struct{})
	return nil
}

// Watch gives what is there, then what comes.
func (o *Outbox) Watch(ctx context.Context, each func(publish.Entry) error, caughtUp func()) error {
	for seen, first := uint64(0), true; ; first = false {
		o.mu.Lock()
		entries, changed := append([]publish.Entry{}, o.entries...), o.changed
		o.mu.Unlock()
		for _, e := range entries {
			if e.Rev <= seen {
				continue
			}
			seen = e.Rev
			e.Body = bytes.Clone(e.Body)
			if err := each(e); err != nil {
				return err
			}
		}
		if first {
			caughtUp()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Receipt reads a receipt and its revision.
func (o *Outbox) Receipt(ctx context.Context, dest, key string) ([]byte, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r, ok := o.receipts[place{dest, key}]
	if !ok {
		return nil, 0, fmt.Errorf("receipt of %s: %w", key, publish.ErrNotFound)
	}
	return bytes.Clone(r.data), r.rev, nil
}

// PutReceipt stores a receipt in place of the one with revision last.
func (o *Outbox) PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if at := o.receipts[place{dest, key}].rev; at != last {
		return 0, fmt.Errorf("receipt of %s is at revision %d, not %d: %w", key, at, last, publish.ErrConflict)
	}
	o.rev++
	o.receipts[place{dest, key}] = receipt{bytes.Clone(data), o.rev}
	return o.rev, nil
}
