package impact

import (
	"math"
	"slices"
	"time"
)

// briefs are a product's short troubles of one kind: a deploy, a stall of the network, two
// failures that met by chance. What comes back and is over by itself is told a few times;
// then the next one is told when it outlasts those before.
type briefs struct {
	Ended  [briefsKept]int64 // unix nanoseconds, 0 while there is none
	Lasted [briefsKept]int64
	Next   int32 // where the next one is put
}

const (
	// briefMost is how long a short trouble lasts at most: shorter than what a single check
	// has to be told of while it lasts, from three minutes on.
	briefMost = int64(2 * time.Minute)
	// briefsLeast is from how many on the next one is expected, as of what returns.
	briefsLeast = returnsLeast
	// briefsKept: of so many and one more that are alike, the last is the longest once in nine times.
	briefsKept = 8
	briefsSpan = int64(30 * 24 * time.Hour) // after which one is forgotten
)

// usual returns how long the next short trouble lasts at most, as far as those before
// tell; 0 while they are too few.
func (b *briefs) usual(at int64) int64 {
	n, longest := 0, int64(0)
	for i, ended := range b.Ended {
		if ended > 0 && at-ended <= briefsSpan {
			n++
			longest = max(longest, b.Lasted[i])
		}
	}
	if n < briefsLeast {
		return 0
	}
	return outlasts(longest)
}

// outlasts returns from when on a trouble is longer than the longest before: what is
// looked at every half a minute is known to have lasted so long within a moment.
func outlasts(longest int64) int64 { return int64(quietFactor*float64(longest)) + nearSpan }

// add notes a trouble that is over, if it was short and not most failed, and returns it.
func (b *briefs) add(t *trouble) ended {
	until := max(t.Lasts.Until, t.Onset)
	e := ended{Onset: t.Onset, Until: until, Short: until-t.Onset <= briefMost && !t.most()}
	if e.Short {
		b.Ended[b.Next], b.Lasted[b.Next] = until, until-t.Onset
		b.Next = (b.Next + 1) % briefsKept
	}
	return e
}

// most reports whether surely most failed of what took part: it was down.
func (t *trouble) most() bool { return !t.Slow && mostFail(t.HitAtBad, t.HitBad, outageOdds) }

// lasts follows until when a trouble lasted, most likely, while it is not over: the bad
// result up to which all is explained best by some share of the grid. It is what ending
// finds, before single results are forgotten.
type lasts struct {
	Until int64
	L     [rateCount]float64 // likelihood of each share against what is usual, as a part of the best one at Until
}

// begin takes in what the trouble was noticed by.
func (l *lasts) begin(m *model, mc machine, at int64) {
	var sum [rateCount]float64
	for i := range m.Streams {
		if s := &m.Streams[i]; s.Hit {
			of := &s.ratios(mc).of[0]
			for r := range sum {
				sum[r] += float64(s.Bad)*math.Log(of[1][r]) + float64(s.N-s.Bad)*math.Log(of[0][r])
			}
		}
	}
	*l = lasts{Until: at}
	most := slices.Max(sum[:])
	for r, x := range sum {
		l.L[r] = math.Exp(x - most)
	}
}

// add takes in a result of a check that takes part.
func (l *lasts) add(lr *[rateCount]float64, at int64, bad bool) {
	most := 0.0
	for r := range lr {
		l.L[r] *= lr[r]
		most = max(most, l.L[r])
	}
	if bad && most >= 1 {
		l.Until = at
		for r := range l.L {
			l.L[r] /= most
		}
	}
}

// Brief reports whether the present trouble may be one of the short ones that come back:
// it was noticed before it outlasted these, and since then nothing shows that it goes on.
func (t *Tracker) Brief() bool {
	tr := &t.now.Trouble
	return tr.On && !tr.Outage && tr.Hold > 0 && tr.Began-tr.Onset <= tr.Hold && !t.GoesOn()
}
