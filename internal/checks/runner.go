package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// RunnerConfig is what may differ between runners. The zero value is right
// for most.
type RunnerConfig struct {
	// Concurrency bounds the network probes under way at once. 0: as many as
	// it takes when every one of them runs into its time-out, and at least
	// 256 and at most 4096.
	Concurrency int
	// ExecConcurrency bounds the scripts under way at once. 0: two for each
	// CPU, at least 4.
	ExecConcurrency int
	// FlushEvery is the longest a result waits for others before the sink
	// gets it. 0: 250 ms.
	FlushEvery time.Duration
	// Buffer is how many results wait for a slow sink before the oldest are
	// dropped. 0: 65,536, about 20 MB.
	Buffer int
	// Log gets a line when results are dropped. nil: none.
	Log *zap.Logger
}

const (
	concurrencyMin = 256
	concurrencyMax = 4096 // goroutines and descriptors; a process may have 1,024 to 1 million of these
	flushDefault   = 250 * time.Millisecond
	bufferDefault  = 1 << 16
	lateAfter      = 50 * time.Millisecond // the promise for the jitter of starts
)

// Stats count what a runner did since it began.
type Stats struct {
	Started  uint64 // probes
	Finished uint64 // probes that gave a result
	Late     uint64 // starts more than 50 ms after their time, and those skipped
	Skipped  uint64 // starts left out because the check's former probe still ran or still waited for its turn
	Dropped  uint64 // results the sink was too slow for
	Running  int    // probes under way
}

// Runner executes checks on their schedule. One goroutine keeps the
// schedule; a bounded number of others, started as needed, probe; one more
// gives the results to the sink. A check never runs twice at once.
type Runner struct {
	slots []*slot
	lanes []*lane
	sink  func([]Result)
	every time.Duration
	log   *zap.Logger
	out   outbox

	started, finished, late, skipped atomic.Uint64
	running                          atomic.Int64
}

// slot is one check in a runner.
type slot struct {
	compiled *Compiled
	lane     *lane
	due      time.Time   // when the start under way was to be; written before busy is set
	busy     atomic.Bool // it runs, or waits for its turn
}

// lane is a bounded set of workers, so that scripts cannot take the place of
// network probes.
type lane struct {
	exec    bool
	queue   chan *slot // has room for every check of the lane: each is in it once at most
	max     int
	workers int          // started so far; the scheduler's own
	free    atomic.Int64 // workers without work, less the slots that wait
}

// NewRunner compiles the checks. The sink gets results in batches of at most
// 256, from one goroutine, and may keep them; it may be slow, which costs
// results (see RunnerConfig.Buffer) and never the schedule.
// The error joins those of all checks that do not compile.
func NewRunner(checks []Check, sink func([]Result), cfg RunnerConfig) (*Runner, error) {
	compiled := make([]*Compiled, 0, len(checks))
	seen := make(map[string]bool, len(checks)) // :: check id -> there
	var errs []error
	for _, c := range checks {
		one, err := Compile(c)
		if err == nil && seen[c.ID] {
			err = fmt.Errorf("compile check %q: its id is there twice", c.ID)
		}
		seen[c.ID] = true
		compiled = append(compiled, one)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return newRunner(compiled, sink, cfg), nil
}

func newRunner(compiled []*Compiled, sink func([]Result), cfg RunnerConfig) *Runner {
	r := &Runner{sink: sink, every: cfg.FlushEvery, log: cfg.Log}
	if r.log == nil {
		r.log = zap.NewNop()
	}
	if r.every <= 0 {
		r.every = flushDefault
	}
	r.out.limit = cfg.Buffer
	if r.out.limit <= 0 {
		r.out.limit = bufferDefault
	}
	network, scripts := &lane{max: cfg.Concurrency}, &lane{max: cfg.ExecConcurrency, exec: true}
	var load float64 // probes under way if every one ran into its time-out
	for _, c := range compiled {
		s := &slot{compiled: c, lane: network}
		if c.Check.Kind == execKind.Name {
			s.lane = scripts
		} else {
			load += float64(c.Check.Timeout) / float64(c.Check.Every)
		}
		r.slots = append(r.slots, s)
	}
	if network.max <= 0 {
		network.max = min(max(concurrencyMin, int(load)+1), concurrencyMax)
	}
	if scripts.max <= 0 {
		scripts.max = max(4, 2*runtime.NumCPU())
	}
	r.lanes = []*lane{network, scripts}
	return r
}

// Stats returns the counts; safe at any time.
func (r *Runner) Stats() Stats {
	return Stats{
		Started: r.started.Load(), Finished: r.finished.Load(),
		Late: r.late.Load(), Skipped: r.skipped.Load(),
		Dropped: r.out.droppedCount(), Running: int(r.running.Load()),
	}
}

// Run keeps the schedule until ctx ends. Then it starts nothing more, cuts
// off the probes under way, waits for them, gives the sink what was whole
// before, and returns nil. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	var probing, flushing sync.WaitGroup
	for _, l := range r.lanes {
		l.queue = make(chan *slot, len(r.slots))
	}
	done := make(chan struct{})
	flushing.Go(func() { r.flush(done) })

	r.keep(ctx, &probing)

	for _, l := range r.lanes {
		close(l.queue)
	}
	probing.Wait()
	close(done)
	flushing.Wait()
	return nil
}

// keep starts each check when it is due, until ctx ends.
func (r *Runner) keep(ctx context.Context, probing *sync.WaitGroup) {
	if len(r.slots) == 0 {
		<-ctx.Done()
		return
	}
	plan := newSchedule(r.slots, time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Since(plan.epoch)
		due, s := plan.next()
		for ; due <= now; due, s = plan.next() {
			plan.pop()
			r.start(ctx, s, plan.epoch.Add(due), now-due, probing)
		}
		timer.Reset(time.Until(plan.epoch.Add(due)))
	}
}

// start hands a check to its lane, unless it is still busy or the schedule
// itself was held up for so long (a suspended machine) that the check's next
// start is due as well.
func (r *Runner) start(ctx context.Context, s *slot, due time.Time, behind time.Duration, probing *sync.WaitGroup) {
	if s.busy.Load() || behind >= s.compiled.Check.Every {
		r.skipped.Add(1)
		r.late.Add(1)
		return
	}
	s.due = due
	s.busy.Store(true)
	l := s.lane
	if l.free.Add(-1) < 0 && l.workers < l.max {
		l.workers++
		l.free.Add(1)
		probing.Go(func() { r.work(ctx, l) })
	}
	l.queue <- s
}

// work probes what its lane is handed, until the lane is closed.
func (r *Runner) work(ctx context.Context, l *lane) {
	for s := range l.queue {
		if ctx.Err() == nil {
			r.probe(ctx, s)
		}
		s.busy.Store(false)
		l.free.Add(1)
	}
}

func (r *Runner) probe(ctx context.Context, s *slot) {
	if time.Since(s.due) > lateAfter {
		r.late.Add(1)
	}
	r.started.Add(1)
	r.running.Add(1)
	result, ok := s.compiled.Run(ctx)
	r.running.Add(-1)
	if ok {
		r.finished.Add(1)
		r.out.add(result)
	}
}
