package impact

import (
	"math"
	"math/bits"
)

// lately is how likely an answer is slow by how many of the last eight of its check were: a
// latency that wanders for a quarter of an hour and comes back makes runs of slow
// answers, which a chain that knows only the last one takes for so many events. It is learnt like
// the share itself; where slow answers do not follow each other all of it is that share.
type lately struct {
	N, Bad    [latelyMost]float32 // :: how many were slow, less one -> answers after such, and slow ones among them
	Over, Far [latelyMost]float32 // :: likewise -> answers of these sizes
}

// slowKept is how many answers weigh in what is learnt of slow ones, two weeks of a check that runs every 10 s: when there
// are more all count half. They are not forgotten by age as failures are: the level and the limit follow by themselves, so that
// the share stays; and the states of those that wander need what there is of them: with three days of answers gusts are told a quarter more often.
const slowKept = 120_000

const (
	// latelyMost is from how many of the last eight on it makes no difference. With 4, 8 and 12 answers and 1, 3, 4 and 6 slow ones: by simulation of one
	// check whose answers wander by a fifth, 38, 11, 1 and 0 alarms where the last one alone is known; more than 3 tell a real slowness later.
	latelyMost = 3
	// latelyPrior is so many answers at the share of the state before: of a check that is steady the last
	// state has some ten in two days. With 4 and 60 of them .97 and 1.42 alarms come of such weather in place of 1.16, and one slow check of four is told after 7 and 6 results in place of 6.
	latelyPrior = 30
)

// lateOf is the state of a check by its last eight answers, a bit each.
func lateOf(last uint8) uint8 { return uint8(min(bits.OnesCount8(last), latelyMost)) }

func (l *lately) add(o *lateCounts) {
	for i := range l.N {
		l.N[i] += float32(o.N[i])
		l.Bad[i] += float32(o.Bad[i])
		l.Over[i] += float32(o.Over[i])
		l.Far[i] += float32(o.Far[i])
	}
}

// sized takes what stands in for sizes that an older version did not count.
func (l *lately) sized() {
	for i, n := range l.N {
		if l.Over[i] == 0 {
			l.Over[i] = overPrior * (n - l.Bad[i])
		}
		if l.Far[i] == 0 {
			l.Far[i] = farPrior * l.Bad[i]
		}
	}
}

func (l *lately) halve() {
	for i := range l.N {
		l.N[i], l.Bad[i], l.Over[i], l.Far[i] = l.N[i]/2, l.Bad[i]/2, l.Over[i]/2, l.Far[i]/2
	}
}

// again returns how likely an answer is slow in each state, on the high side as chain.safe: by one standard error
// of what was slow, and no less than in the state before, by which it is judged while there are few.
func (l *lately) again(share float64) (out [latelyMost]float64) {
	for i := range out {
		bad := float64(l.Bad[i])
		share = min(max(share, (bad+math.Sqrt(bad)+latelyPrior*share)/(float64(l.N[i])+latelyPrior)), 0.95)
		out[i] = share
	}
	return out
}

// lateCounts are those of some minutes, which wait to be learnt.
type lateCounts struct{ N, Bad, Over, Far [latelyMost]uint16 }

// count takes in an answer in a state.
func (c *lateCounts) count(state uint8, z size) {
	if state > 0 {
		c.N[state-1]++
		c.Bad[state-1] += uint16(index(z.slow()))
		c.Over[state-1] += uint16(index(z == sizeOver))
		c.Far[state-1] += uint16(index(z == sizeFar))
	}
}
