package agent

import (
	"context"
	"sync"
)

// link is the connection that there is now, for those who wait for an answer over it: once it is gone, none comes. The zero
// value is one that has just begun.
type link struct {
	mu   sync.Mutex
	gone chan struct{} // guarded by mu; closed when it is gone; nil: nobody has waited yet
}

// during returns a context that ends with ctx or with the connection. Call the func to let go of it.
func (l *link) during(ctx context.Context) (context.Context, func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone == nil {
		l.gone = make(chan struct{})
	}
	ctx, cancel := context.WithCancel(ctx)
	go func(gone <-chan struct{}) {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}(l.gone)
	return ctx, cancel
}

// cut ends what waits: the connection is gone, and the next one begins.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone != nil {
		close(l.gone)
		l.gone = nil
	}
}
