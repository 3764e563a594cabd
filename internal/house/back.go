package house

import (
	"context"
	"sync"
	"time"
)

// back tells who waits for the next try of a call that Slack was heard of again. The zero value is ready.
type back struct {
	mu    sync.Mutex
	heard chan struct{} // guarded by mu; closed when it is; nil while nobody asked for it
}

// next is closed once Slack is heard of. Who asks for it before a call misses nothing that comes during the call.
func (b *back) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.heard == nil {
		b.heard = make(chan struct{})
	}
	return b.heard
}

// tell ends the pauses of all who wait.
func (b *back) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.heard != nil {
		close(b.heard)
		b.heard = nil
	}
}

// pausedFor waits for a pause, which again ends sooner; false once ctx has ended.
func pausedFor(ctx context.Context, pause time.Duration, again <-chan struct{}) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-again:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
