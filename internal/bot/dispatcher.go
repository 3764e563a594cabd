package bot

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
)

// Bounds of the dispatcher. A command takes about a millisecond from memory,
// so eight workers answer thousands a second; what does not fit into the
// queue is told so at once instead of too late.
const (
	workers   = 8
	queueSize = 256
	ackBound  = 2500 * time.Millisecond // of Slack's 3 s
	dedupeFor = 10 * time.Minute        // Slack repeats an event at once, a minute later, and five minutes after that
	errands   = 64                      // under way at once: people who wait for a probe
)

// Dispatcher takes envelopes from every transport and has them answered.
type Dispatcher struct {
	answer func(ctx context.Context, e Envelope) // never nil; must ack
	log    *zap.Logger
	queue  chan Envelope
	aside  sync.WaitGroup // acks and errands outside the workers
	room   chan struct{}  // a place for each errand under way

	mu    sync.Mutex
	seen  map[string]time.Time // :: envelope key -> when it came
	swept time.Time            // when old keys were last thrown out
	ended bool                 // Run does not take more on
}

// NewDispatcher has envelopes answered by answer.
func NewDispatcher(log *zap.Logger, answer func(ctx context.Context, e Envelope)) *Dispatcher {
	return &Dispatcher{answer: answer, log: log, queue: make(chan Envelope, queueSize), room: make(chan struct{}, errands), seen: map[string]time.Time{}}
}

// Accept takes an envelope; it never blocks. A second delivery of the same
// act is acked and dropped. When the queue is full a command is answered so;
// on anything else an ack would say that it was taken, so there is none: Slack
// shows that a click failed, and repeats a mention.
func (d *Dispatcher) Accept(ctx context.Context, e Envelope) {
	if d.repeated(e.Key, time.Now()) {
		d.apart(ctx, e, nil)
		return
	}
	select {
	case d.queue <- e:
	default:
		if e.Kind != slashCommand {
			d.forget(e.Key)
			if e.drop != nil {
				e.drop()
			}
			return
		}
		m := format.Busy()
		d.apart(ctx, e, &m)
	}
}

// apart acks outside the workers. After Run has ended nobody would wait for
// it, and the sockets are closed: then it does nothing.
func (d *Dispatcher) apart(ctx context.Context, e Envelope, m *format.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ended {
		d.aside.Go(func() { d.ack(ctx, e, m) })
	}
}

func (d *Dispatcher) ack(ctx context.Context, e Envelope, m *format.Message) {
	ctx, cancel := bounded(ctx, ackBound)
	defer cancel()
	if err := e.ack(ctx, m); err != nil {
		d.log.Warn("envelope not acked", zap.Error(err))
	}
}

func (d *Dispatcher) repeated(key string, now time.Time) bool {
	if key == "" {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.seen[key]; ok {
		return true
	}
	if now.Sub(d.swept) > dedupeFor {
		for k, at := range d.seen {
			if now.Sub(at) > dedupeFor {
				delete(d.seen, k)
			}
		}
		d.swept = now
	}
	d.seen[key] = now
	return false
}

// forget makes the next delivery of an act its first.
func (d *Dispatcher) forget(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, key)
}

// Run answers until ctx ends, and returns when the last worker has stopped.
func (d *Dispatcher) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				select {
				case e := <-d.queue:
					d.safely(ctx, e)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.aside.Wait()
	return nil
}

// safely answers one envelope; a panic costs that answer and nothing else.
func (d *Dispatcher) safely(ctx context.Context, e Envelope) {
	running := ctx
	e.later = func(do func(context.Context)) bool { return d.errand(running, do) }
	ctx, cancel := bounded(ctx, ackBound)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			d.log.Error("answer failed", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			m := format.Failed()
			d.ack(context.WithoutCancel(ctx), e, &m)
		}
	}()
	d.answer(ctx, e)
}

// errand runs what takes longer than an answer may, until ctx ends; a panic
// costs it and nothing else. It returns false when too many are under way.
func (d *Dispatcher) errand(ctx context.Context, do func(context.Context)) bool {
	select {
	case d.room <- struct{}{}:
	default:
		return false
	}
	d.aside.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				d.log.Error("errand failed", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			}
			<-d.room
		}()
		do(ctx)
	})
	return true
}
