package house

import (
	"sync"

	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/format"
)

// overloadSpan is how many seconds are looked back.
const overloadSpan = 60

// overload remembers what a runner counted in each of the last seconds, so
// that what is late now is told from what was late this morning.
type overload struct {
	mu    sync.Mutex
	stats [overloadSpan + 1]runner.Stats // guarded by mu; a ring
	n     int                            // guarded by mu; how many were noted
}

// note takes the counts of a second.
func (o *overload) note(s runner.Stats) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats[o.n%len(o.stats)] = s
	o.n++
}

// lastMinute counts the probes of the last minute.
func (o *overload) lastMinute() format.Load {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n == 0 {
		return format.Load{}
	}
	now := o.stats[(o.n-1)%len(o.stats)]
	var then runner.Stats // before the first second nothing was counted
	if o.n >= len(o.stats) {
		then = o.stats[o.n%len(o.stats)]
	}
	leftOut := int(now.Skipped - then.Skipped)
	return format.Load{
		Due: int(now.Started-then.Started) + leftOut, Late: int(now.Late-then.Late) - leftOut,
		LeftOut: leftOut, Lost: int(now.Dropped - then.Dropped),
	}
}

// What must have been late in the last minute to be said. The promise is one
// start in a hundred (p99); one late start of 18 says nothing of it: at that
// promise, ten or more of fewer than 300 are as good as impossible (Poisson,
// mean 3: 0.1 %), and of more the share itself decides.
const (
	lateShare = 0.01
	leastLate = 10
)

// overloaded returns what there is to say in an answer; the zero value is
// nothing.
func (o *overload) overloaded() format.Load {
	l := o.lastMinute()
	behind := l.Late + l.LeftOut
	if l.Lost > 0 || behind >= leastLate && float64(behind) > lateShare*float64(l.Due) {
		return l
	}
	return format.Load{}
}
