package runner

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
)

// sayLateEvery is how often late starts are logged, if there are any.
const sayLateEvery = time.Minute

// pending holds results until the sink takes them. When it is full the oldest
// go: what is true now matters more.
type pending struct {
	limit int

	mu      sync.Mutex
	results []checks.Result // guarded by mu; a ring once it is full
	oldest  int             // guarded by mu; index into results, 0 unless full
	dropped uint64          // guarded by mu
}

func (o *pending) add(r checks.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.results) < o.limit {
		o.results = append(o.results, r)
		return
	}
	o.results[o.oldest] = r
	o.oldest = (o.oldest + 1) % o.limit
	o.dropped++
}

// take empties the box and returns what was in it, in the order of arrival.
func (o *pending) take() []checks.Result {
	o.mu.Lock()
	defer o.mu.Unlock()
	results, oldest := o.results, o.oldest
	// As much room as was needed now, since the next time will be like it.
	o.results, o.oldest = make([]checks.Result, 0, min(len(results), checks.BatchMax)), 0
	if oldest == 0 {
		return results
	}
	return append(results[oldest:len(results):len(results)], results[:oldest]...)
}

func (o *pending) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.results)
}

func (o *pending) droppedCount() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dropped
}

// flush gives the sink what arrives, each FlushEvery, and once more when done
// is closed.
func (r *Runner) flush(done <-chan struct{}) {
	ticker := time.NewTicker(r.cfg.FlushEvery)
	defer ticker.Stop()
	var known, knownLate uint64
	knownStill := r.still.soFar()
	said := time.Now()
	for last := false; !last; {
		select {
		case <-done:
			last = true
		case <-ticker.C:
		}
		results := r.out.take()
		for len(results) > 0 {
			n := min(len(results), checks.BatchMax)
			r.sink(results[:n:n])
			results = results[n:]
		}
		if dropped := r.out.droppedCount(); dropped > known {
			r.log.Warn("results dropped: what takes them is too slow",
				zap.Uint64("dropped", dropped-known), zap.Uint64("dropped_in_all", dropped))
			known = dropped
		}
		if late := r.late.Load(); late > knownLate && time.Since(said) >= sayLateEvery {
			r.log.Warn("probes started late or were left out: too much to do at once",
				zap.Uint64("late", late-knownLate), zap.Uint64("late_in_all", late), zap.Uint64("left_out_in_all", r.skipped.Load()),
				zap.Int("running", int(r.running.Load())), zap.Duration("stood_still", r.still.soFar()-knownStill))
			knownLate, knownStill, said = late, r.still.soFar(), time.Now()
		}
	}
}
