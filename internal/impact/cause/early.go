package cause

import "math"

// earlyNats is what a chance by the beginning of a trouble counts for later: 4.6 nats at most,
// about as much as two at once are unlikelier than one (priorPair). Twice as much names as
// many right causes in cascades, and is clear and wrong more often (TestSpreading).
func earlyNats(chance float64) float64 { return math.Log1p(chance / leastScore) }

// began notes what the beginning showed, :: suspect id -> chance.
func (f *field) began(early map[string]float64) {
	for i := range f.suspects {
		f.suspects[i].early = earlyNats(early[f.suspects[i].id])
	}
}

// before returns which part of the chance of two together is told of the first: half, or
// more of the one that failed before the other.
func (f *field) before(first, second int) float64 {
	return 1 / (1 + math.Exp(f.suspects[second].early-f.suspects[first].early))
}
