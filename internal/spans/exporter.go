package spans

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

const (
	waitingMost = 8192        // spans that wait, 8 s of a thousand probes a second: some 6 MiB
	batchMost   = 512         // spans in one request, as OpenTelemetry's SDKs have it: some 400 KiB
	batchEvery  = time.Second // the longest a span waits for others
	lastWithin  = time.Second // for what waits when the process ends

	retryFirst = time.Second // the pause after a try that failed, doubled with each
	retryMost  = 30 * time.Second
)

// Exporter tells a collector of probes. It may be told of them before Run and by many at
// once.
type Exporter struct {
	log     *zap.Logger   // says a sentence as often as it is told to; whoever made it bounds that
	full    chan struct{} // level trigger: a batch waits
	changed chan struct{} // level trigger: there is another target
	every   time.Duration // the longest a span waits for others: batchEvery
	pause   time.Duration // after a try that failed, doubled with each: retryFirst
	last    time.Duration // for what waits when the process ends: lastWithin
	said    uint64        // of Run alone: how many were dropped when it was said last

	mu      sync.Mutex
	to      *target // guarded by mu; nil: nobody is told
	queue   []told  // guarded by mu; from head on
	head    int     // guarded by mu
	waiting int     // guarded by mu; spans in the queue
	counts  Counts  // guarded by mu
}

// Counts count the spans since the process began.
type Counts struct {
	Sent    uint64 // that the collector took
	Dropped uint64 // that it did not, or that were too many
}

// New makes an exporter that tells nobody. The log gets a line for each try that failed
// and when spans were dropped.
func New(log *zap.Logger) *Exporter {
	return &Exporter{log: log, every: batchEvery, pause: retryFirst, last: lastWithin, full: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
}

// Use has it tell another collector, or none for the zero Config. What waits for one that is not told any
// more is dropped.
func (e *Exporter) Use(cfg Config) error {
	var to *target
	if cfg.Endpoint != "" {
		var err error
		if to, err = newTarget(cfg); err != nil {
			return err
		}
	}
	e.mu.Lock()
	old := e.to
	if e.to = to; to == nil {
		e.drop(e.waiting)
	}
	e.mu.Unlock()
	if old != nil {
		old.client.CloseIdleConnections()
	}
	signal(e.changed)
	return nil
}

// Told notes a probe, if it is one to be told of. It does not wait.
func (e *Exporter) Told(c *checks.Check, r checks.Result, sent *probe.Sent) {
	r.Evidence = nil
	p := told{c, r, sent}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.to == nil || e.to.failedOnly && r.Outcome == checks.Pass {
		return
	}
	if n := len(e.queue); n == cap(e.queue) && 2*e.head >= n {
		clear(e.queue[copy(e.queue, e.queue[e.head:]):])
		e.queue, e.head = e.queue[:n-e.head], 0
	}
	e.queue = append(e.queue, p)
	e.waiting += p.size()
	e.drop(e.waiting - waitingMost)
	if e.waiting >= batchMost {
		signal(e.full)
	}
}

// drop lets the oldest go until so many spans are gone: what is true now matters more.
// mu is held.
func (e *Exporter) drop(n int) {
	for n > 0 {
		size := e.next().size()
		e.counts.Dropped += uint64(size)
		n -= size
		e.pass()
	}
}

// next is the oldest that waits, and pass lets it go. mu is held, and something waits.
func (e *Exporter) next() *told { return &e.queue[e.head] }

func (e *Exporter) pass() {
	e.waiting -= e.next().size()
	e.queue[e.head] = told{}
	if e.head++; e.head == len(e.queue) {
		e.queue, e.head = e.queue[:0], 0
	}
}

// Counts returns what became of the spans; false while nobody is told.
func (e *Exporter) Counts() (Counts, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts, e.to != nil
}

// Run tells the collector until ctx ends, and then what waits, for a second at most.
func (e *Exporter) Run(ctx context.Context) {
	t := time.NewTicker(e.every)
	defer t.Stop()
	var left []span // of a batch that was under way when ctx ended
	for ctx.Err() == nil {
		least := 1
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-e.full:
			least = batchMost
		}
		for left == nil {
			batch := e.take(least)
			if batch == nil {
				break
			}
			left = e.deliver(ctx, batch)
		}
		e.sayDropped()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.last)
	defer cancel()
	if left == nil {
		left = e.take(1)
	}
	for ; left != nil; left = e.take(1) {
		if _, err := e.try(last, left); err != nil {
			e.lose(left, err)
		}
	}
}

// sayDropped says that spans were dropped since it was said last.
func (e *Exporter) sayDropped() {
	if c, _ := e.Counts(); c.Dropped > e.said {
		e.log.Warn("spans dropped: the collector did not take them, or not in time", zap.Uint64("dropped_in_all", c.Dropped))
		e.said = c.Dropped
	}
}

// take takes a batch of what waits, if that is as many spans at least; nil if it is not.
func (e *Exporter) take(least int) []span {
	e.mu.Lock()
	if e.waiting < least {
		e.mu.Unlock()
		return nil
	}
	var probes []told
	for n := 0; e.waiting > 0 && (n == 0 || n+e.next().size() <= batchMost); {
		n += e.next().size()
		probes = append(probes, *e.next())
		e.pass()
	}
	e.mu.Unlock()
	var batch []span
	for i := range probes {
		batch = append(batch, probes[i].spans()...)
	}
	return batch
}

// deliver tries until the batch is taken, refused for good, or for nobody any more. What
// is left when ctx ends is returned.
func (e *Exporter) deliver(ctx context.Context, batch []span) (left []span) {
	for pause := e.pause; ; pause = min(2*pause, retryMost) {
		after, err := e.try(ctx, batch)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return batch
		case after < 0:
			e.lose(batch, err)
			return nil
		}
		c, _ := e.Counts()
		e.log.Warn("spans are not taken, will try again; look at probes.spans", zap.Error(err), zap.Uint64("dropped_in_all", c.Dropped))
		wait := time.NewTimer(max(pause, after))
		select {
		case <-wait.C:
		case <-e.changed:
		case <-ctx.Done():
		}
		wait.Stop()
	}
}

// try gives a batch to the collector once. With an error, after is how long it wants to
// be left alone; less than 0 when it will not have this batch.
func (e *Exporter) try(ctx context.Context, batch []span) (after time.Duration, err error) {
	e.mu.Lock()
	to := e.to
	e.mu.Unlock()
	if to == nil {
		return -1, errNobody
	}
	rejected, after, err := to.post(ctx, batch)
	if err != nil {
		return after, err
	}
	rejected = min(rejected, uint64(len(batch)))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts.Sent += uint64(len(batch)) - rejected
	e.counts.Dropped += rejected
	return 0, nil
}

// errNobody is a batch that was on its way when spans were turned off.
var errNobody = errors.New("nobody is told any more")

// lose counts a batch that is given up.
func (e *Exporter) lose(batch []span, why error) {
	e.mu.Lock()
	e.counts.Dropped += uint64(len(batch))
	e.mu.Unlock()
	if !errors.Is(why, errNobody) {
		e.log.Warn("spans given up; look at probes.spans", zap.Error(why), zap.Int("spans", len(batch)))
	}
}

// signal wakes who waits, now or next.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
