package runner

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// BrowsersAtOnce is how many browsers run side by side:
// one for each two CPUs, at least one.
func BrowsersAtOnce() int { return max(1, runtime.NumCPU()/2) }

// slot is one check in a runner. It stays while its check is redefined, so
// that the former definition's probe and the next one's never run at once.
type slot struct {
	compiled atomic.Pointer[probe.Compiled]
	lane     *lane     // the scheduler's own
	due      time.Time // when the start under way was to be; written before busy is set
	regular  time.Time // its last place in the schedule; the scheduler's own
	last     time.Time // when it was last started, by that or otherwise; the scheduler's own
	gate     *gate     // its host's, while admitted there; written under the gates' lock

	mu      sync.Mutex
	busy    bool       // guarded by mu; it runs, or waits for its turn
	waiting []*inquiry // guarded by mu; who wants the result of what is under way
}

func newSlot(c *probe.Compiled, l *lane) *slot {
	s := &slot{lane: l}
	s.compiled.Store(c)
	return s
}

// claim makes the slot busy, and reports false if it was so already. With an
// inquiry, that gets the result either way.
func (s *slot) claim(due time.Time, who *inquiry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if who != nil {
		s.waiting = append(s.waiting, who)
	}
	if s.busy {
		return false
	}
	s.busy, s.due = true, due
	return true
}

// free ends what claim began; ok says whether there is a result.
func (s *slot) free(result checks.Result, ok bool) {
	s.mu.Lock()
	waiting := s.waiting
	s.busy, s.waiting = false, nil
	s.mu.Unlock()
	for _, who := range waiting {
		who.answer(result, ok)
	}
}

// idleWorkersMax is how many workers of a lane wait for work. After an outage of
// everything there are thousands, of 10 KiB each; a thousand probes a second of
// 20 ms need some thirty.
const idleWorkersMax = 64

// lane is a bounded set of workers with a queue before them. Each check is in
// the queue once at most, so it needs no bound of its own.
type lane struct {
	mu      sync.Mutex
	work    sync.Cond // there is something in the queue, or the lane is closed
	queue   []*slot   // guarded by mu; from head on
	head    int       // guarded by mu
	max     int       // guarded by mu; of workers
	workers int       // guarded by mu
	idle    int       // guarded by mu; workers that wait and were not called
	closed  bool      // guarded by mu
}

func newLane(bound int) *lane {
	l := &lane{max: bound}
	l.work.L = &l.mu
	return l
}

// push hands a slot to a worker, or to the queue if all are busy. It reports
// whether the caller must start another worker. A closed lane takes nothing.
func (l *lane) push(s *slot) (spawn, taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, false
	}
	if n := len(l.queue); n == cap(l.queue) && 2*l.head >= n { // a lane that is always behind never empties it
		clear(l.queue[copy(l.queue, l.queue[l.head:]):])
		l.queue, l.head = l.queue[:n-l.head], 0
	}
	l.queue = append(l.queue, s)
	switch {
	case l.idle > 0:
		l.idle--
		l.work.Signal()
	case l.workers < l.max:
		l.workers++
		return true, true
	}
	return false, true
}

// pop waits for the next slot; nil ends the worker.
func (l *lane) pop() *slot {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.head == len(l.queue) {
		if l.closed || l.idle >= idleWorkersMax || l.workers > l.max {
			l.workers--
			return nil
		}
		l.idle++
		l.work.Wait()
	}
	s := l.queue[l.head]
	l.queue[l.head] = nil
	l.head++
	if l.head == len(l.queue) {
		l.queue, l.head = l.queue[:0], 0
	}
	return s
}

func (l *lane) resize(bound int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = bound
}

// close lets the workers end once the queue is empty.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.work.Broadcast()
}

// dispatch gives a claimed slot to its host's gate and then to its lane.
func (r *Runner) dispatch(ctx context.Context, s *slot) {
	if !r.hosts.admit(s) {
		return // the gate hands it on when its turn comes
	}
	r.hand(ctx, s)
}

// hand gives a slot to the lane of what it is now: the slot's own is the
// scheduler's, and a gate hands on from where the probe before it ended.
func (r *Runner) hand(ctx context.Context, s *slot) {
	l := r.laneOf(s.compiled.Load())
	spawn, taken := l.push(s)
	if !taken {
		r.done(ctx, s, checks.Result{}, false)
		return
	}
	if spawn {
		r.probing.Go(func() {
			for s := l.pop(); s != nil; s = l.pop() {
				result, ok := checks.Result{}, false
				if ctx.Err() == nil {
					result, ok = r.probe(ctx, s)
				}
				r.done(ctx, s, result, ok)
			}
		})
	}
}

// done frees a slot and lets the next one pass its host's gate.
func (r *Runner) done(ctx context.Context, s *slot, result checks.Result, ok bool) {
	next := r.hosts.release(s)
	s.free(result, ok)
	if next != nil {
		r.hand(ctx, next)
	}
}
