package runner

import (
	"cmp"
	"container/heap"
	"hash/fnv"
	"slices"
	"time"
)

// schedule says which check is due next. Checks of one interval and one lane
// form a ring in which they are spread evenly: the i-th of n is due at every
// multiple of the interval since the Unix epoch plus i/n of it. So the
// first round is over within one interval, and a restart finds every check its
// old place instead of starting them all together.
//
// The order in a ring is by hash of the id, so that neither the checks of one
// product nor those of one kind follow one another.
//
// When checks come and go while it runs, those that stay keep their places:
// none is missed and none comes twice.
type schedule struct {
	epoch time.Time     // with a monotonic reading; moments below count from it
	wall  int64         // the epoch in nanoseconds since the Unix epoch
	begun time.Duration // everything due before is started, and nothing else
	rings ringHeap
}

type ring struct {
	every  time.Duration
	lane   *lane  // nil for a burst
	extra  bool   // beside the schedule: a burst
	places []turn // by offset
	next   int    // index of the place that is due next
	round  time.Duration
}

// turn is when within the interval a check starts.
type turn struct {
	offset time.Duration
	slot   *slot
}

// due is when the ring's next slot is to start, since the epoch.
func (r *ring) due() time.Duration { return r.round + r.places[r.next].offset }

func (r *ring) advance() {
	if r.next++; r.next == len(r.places) {
		r.next = 0
		r.round += r.every
	}
}

// class is what makes checks share a ring.
type class struct {
	every time.Duration
	lane  *lane
}

func classOf(s *slot) class { return class{s.compiled.Load().Check.Every, s.lane} }

// newSchedule places the checks; none is due before now.
func newSchedule(slots []*slot, now time.Time) *schedule {
	classes := map[class][]*slot{}
	var order []class
	for _, sl := range slots {
		key := classOf(sl)
		if classes[key] == nil {
			order = append(order, key)
		}
		classes[key] = append(classes[key], sl)
	}
	s := &schedule{epoch: now, wall: now.UnixNano()}
	for _, key := range order {
		s.rings = append(s.rings, s.newRing(key.every, key.lane, evenly(key.every, classes[key])))
	}
	heap.Init(&s.rings)
	return s
}

// evenly gives slots their places in an interval.
func evenly(every time.Duration, slots []*slot) []turn {
	slices.SortFunc(slots, func(a, b *slot) int {
		x, y := a.compiled.Load().Check.ID, b.compiled.Load().Check.ID
		return cmp.Or(cmp.Compare(hashOf(x), hashOf(y)), cmp.Compare(x, y))
	})
	places := make([]turn, len(slots))
	n := time.Duration(len(slots))
	for i, sl := range slots {
		places[i] = turn{every/n*time.Duration(i) + every%n*time.Duration(i)/n, sl}
	}
	return places
}

// newRing makes a ring of which nothing is due that should have begun.
func (s *schedule) newRing(every time.Duration, l *lane, places []turn) *ring {
	r := &ring{every: every, lane: l, places: places}
	// The wall clock is looked at once. A round began a while ago, and what
	// of it lies in the past is left to the next.
	r.round = s.begun - time.Duration((s.wall+int64(s.begun))%int64(every))
	for r.due() < s.begun {
		r.advance()
	}
	return r
}

func hashOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// next returns the moment of the next start, since the epoch, whose it is and
// whether it is beside the schedule. No slot is returned if there is none, or
// no schedule.
func (s *schedule) next() (due time.Duration, sl *slot, extra bool) {
	if s == nil || len(s.rings) == 0 {
		return 0, nil, false
	}
	r := s.rings[0]
	return r.due(), r.places[r.next].slot, r.extra
}

// upTo notes that everything due until now, since the epoch, is started.
func (s *schedule) upTo(now time.Duration) { s.begun = now + 1 }

// pop goes on past the next start.
func (s *schedule) pop() {
	s.rings[0].advance()
	heap.Fix(&s.rings, 0)
}

// replace puts other slots into the schedule. Those that stay in their class
// keep their places.
func (s *schedule) replace(slots []*slot) {
	stay := map[*slot]class{}
	for _, sl := range slots {
		stay[sl] = classOf(sl)
	}
	old := map[class]*ring{}
	for _, r := range s.rings {
		if r.extra {
			continue
		}
		r.places = slices.DeleteFunc(r.places, func(p turn) bool {
			key, ok := stay[p.slot]
			return !ok || key.every != r.every || key.lane != r.lane
		})
		if len(r.places) > 0 {
			old[class{r.every, r.lane}] = r
		}
		for _, p := range r.places {
			delete(stay, p.slot)
		}
	}
	s.rings = s.rings[:0]
	fresh := map[class][]*slot{}
	for sl, key := range stay {
		fresh[key] = append(fresh[key], sl)
	}
	for key, r := range old {
		s.rings = append(s.rings, s.newRing(key.every, key.lane, insert(key.every, r.places, fresh[key])))
		delete(fresh, key)
	}
	for key, list := range fresh {
		s.rings = append(s.rings, s.newRing(key.every, key.lane, evenly(key.every, list)))
	}
	heap.Init(&s.rings)
}

// insert finds room for fresh slots, each in the middle of the largest gap
// there is then.
func insert(every time.Duration, places []turn, fresh []*slot) []turn {
	slices.SortFunc(fresh, func(a, b *slot) int {
		return cmp.Compare(a.compiled.Load().Check.ID, b.compiled.Load().Check.ID)
	})
	gaps := make(gapHeap, 0, len(places)+2*len(fresh))
	for i, p := range places {
		end := every + places[0].offset
		if i+1 < len(places) {
			end = places[i+1].offset
		}
		gaps = append(gaps, gap{p.offset, end - p.offset})
	}
	heap.Init(&gaps)
	for _, sl := range fresh {
		g := gaps[0]
		middle := g.from + g.long/2
		places = append(places, turn{middle % every, sl})
		gaps[0].long = middle - g.from
		heap.Fix(&gaps, 0)
		heap.Push(&gaps, gap{middle, g.long - (middle - g.from)})
	}
	slices.SortStableFunc(places, func(a, b turn) int { return cmp.Compare(a.offset, b.offset) })
	return places
}

// gap is the time between two places that follow one another.
type gap struct{ from, long time.Duration }

// gapHeap orders gaps, the longest first; for container/heap.
type gapHeap []gap

func (h gapHeap) Len() int           { return len(h) }
func (h gapHeap) Less(i, j int) bool { return cmp.Or(h[j].long-h[i].long, h[i].from-h[j].from) < 0 }
func (h gapHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *gapHeap) Push(x any)        { *h = append(*h, x.(gap)) }
func (h *gapHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
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
