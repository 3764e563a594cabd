package status

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// wentBack is that the clock of a product's results was set back (impact.Tracker.WentBack).
type wentBack struct {
	product  string
	to, from time.Time
	judge    bool
}

// again reports whether an instant lies in the time that came once more since, and
// something that was said the first time comes after it by the clock.
func (w wentBack) again(at, said time.Time) bool {
	return !at.Before(w.to) && at.Before(said) && !said.After(w.from)
}

// isBack is by how much an instant lies before another one of which it comes
// after, where that is no longer a result that comes late.
const isBack = 2 * time.Minute

// passed reports whether some time has passed since something was done, in the time
// of results. What was done at an instant that is still to come was done by a clock
// that was set back.
func passed(since, now time.Time, long time.Duration) bool {
	d := now.Sub(since)
	return d >= long || d <= -isBack
}

// setBack draws everything else back that goes by the results of products whose
// clock was set back.
func (b *Board) setBack(seq uint64) {
	list := b.detection.back
	b.detection.back = nil
	for _, w := range list {
		b.detection.last = w.to
		b.repeats[w.product] = w
		b.records.setBack(w.product, w.to)
		if w.judge {
			b.detection.lateMarks(w.product, w.to)
			for _, r := range b.records.ofProduct[w.product] {
				if r.def.Measures != "" {
					b.ranking.metrics.cut(r.def.Measures, w.to)
				}
			}
		}
		b.onlyReported(seq, w.to)
	}
}

// WentBack returns to when the clock that results are stamped by was set back, if a
// product has shown that since it was last asked.
func (b *Board) WentBack() (to time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	to, b.detection.last = b.detection.last, time.Time{}
	return to, !to.IsZero()
}

// onlyReported sets those products back, too, of which all is reported from
// outside: reports that lie ahead of our clock are refused, so that what is ahead of
// it is of before, and they cannot tell themselves.
func (b *Board) onlyReported(seq uint64, to time.Time) {
	for _, p := range b.detection.products {
		list := b.records.ofProduct[p.id]
		if len(list) == 0 || slices.ContainsFunc(list, func(r *checkRecord) bool { return !r.def.Passive }) || p.Newest().Sub(to) < isBack {
			continue
		}
		p.SetBack(to, b.position.judges(seq, p.id))
		b.records.setBack(p.id, to)
	}
}

// setBack forgets what was seen of a product's checks after an instant.
func (rs *records) setBack(product string, to time.Time) {
	for _, r := range rs.ofProduct[product] {
		n := len(r.failures)
		r.failures = slices.DeleteFunc(r.failures, func(f checks.Result) bool { return f.Started.After(to) })
		if len(r.failures) < n {
			rs.changed[shardOf(r.def.ID)] = true
		}
		if n := &r.newest; n.started > to.UnixNano() {
			n.started = to.UnixNano() - int64(n.duration)
		}
	}
}

// lateMarks tells a product's tracker of the actions whose instant its results
// would reach once more only after hours: they were before all that comes now.
func (d *detection) lateMarks(product string, to time.Time) {
	if _, ok := d.marks[product]; ok {
		d.reachMarks(product, to)
		if list := d.marks[product]; len(list) > 0 {
			d.of[product].Mark(to)
			delete(d.marks, product)
		}
	}
}

// cut forgets the values of a component after an instant.
func (ms metrics) cut(component string, to time.Time) {
	for _, m := range ms[component] {
		n, _ := slices.BinarySearch(m.at, to.Unix()+1)
		m.at, m.values, m.usual = m.at[:n], m.values[:n], nil
	}
}
