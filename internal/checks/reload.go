package checks

import (
	"context"
	"errors"
	"maps"
	"reflect"
)

// Replaced counts what Replace did with the checks.
type Replaced struct {
	Added, Removed, Changed, Kept int
}

// ErrEnded says that a runner has ended and takes no orders.
var ErrEnded = errors.New("the runner has ended")

// Replace runs these checks in place of those there were. A check that is
// defined as before is not touched; one that is defined otherwise keeps its
// place in the schedule if its interval is the same. With an error, which
// joins those of all checks that do not compile, or is ErrEnded or the
// context's, everything is as before. One call at a time.
func (r *Runner) Replace(ctx context.Context, checks []Check) (Replaced, error) {
	var known map[string]*slot // :: check id -> slot
	if !r.order(ctx, func(context.Context) { known = maps.Clone(r.byID) }) {
		return Replaced{}, errors.Join(ctx.Err(), ErrEnded)
	}
	compiled, err := compileAll(checks, func(c *Check) *Compiled {
		if s := known[c.ID]; s != nil {
			if old := s.compiled.Load(); reflect.DeepEqual(*old.Check, *c) {
				same := *old
				same.Check, same.as = c, old // not the list of the old configuration
				return &same
			}
		}
		return nil
	})
	if err != nil {
		return Replaced{}, err
	}
	var n Replaced
	if !r.order(ctx, func(context.Context) { n = r.replace(compiled) }) {
		return Replaced{}, errors.Join(ctx.Err(), ErrEnded)
	}
	return n, nil
}

func (r *Runner) replace(compiled []*Compiled) Replaced {
	var n Replaced
	slots := make([]*slot, 0, len(compiled))
	byID := make(map[string]*slot, len(compiled))
	for _, c := range compiled {
		s := r.byID[c.Check.ID]
		switch {
		case s == nil:
			s = newSlot(c, r.laneOf(c))
			n.Added++
		case s.compiled.Load() != c && s.compiled.Load() != c.as:
			s.compiled.Store(c)
			s.lane = r.laneOf(c)
			n.Changed++
		default:
			c.as = nil
			s.compiled.Store(c)
			n.Kept++
		}
		slots = append(slots, s)
		byID[c.Check.ID] = s
	}
	n.Removed = len(r.slots) - n.Changed - n.Kept
	r.slots, r.byID = slots, byID
	r.sizeLanes()
	if r.plan != nil {
		r.plan.replace(slots)
		clear(r.bursts) // whoever hastens will do so again, with the checks there are now
	}
	return n
}

// Limit sets RunnerConfig.PerHost and BurstPerHost. What waits for its turn
// goes on waiting for it.
func (r *Runner) Limit(ctx context.Context, perHost, burstPerHost int) {
	r.order(ctx, func(context.Context) { r.hosts.set(perHost, burstPerHost) })
}
