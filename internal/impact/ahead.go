package impact

import "math"

// Ref is one check of a tracker, by its number as declared.
type Ref struct {
	Tracker *Tracker // nil is none
	Number  int
}

// Ahead reads what ApplyTo needs for a result of each of these checks, and
// returns something of it. It is spread over memory, and what one read gives is
// where the next one goes: for one result after the other each of some twenty reads
// would be waited for; so the reads of all of them are waited for together.
func Ahead(list []Ref) (some uint64) {
	for _, r := range list {
		if r.Tracker != nil {
			c := r.Tracker.list[r.Number]
			some += uint64(c.first.window.head) + uint64(c.asOf) + uint64(c.every)
		}
	}
	for _, r := range list {
		if r.Tracker == nil {
			continue
		}
		c := r.Tracker.list[r.Number]
		if w := &c.first.window; len(w.seen.short) > 0 {
			some += w.seen.short[len(w.seen.short)-1] + w.seen.short[w.from] + w.seen.short[w.head]
		}
		some += uint64(c.first.cells.Newest)
		m := &r.Tracker.now.Streams[c.first.number]
		some += uint64(m.N) + math.Float64bits(m.Pace.Level) + uint64(r.Tracker.design.streams[c.first.number].scopes)
	}
	for _, r := range list {
		if r.Tracker == nil {
			continue
		}
		number := r.Tracker.list[r.Number].first.number
		some += uint64(r.Tracker.now.Streams[number].season.Days)
		if in := r.Tracker.design.in(number); len(in) > 0 {
			some += uint64(in[0])
		}
	}
	for _, r := range list {
		if r.Tracker == nil {
			continue
		}
		all := r.Tracker.now.R
		for _, k := range r.Tracker.design.in(r.Tracker.list[r.Number].first.number) {
			x := (*[block]float32)(all[int(k)*block:])
			some += uint64(math.Float32bits(x[0])) + uint64(math.Float32bits(x[block-1]))
		}
	}
	return some
}
