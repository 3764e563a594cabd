package checks

import (
	"cmp"
	"container/heap"
	"hash/fnv"
	"slices"
	"time"
)

// schedule says which check is due next. Checks of one interval and one class
// (network or exec) form a ring in which they are spread evenly: the i-th of
// n is due at every multiple of the interval since the Unix epoch plus i/n of
// it. So the first round is over within one interval, and a restart finds
// every check its old place instead of starting them all together.
//
// The order in a ring is by hash of the id, so that neither the checks of one
// product nor those of one kind follow one another.
type schedule struct {
	epoch time.Time // with a monotonic reading; moments below count from it
	rings ringHeap
}

type ring struct {
	every time.Duration
	slots []*slot
	next  int           // index of the slot that is due next
	round time.Duration // start of the round it belongs to, since the epoch
}

// due is when the ring's next slot is to start, since the epoch.
func (r *ring) due() time.Duration {
	n := time.Duration(len(r.slots))
	i := time.Duration(r.next)
	return r.round + r.every/n*i + r.every%n*i/n
}

func (r *ring) advance() {
	if r.next++; r.next == len(r.slots) {
		r.next = 0
		r.round += r.every
	}
}

// newSchedule places the checks; none is due before now.
func newSchedule(slots []*slot, now time.Time) *schedule {
	type class struct {
		every time.Duration
		exec  bool
	}
	rings := map[class]*ring{} // :: interval and class -> ring
	s := &schedule{epoch: now}
	for _, sl := range slots {
		key := class{sl.compiled.Check.Every, sl.lane.exec}
		r := rings[key]
		if r == nil {
			r = &ring{every: key.every}
			rings[key] = r
			s.rings = append(s.rings, r)
		}
		r.slots = append(r.slots, sl)
	}
	for _, r := range s.rings {
		slices.SortFunc(r.slots, func(a, b *slot) int {
			x, y := a.compiled.Check.ID, b.compiled.Check.ID
			return cmp.Or(cmp.Compare(hashOf(x), hashOf(y)), cmp.Compare(x, y))
		})
		// The wall clock is looked at once. A round began into ago, and what
		// of it lies in the past is left to the next.
		r.round = -time.Duration(now.UnixNano() % int64(r.every))
		for r.due() < 0 {
			r.advance()
		}
	}
	heap.Init(&s.rings)
	return s
}

func hashOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// next returns the moment of the next start, since the epoch, and whose it is.
func (s *schedule) next() (time.Duration, *slot) {
	r := s.rings[0]
	return r.due(), r.slots[r.next]
}

// pop goes on past the next start.
func (s *schedule) pop() {
	s.rings[0].advance()
	heap.Fix(&s.rings, 0)
}

// ringHeap orders rings by when they are due; for container/heap.
type ringHeap []*ring

func (h ringHeap) Len() int           { return len(h) }
func (h ringHeap) Less(i, j int) bool { return h[i].due() < h[j].due() }
func (h ringHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ringHeap) Push(x any)        { *h = append(*h, x.(*ring)) }
func (h *ringHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
