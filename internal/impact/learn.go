package impact

import "math"

// record counts a result towards the baseline: at once while all is known to
// be normal, else an hour later if no trouble came of it.
func (m *model) record(d *design, s *streamModel, r *sight) {
	if r.at < d.normal {
		b := s.change()
		b.Fail.add(1, float64(index(r.failed())), float64(index(r.failed() && r.failedBefore)))
		if r.served() && s.Pace.N >= paceKnown {
			b.Slow.add(1, float64(index(r.size.slow())), 0)
			var c lateCounts
			c.count(r.late, r.size)
			b.Lately.add(&c)
		}
		if int64(b.Fail.N)%64 == 0 {
			s.learnt()
		}
		return
	}
	if m.Trouble.On {
		return
	}
	p := &s.waiting
	if cell := uint32(r.at / pendingSpan); p.cell != cell {
		b := s.change()
		s.calm(&m.Returns, r.at)
		if p.cell > 0 {
			b.waits.put(int(p.cell%pendingCells), *p)
		}
		old := b.waits.get(int(cell % pendingCells))
		if old.N > 0 && old.begin() >= m.Learn && old.cell < cell {
			b.Fail.add(float64(old.N), float64(old.Bad), float64(old.Again))
			if m.Returns.First > 0 {
				c := b.back()
				c.Calm.add(float64(old.N), float64(old.Bad), float64(old.Again))
				b.setBack(c)
			}
			b.Slow.add(float64(old.SlowN), float64(old.Slow), 0)
			b.Lately.add(&old.Late)
			b.Fail.forget()
			s.learnt()
		}
		b.waits.put(int(cell%pendingCells), pending{})
		*p = pending{cell: cell}
	}
	if p.N == math.MaxUint16 {
		return
	}
	p.N++
	p.Bad += uint16(index(r.failed()))
	p.Again += uint16(index(r.failed() && r.failedBefore))
	if r.served() && s.Pace.N >= paceKnown {
		p.SlowN++
		p.Slow += uint16(index(r.size.slow()))
		p.Late.count(r.late, r.size)
	}
}

// unlearn forgets what waits to be learnt of results after an instant.
func (s *streamModel) unlearn(after int64) {
	forget := func(p pending) bool { return p != (pending{}) && p.begin()+pendingSpan > after }
	if forget(s.waiting) {
		s.waiting = pending{}
	}
	if !s.waits.any(forget) {
		return
	}
	b := s.change()
	for j := range pendingCells {
		if forget(b.waits.get(j)) {
			b.waits.put(j, pending{})
		}
	}
}
