package publishtest

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/statusbot/statusbot/internal/publish"
)

// Outbox is one in memory, as far as telling needs it. Its zero value is empty.
type Outbox struct {
	mu      sync.Mutex
	rev     uint64
	entries []publish.Entry // the newest of each destination and key, oldest first
	fail    func(dest, key string) error
}

// Put stores body in place of what was there.
func (o *Outbox) Put(_ context.Context, dest, key string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		if err := o.fail(dest, key); err != nil {
			return err
		}
	}
	o.rev++
	o.entries = slices.DeleteFunc(o.entries, func(e publish.Entry) bool { return e.Dest == dest && e.Key == key })
	o.entries = append(o.entries, publish.Entry{Dest: dest, Key: key, Rev: o.rev, Body: bytes.Clone(body)})
	return nil
}

// Watch gives what is there, and waits for the end of ctx: what comes later is
// not given.
func (o *Outbox) Watch(ctx context.Context, each func(publish.Entry) error, caughtUp func()) error {
	for _, e := range o.Entries() {
		if err := each(e); err != nil {
			return err
		}
	}
	caughtUp()
	<-ctx.Done()
	return ctx.Err()
}

// Entries is what is there, in the order of revisions.
func (o *Outbox) Entries() []publish.Entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.entries)
}

// Break makes puts end with what fail returns for them; nil mends it.
func (o *Outbox) Break(fail func(dest, key string) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = fail
}
