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

// whole reports whether a whole minute was noted.
func (o *overload) whole() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n >= len(o.stats)
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

// What must have been missed in the last minute to be said. A start counts as late
// 50 ms after its time: one in a hundred breaks the promise of p99, which the log
// and /metrics say, and changes no figure that people read. One in ten does not
// keep up, nor does one in a hundred that is not made at all. Of few probes ten
// are needed to say so.
const (
	lateShare    = 0.1
	leftOutShare = 0.01
	leastLate    = 10
)

// overloaded returns what there is to say in an answer; the zero value is
// nothing.
func (o *overload) overloaded() format.Load {
	l := o.lastMinute()
	more := func(n int, share float64) bool { return n >= leastLate && float64(n) > share*float64(l.Due) }
	late := o.whole() && more(l.Late+l.LeftOut, lateShare) // at the start everything is due at once
	if l.Lost > 0 || late || more(l.LeftOut, leftOutShare) {
		return l
	}
	return format.Load{}
}
