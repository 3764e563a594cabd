package runner

import (
	"context"
	"errors"
	"maps"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Replaced counts what Replace did with the checks.
type Replaced struct {
	Added, Removed, Changed, Kept int
}

// errEnded says that a runner has ended and takes no orders.
var errEnded = errors.New("the runner has ended")

// Prepared is a list of checks that compiled, to be put in place by Replace.
type Prepared struct{ ready []ready }

// Prepare compiles the checks that are to run in place of those there are,
// but for those that are defined as before, and changes nothing. The error
// joins those of all that do not compile, or is errEnded or the context's.
func (r *Runner) Prepare(ctx context.Context, list []checks.Check) (Prepared, error) {
	var known map[string]*slot // :: check id -> slot
	if !r.order(ctx, func(context.Context) { known = maps.Clone(r.byID) }) {
		return Prepared{}, errors.Join(ctx.Err(), errEnded)
	}
	ready, err := r.compile.all(list, func(c *checks.Check) *probe.Compiled {
		if s := known[c.ID]; s != nil {
			if old := s.compiled.Load(); probe.Same(old.Check, c) {
				return old
			}
		}
		return nil
	})
	return Prepared{ready}, err
}

// Replace runs what was prepared last in place of the checks there were. A
// check that is defined as before is not touched; one that is defined
// otherwise keeps its place in the schedule if its interval is the same. With
// an error, errEnded or the context's, everything is as before. One call of
// Prepare and Replace at a time.
func (r *Runner) Replace(ctx context.Context, p Prepared) (Replaced, error) {
	var n Replaced
	if !r.order(ctx, func(context.Context) { n = r.replace(p.ready) }) {
		return Replaced{}, errors.Join(ctx.Err(), errEnded)
	}
	return n, nil
}

func (r *Runner) replace(list []ready) Replaced {
	var n Replaced
	slots := make([]*slot, 0, len(list))
	byID := make(map[string]*slot, len(list))
	for _, one := range list {
		c := one.Compiled
		s := r.byID[c.Check.ID]
		switch {
		case s == nil:
			s = newSlot(c, r.laneOf(c))
			n.Added++
		case s.compiled.Load() != one.as:
			s.compiled.Store(c)
			s.lane = r.laneOf(c)
			n.Changed++
		default:
			s.compiled.Store(c)
			n.Kept++
		}
		slots = append(slots, s)
		byID[c.Check.ID] = s
	}
	n.Removed = len(r.slots) - n.Changed - n.Kept
	r.slots, r.byID = slots, byID
	r.hosts.sweep()
	r.sizeLanes()
	if r.plan != nil {
		r.plan.replace(slots)
		clear(r.bursts) // whoever hastens will do so again, with the checks there are now
	}
	return n
}

// Limit sets Config.PerHost and BurstPerHost. What waits for its turn
// goes on waiting for it.
func (r *Runner) Limit(ctx context.Context, perHost, burstPerHost int) {
	r.order(ctx, func(context.Context) { r.hosts.set(perHost, burstPerHost) })
}
