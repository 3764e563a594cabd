package impact

import (
	"math"
	"slices"
	"time"
)

// baseline is what is usual for a stream. It does not change while a model
// points to it: change makes another one, a few times an hour.
type baseline struct {
	Fail, Slow chain
	Lately     lately
	slow       [latelyMost]*ratios // :: how many of the last eight were slow, less one
	waits      pendings            // those before the one that waits
	season     *season             // likewise one that does not change: see changeSeason
	came       *cameBack           // nil for most: no trouble came back
	Restless   bool                // returning troubles are usual for it
	Accepted   bool                // what it shows was told as trouble, lasted, and was taken as usual
}

// cameBack is what was learnt without trouble, and of troubles that are over, since
// Returns.First. It does not change either.
type cameBack struct{ Calm, Storms chain }

// back returns that, of which nothing is known where no trouble came back.
func (b *baseline) back() cameBack {
	if b.came == nil {
		return cameBack{}
	}
	return *b.came
}

// setBack sets it; the baseline is one of one model's own.
func (b *baseline) setBack(c cameBack) {
	if b.came = nil; c != (cameBack{}) {
		b.came = &c
	}
}

// change makes the baseline one that no other model has.
func (s *streamModel) change() *baseline {
	own := *s.baseline
	s.baseline = &own
	return &own
}

// changeSeason makes the season one as well.
func (s *streamModel) changeSeason() {
	own := *s.season
	own.tops, own.week = clone(own.tops), clone(own.week)
	s.change().season = &own
}

// pending counts results of 10 minutes that are not learnt yet: whether they
// were normal shows only later.
type pending struct {
	cell          uint32 // number of the 10 minutes since 1970; 0 while it is none
	N, Bad, Again uint16
	SlowN, Slow   uint16
	Late          lateCounts
}

// begin is in unix nanoseconds.
func (p pending) begin() int64 { return int64(p.cell) * pendingSpan }

// most is the largest of its counts.
func (p *pending) most() uint16 {
	return max(p.N, p.Bad, p.Again, p.SlowN, p.Slow, slices.Max(p.Late.N[:])) // no other of Late is more than N
}

// What is learnt waits for an hour, in cells of 10 minutes: failures of 2 %
// on one product are seen within that time as a rule.
const (
	pendingCells = 7
	pendingSpan  = int64(10 * time.Minute)
)

// pendings are those of an hour: in 168 bytes of a check that runs every 3 s or more
// seldom, in 280 more of one that had more than 255 results in 10 minutes.
type pendings struct {
	small [pendingCells]smallPending
	large *[pendingCells]pending // instead of small, unless nil; it does not change
}

// smallPending is pending in 24 bytes.
type smallPending struct {
	cell                       uint32
	n, bad, again, slowN, slow uint8
	lateN, lateBad             [latelyMost]uint8
	lateOver, lateFar          [latelyMost]uint8
}

func (l *pendings) get(i int) pending {
	if l.large != nil {
		return l.large[i]
	}
	x := &l.small[i]
	p := pending{cell: x.cell, N: uint16(x.n), Bad: uint16(x.bad), Again: uint16(x.again), SlowN: uint16(x.slowN), Slow: uint16(x.slow)}
	for k := range latelyMost {
		p.Late.N[k], p.Late.Bad[k] = uint16(x.lateN[k]), uint16(x.lateBad[k])
		p.Late.Over[k], p.Late.Far[k] = uint16(x.lateOver[k]), uint16(x.lateFar[k])
	}
	return p
}

// put sets one; what it is part of is one model's own.
func (l *pendings) put(i int, p pending) {
	if l.large == nil && p.most() <= math.MaxUint8 {
		x := smallPending{cell: p.cell, n: uint8(p.N), bad: uint8(p.Bad), again: uint8(p.Again), slowN: uint8(p.SlowN), slow: uint8(p.Slow)}
		for k := range latelyMost {
			x.lateN[k], x.lateBad[k] = uint8(p.Late.N[k]), uint8(p.Late.Bad[k])
			x.lateOver[k], x.lateFar[k] = uint8(p.Late.Over[k]), uint8(p.Late.Far[k])
		}
		l.small[i] = x
		return
	}
	all, most := l.all(), uint16(0)
	all[i] = p
	for k := range all {
		most = max(most, all[k].most())
	}
	if most > math.MaxUint8 {
		*l = pendings{large: &all}
		return
	}
	*l = pendings{}
	for k, p := range all {
		l.put(k, p)
	}
}

func (l *pendings) all() (out [pendingCells]pending) {
	for i := range out {
		out[i] = l.get(i)
	}
	return out
}

// any reports whether one is such.
func (l *pendings) any(is func(pending) bool) bool {
	all := l.all()
	return slices.ContainsFunc(all[:], is)
}
