package impact

import "time"

// returns are the troubles of a product that came back. A check that fails
// more now and then for months is told a few times; then that it does so is
// usual, and trouble is what is worse than that. What it shows between its
// troubles is no measure of it: by that alone the next one would be an alarm
// again, for ever.
type returns struct {
	First int64 // onset of the first one; 0 when there is none
	Last  int64 // end of the last one
	Count int   // that are over
}

const (
	returnsGap   = 14 * 24 * time.Hour // after so long without one, the next is no return
	returnsSpan  = failLasts           // they must have come back for as long as a trouble without an end lasts
	returnsLeast = 3
	returnsKept  = 60 * 24 * time.Hour // the first half of a longer time is forgotten
	returnsShare = 0.01                // over all that time so many fail at least,
	returnsPart  = 0.1                 // and such a part of it was trouble: else there were just some incidents
)

// begin notes a trouble with its first counts.
func (r *returns) begin(m *model) {
	t := &m.Trouble
	switch {
	case r.over(t.Onset):
		*r = returns{First: t.Onset, Last: t.Onset}
		for i := range m.Streams {
			m.Streams[i].change().setBack(cameBack{})
		}
	case t.Onset-r.First > int64(returnsKept):
		r.First += (t.Onset - r.First) / 2
		for i := range m.Streams {
			b := m.Streams[i].change()
			c := b.back()
			c.Calm.halve()
			c.Storms.halve()
			b.setBack(c)
		}
	}
}

// over reports whether it was long without trouble, so that the next is no return.
func (r *returns) over(at int64) bool { return r.First == 0 || at-r.Last > int64(returnsGap) }

// end notes that a trouble is over. It reports whether such troubles are taken
// as usual from now on, and which share failed since the first one.
func (r *returns) end(m *model, at int64) (usual bool, share float64) {
	t := &m.Trouble
	if t.Slow || float64(t.HitBad) > lastingAtMost*float64(t.HitN) {
		return false, 0
	}
	r.Count++
	r.Last = at
	n, bad := 0.0, 0.0
	for i := range m.Streams {
		s := &m.Streams[i]
		b := s.change()
		c := b.back()
		c.Storms.add(float64(s.N), float64(s.Bad), float64(s.Again))
		b.setBack(c)
		all := b.all()
		if !b.Restless && r.Count >= returnsLeast && at-r.First >= int64(returnsSpan) && all.mean(failPrior) >= returnsShare && c.Storms.N >= returnsPart*all.N {
			b.Restless = true
			n, bad = n+all.N, bad+all.Bad
		}
		if b.Restless {
			s.learnt()
		}
	}
	return n > 0, bad / max(n, 1)
}

// all is what was seen since the first of several troubles, but for what lay
// so near to one that it was not learnt.
func (b *baseline) all() chain {
	c := b.back()
	c.Calm.add(c.Storms.N, c.Storms.Bad, c.Storms.Again)
	return c.Calm
}

// calm ends that troubles are usual for a stream, when none came back for
// long; the baseline is one of this model's own.
func (s *streamModel) calm(r *returns, at int64) {
	if s.Restless && r.over(at) {
		s.Restless = false
		s.learnt()
	}
}

// usual is what the stream is judged by: what it shows without trouble, or in
// its troubles if these are usual.
func (s *streamModel) usual() chain {
	if s.Restless {
		return s.back().Storms
	}
	return s.Fail
}
