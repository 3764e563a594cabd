package impact

import "time"

// near is what is known of failures of different checks at one moment. A stall of a
// place, or of what stands in front of a product, lets several checks fail within
// seconds of each other: that is one event, and not as many. It is a chain as that of
// one check, over those seen from one vantage and, apart, over those of several;
// how often it happens is learnt while all is as usual, so that a product in which it
// never does pays nothing.
type near struct {
	Usual [2]chain // of results soon after another check's failure, seen from one vantage or from several: Bad are those that failed
	Now   [2]chain // the same since Begun, not yet known to be usual
	Begun int64
	Last  [nearKept]struct { // newest failures, each of another stream, newest first
		Stream int32 // its number and 1; 0 while there is none
		At     int64
	}
}

// Moment is how soon after another check's failure one is no news of its own: the
// time-out of most checks, and the length of the stalls that are to be known.
const Moment = 30 * time.Second

const (
	nearKept = 6
	nearSpan = int64(Moment)
	// nearWait is when what was counted is known to be usual, if no trouble came of it.
	nearWait = int64(time.Hour)
	// nearBlip is how long a trouble is a blip at most, which is usual where it comes
	// again and again; what lasts longer is none.
	nearBlip  = int64(time.Minute)
	nearFew   = 4     // and so is one of so few failures: a usual one may have come soon after it
	nearLeast = 2     // coincidences from which they are known to happen
	nearMost  = 4_000 // results after which the older ones count half
)

// of returns whether another stream failed just before, and whether only some seen
// from another vantage did.
func (n *near) of(d *design, stream int, at int64) (soon bool, elsewhere int) {
	vantage := d.streams[stream].vantage
	for i := range n.Last {
		l := &n.Last[i]
		if l.Stream == 0 || at-l.At > nearSpan {
			break
		}
		if int(l.Stream-1) == stream {
			continue
		}
		if d.streams[l.Stream-1].vantage == vantage {
			return true, 0
		}
		soon, elsewhere = true, 1
	}
	return soon, elsewhere
}

// failed notes a failure of a stream.
func (n *near) failed(stream int, at int64) {
	i := 0
	for i < nearKept-1 && int(n.Last[i].Stream-1) != stream {
		i++
	}
	copy(n.Last[1:i+1], n.Last[:i])
	n.Last[0].Stream, n.Last[0].At = int32(stream)+1, at
}

// share returns how many of such results fail as a rule, 0 while that is not known.
func (n *near) share(elsewhere int) float64 {
	c := &n.Usual[elsewhere]
	if c.Bad < nearLeast {
		return 0
	}
	return c.Bad / (c.N + 5)
}

// count takes in a result that came soon after another check's failure.
func (n *near) count(elsewhere int, at int64, bad bool) {
	if at-n.Begun > nearWait {
		n.settle()
	}
	if n.Begun == 0 {
		n.Begun = at
	}
	n.Now[elsewhere].add(1, float64(index(bad)), 0)
}

// settle takes what was counted as usual.
func (n *near) settle() {
	for i := range n.Usual {
		u := &n.Usual[i]
		u.add(n.Now[i].N, n.Now[i].Bad, 0)
		if u.N > nearMost {
			u.halve()
		}
	}
	n.drop()
}

// drop forgets what was counted since it was last usual.
func (n *near) drop() { n.Now, n.Begun = [2]chain{}, 0 }

// end says that a trouble is over. What was down is no blip.
func (n *near) end(t *trouble) {
	if !t.most() && (t.LastBad-t.Onset <= nearBlip || t.Bad <= nearFew) {
		n.settle()
		return
	}
	n.drop()
}

// together weighs a result in the light of what other checks of the product saw just
// before it: the ratios that are right for it, and whether it is one after a bad one.
func (m *model) together(d *design, stream int, r *sight) (*ratios, bool) {
	s := &m.Streams[stream]
	soon, elsewhere := m.Near.of(d, stream, r.at)
	if r.failed() {
		m.Near.failed(stream, r.at)
	}
	if !soon {
		return s.fail, r.failedBefore
	}
	r.beside = besideHere
	if elsewhere > 0 {
		r.beside = besideElsewhere
	}
	again := m.Near.share(elsewhere)
	if !m.Trouble.On {
		m.Near.count(elsewhere, r.at, r.failed())
	}
	if usual := s.fail.first; r.failedBefore && again > s.fail.again || !r.failedBefore && again > usual {
		return ratiosOf(s.fail.share, max(again, s.fail.share)), true
	}
	return s.fail, r.failedBefore
}

// forgotten returns it for another design, in which the streams have other numbers.
func (n near) forgotten() near {
	clear(n.Last[:])
	return n
}

// renumbered returns it for streams that have other numbers, by the old ones.
func (n near) renumbered(number map[int]int) near {
	last := n.Last
	n = n.forgotten()
	k := 0
	for _, l := range last {
		if now, ok := number[int(l.Stream)-1]; ok {
			n.Last[k].Stream, n.Last[k].At = int32(now)+1, l.At
			k++
		}
	}
	return n
}
