package runner

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// pulseEvery is how often a process looks whether it gets to run.
const pulseEvery = 25 * time.Millisecond

// standstill counts for how long this process did not get to run: it was
// stopped, its machine was too busy, or its share of the processor was used
// up. A probe's time-out that was spent like that says nothing of its target.
type standstill struct {
	epoch time.Time
	last  atomic.Int64 // newest beat, ns since epoch
	total atomic.Int64 // ns by which the beats so far were late
}

func newStandstill() *standstill { return &standstill{epoch: time.Now()} }

// watch beats until ctx ends.
func (s *standstill) watch(ctx context.Context) {
	s.last.Store(int64(time.Since(s.epoch)))
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := int64(time.Since(s.epoch))
			s.total.Add(missed(now - s.last.Load()))
			s.last.Store(now)
		}
	}
}

// missed is how much of the time since a beat was stood still: what exceeds
// two beats, since a beat may come late for a moment without harm.
func missed(gap int64) int64 {
	if gap <= 2*int64(pulseEvery) {
		return 0
	}
	return gap - int64(pulseEvery)
}

// soFar returns for how long the process has stood still in all. A standstill
// that has just ended counts before the next beat has noticed it.
func (s *standstill) soFar() time.Duration {
	return time.Duration(s.total.Load() + missed(int64(time.Since(s.epoch))-s.last.Load()))
}

// excuse makes a time-out unknown of which this process stood still for half
// or more: the target had not the time that it was promised.
func (s *standstill) excuse(r *checks.Result, before, timeout time.Duration) {
	if r.Outcome != checks.Fail || r.Reason != checks.ReasonTimeout {
		return
	}
	if stood := s.soFar() - before; stood >= timeout/2 {
		r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
		r.Summary = "statusbot itself stood still for " + probe.Span(min(stood, r.Duration)) + " of the time-out of " + probe.Span(timeout)
	}
}
