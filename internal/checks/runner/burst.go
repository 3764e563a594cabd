package runner

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Hasten has the network checks of some products probed more often than their
// intervals say, to settle a doubt sooner: each at the interval given for its
// product, beside its own schedule. Products that are not named are hastened
// no longer. An extra probe is left out where the check is busy, where it was
// started within half of that interval or will be, and where its host was
// asked for as much as Config.BurstPerHost allows.
func (r *Runner) Hasten(ctx context.Context, products map[string]time.Duration) {
	r.order(ctx, func(context.Context) {
		if r.plan == nil || maps.EqualFunc(products, r.bursts, func(every time.Duration, b *ring) bool { return b.every == every }) {
			return
		}
		r.plan.rings = slices.DeleteFunc(r.plan.rings, func(b *ring) bool { return b.extra })
		clear(r.bursts)
		of := map[string][]*slot{} // :: product id -> its checks that gain by it
		for _, s := range r.slots {
			c := s.compiled.Load().Check
			if every, ok := products[c.Product]; ok && c.Every > every && s.lane == r.lanes[probe.NetworkCost] {
				of[c.Product] = append(of[c.Product], s)
			}
		}
		for product, slots := range of {
			every := products[product]
			burst := r.plan.newRing(every, nil, evenly(every, slots))
			burst.extra = true
			r.bursts[product] = burst
			r.plan.rings = append(r.plan.rings, burst)
		}
		heap.Init(&r.plan.rings)
	})
}

// startExtra starts a check once more than its interval says, if that hurts
// nobody.
func (r *Runner) startExtra(ctx context.Context, s *slot, due time.Time) {
	c := s.compiled.Load().Check
	b := r.bursts[c.Product]
	if b == nil || due.Sub(s.last) < b.every/2 || s.regular.Add(c.Every).Sub(due) < b.every/2 ||
		!r.hosts.extra(s, due) || !s.claim(due, nil) {
		return
	}
	s.last = due
	r.extra.Add(1)
	r.dispatch(ctx, s)
}
