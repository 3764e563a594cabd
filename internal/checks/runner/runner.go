// Package runner executes checks on their schedule: an even spread of starts,
// lanes that bound what is dear, gates that bound what one host is asked,
// bursts where more results would settle a doubt, and a batch of results for
// whoever keeps them.
package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Config is what may differ between runners. The zero value is right
// for most.
type Config struct {
	// Concurrency bounds the network probes under way at once. 0: as many as
	// it takes when every one of them runs into its time-out, and at least
	// 256 and at most 4096.
	Concurrency int
	// ExecConcurrency bounds the scripts under way at once. 0: two for each
	// CPU, at least 4.
	ExecConcurrency int
	// PerHost bounds the probes under way at once to one host. 0: no bound.
	PerHost int
	// BurstPerHost is how many probes a second a burst adds to one host at
	// most. 0: 10.
	BurstPerHost int
	// Paused makes Run wait for Resume before it keeps the schedule. What is
	// asked for by Now is probed even so.
	Paused bool
	// FlushEvery is the longest a result waits for others before the sink
	// gets it. 0: 250 ms.
	FlushEvery time.Duration
	// Buffer is how many results wait for a slow sink before the oldest are
	// dropped. 0: 65,536, about 20 MB.
	Buffer int
	// Log gets a line when results are dropped or starts come late. nil: none.
	Log *zap.Logger
}

const (
	concurrencyMin = 256
	concurrencyMax = 4096 // goroutines and descriptors; a process may have 1,024 to 1 million of these
	flushDefault   = 250 * time.Millisecond
	bufferDefault  = 1 << 16
	lateAfter      = 50 * time.Millisecond // the promise for the jitter of starts

	// together is how long after a start the next one comes at the earliest;
	// what is due by then starts at once. At 1,000 probes a second that is
	// four at a time: the process wakes a quarter as often for their starts
	// and, as targets answer alike, for their answers, which measured takes
	// 20 % off the CPU of a probe. It costs 2 ms of jitter on average.
	together = 4 * time.Millisecond
)

// Runner executes checks on their schedule. One goroutine keeps the schedule
// and decides everything that changes it; a bounded number of others, started
// as needed, probe; one more gives the results to the sink. A check never runs
// twice at once.
type Runner struct {
	cfg     Config
	compile Compiler
	sink    func([]checks.Result)
	log     *zap.Logger
	out     pending
	lanes   [probe.Costs]*lane
	hosts   hostGates
	still   *standstill
	probing sync.WaitGroup

	orders chan func(context.Context) // done by the goroutine that keeps the schedule, between two starts
	ended  chan struct{}

	// The scheduler's own, once Run was called.
	slots  []*slot
	byID   map[string]*slot // :: check id -> slot
	paused bool
	plan   *schedule        // nil while paused
	bursts map[string]*ring // :: product id -> its ring in the plan

	told atomic.Pointer[Told] // nil: nobody

	started, finished, late, skipped, extra atomic.Uint64
	running                                 atomic.Int64
	jitter                                  jitter
}

// Compiler makes a check ready to run.
type Compiler func(*checks.Check) (*probe.Compiled, error)

// New compiles the checks. The sink gets results in batches of at most
// 256, from one goroutine, and may keep them; it may be slow, which costs
// results (see Config.Buffer) and never the schedule.
// The error joins those of all checks that do not compile.
func New(compile Compiler, defined []checks.Check, sink func([]checks.Result), cfg Config) (*Runner, error) {
	list, err := compile.all(defined, nil)
	if err != nil {
		return nil, err
	}
	compiled := make([]*probe.Compiled, len(list))
	for i := range list {
		compiled[i] = list[i].Compiled
	}
	r := newRunner(compiled, sink, cfg)
	r.compile = compile
	return r, nil
}

// ready is a compiled check that may take its place.
type ready struct {
	*probe.Compiled
	as *probe.Compiled // what it is the same as; nil for another
}

// all compiles checks, except those that known has already, and returns those
// that are to be probed. They are compiled side by side: a hundred thousand
// take seconds of a core, and nobody is answered before.
func (compile Compiler) all(defined []checks.Check, known func(*checks.Check) *probe.Compiled) ([]ready, error) {
	made := make([]ready, len(defined))
	errs := make([]error, len(defined))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for first := 0; first < len(defined); first += compiledAtOnce {
		group.Go(func() error {
			for i := first; i < min(first+compiledAtOnce, len(defined)); i++ {
				made[i], errs[i] = compile.one(&defined[i], known)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors have their place

	list := make([]ready, 0, len(defined))
	seen := make(map[string]bool, len(defined)) // :: check id -> there
	for i := range defined {
		c := &defined[i]
		if errs[i] == nil && seen[c.ID] {
			errs[i] = fmt.Errorf("compile check %q: its id is there twice", c.ID)
		}
		seen[c.ID] = true
		if !c.Passive {
			list = append(list, made[i])
		}
	}
	return list, errors.Join(errs...)
}

// compiledAtOnce is how many checks one goroutine compiles: a millisecond's work.
const compiledAtOnce = 64

// one compiles a check, unless it is known.
func (compile Compiler) one(c *checks.Check, known func(*checks.Check) *probe.Compiled) (ready, error) {
	if known != nil {
		if as := known(c); as != nil {
			return ready{Compiled: as.For(c), as: as}, nil
		}
	}
	compiled, err := compile(c)
	return ready{Compiled: compiled}, err
}

func newRunner(compiled []*probe.Compiled, sink func([]checks.Result), cfg Config) *Runner {
	r := &Runner{cfg: cfg, sink: sink, log: cfg.Log, paused: cfg.Paused, still: newStandstill(),
		orders: make(chan func(context.Context)), ended: make(chan struct{}), bursts: map[string]*ring{}}
	if r.log == nil {
		r.log = zap.NewNop()
	}
	if r.cfg.FlushEvery <= 0 {
		r.cfg.FlushEvery = flushDefault
	}
	r.out.limit = cfg.Buffer
	if r.out.limit <= 0 {
		r.out.limit = bufferDefault
	}
	r.hosts.set(cfg.PerHost, cfg.BurstPerHost)
	for b := range r.lanes {
		r.lanes[b] = newLane(1)
	}
	r.slots = make([]*slot, 0, len(compiled))
	r.byID = make(map[string]*slot, len(compiled))
	for _, c := range compiled {
		s := newSlot(c, r.laneOf(c))
		r.slots = append(r.slots, s)
		r.byID[c.Check.ID] = s
	}
	r.sizeLanes()
	return r
}

func (r *Runner) laneOf(c *probe.Compiled) *lane { return r.lanes[c.Cost()] }

// sizeLanes bounds the lanes for the checks there are.
func (r *Runner) sizeLanes() {
	var load float64 // network probes under way if every one ran into its time-out
	for _, s := range r.slots {
		if c := s.compiled.Load().Check; s.lane == r.lanes[probe.NetworkCost] {
			load += float64(c.Timeout) / float64(c.Every)
		}
	}
	r.lanes[probe.NetworkCost].resize(cmp.Or(r.cfg.Concurrency, min(max(concurrencyMin, int(load)+1), concurrencyMax)))
	r.lanes[probe.ScriptCost].resize(cmp.Or(r.cfg.ExecConcurrency, max(4, 2*runtime.NumCPU())))
	r.lanes[probe.BrowserCost].resize(BrowsersAtOnce())
}

// Run keeps the schedule until ctx ends. Then it starts nothing more, cuts
// off the probes under way, waits for them, gives the sink what was whole
// before, and returns nil. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	defer close(r.ended)
	var flushing sync.WaitGroup
	done := make(chan struct{})
	flushing.Go(func() { r.flush(done) })
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	flushing.Go(func() { r.still.watch(beating) })

	r.keep(ctx)

	for _, l := range r.lanes {
		l.close()
	}
	r.probing.Wait()
	stop()
	close(done)
	flushing.Wait()
	return nil
}

// keep starts each check when it is due, and carries out orders, until ctx
// ends.
func (r *Runner) keep(ctx context.Context) {
	if !r.paused {
		r.plan = newSchedule(r.slots, time.Now())
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case order := <-r.orders:
			order(ctx)
		case <-timer.C:
		}
		for due, s, extra := r.plan.next(); s != nil; due, s, extra = r.plan.next() {
			now := time.Since(r.plan.epoch)
			if due > now {
				r.plan.upTo(now)
				timer.Reset(max(due-now, together))
				break
			}
			r.plan.pop()
			if extra {
				r.startExtra(ctx, s, r.plan.epoch.Add(due))
			} else {
				r.start(ctx, s, r.plan.epoch.Add(due), now-due)
			}
		}
	}
}

// order has the goroutine that keeps the schedule do something, with the
// context of Run, and waits for it; false if the runner has ended, or ctx before it came to that.
func (r *Runner) order(ctx context.Context, do func(context.Context)) bool {
	done := make(chan struct{})
	select {
	case r.orders <- func(ctx context.Context) { do(ctx); close(done) }:
		<-done
		return true
	case <-r.ended:
	case <-ctx.Done():
	}
	return false
}

// Pause stops the schedule; what is under way goes on. After the end of Run
// it does nothing, like Resume.
func (r *Runner) Pause(ctx context.Context) {
	r.order(ctx, func(context.Context) {
		r.paused, r.plan = true, nil
		clear(r.bursts)
	})
}

// Resume keeps the schedule again, each check at its old place.
func (r *Runner) Resume(ctx context.Context) {
	r.order(ctx, func(context.Context) {
		if r.paused {
			r.paused, r.plan = false, newSchedule(r.slots, time.Now())
		}
	})
}

// start hands a check to its lane, unless it is still busy or the schedule
// itself was held up for so long (a suspended machine) that the check's next
// start is due as well.
func (r *Runner) start(ctx context.Context, s *slot, due time.Time, behind time.Duration) {
	c := s.compiled.Load()
	s.last, s.regular = due, due
	if behind >= c.Check.Every {
		r.skipped.Add(1)
		r.late.Add(1)
		return
	}
	if !s.claim(due, nil) {
		// Nothing is left out in silence: nobody knows how the client fared.
		r.skipped.Add(1)
		r.late.Add(1)
		left := probe.Internal("not probed: the probe before it was not over")
		left.Check, left.Product, left.Started = c.Check.ID, c.Check.Product, due
		r.out.add(left)
		return
	}
	r.dispatch(ctx, s)
}

func (r *Runner) probe(ctx context.Context, s *slot) (checks.Result, bool) {
	behind := time.Since(s.due)
	r.jitter.add(behind)
	if behind > lateAfter {
		r.late.Add(1)
	}
	r.started.Add(1)
	r.running.Add(1)
	c, stood := s.compiled.Load(), r.still.soFar()
	told := r.told.Load()
	var (
		result checks.Result
		sent   *probe.Sent
		ok     bool
	)
	if told == nil {
		result, ok = c.Run(ctx)
	} else {
		result, sent, ok = c.RunSent(ctx)
	}
	r.running.Add(-1)
	if ok {
		r.still.excuse(&result, stood, c.Check.Timeout)
		r.finished.Add(1)
		r.out.add(result)
		if told != nil {
			(*told)(c.Check, result, sent)
		}
	}
	return result, ok
}

// Told is told of each probe that gave a result, with what it sent, by the goroutine that
// probed: it does not wait. It changes nothing of what it is given.
type Told func(*checks.Check, checks.Result, *probe.Sent)

// Tell has somebody told of each probe that begins from now on; nil: nobody.
func (r *Runner) Tell(told Told) {
	if told == nil {
		r.told.Store(nil)
		return
	}
	r.told.Store(&told)
}
