package impact

import (
	"math"
	"slices"
	"time"
)

// A fault that comes and goes changes by itself, and so may one that is young: no action is
// to have done what would have come without it. While it comes and goes for the first time
// nothing tells that it will (TestMarksInCompanies).
const (
	// turnUnits is for how many units what comes and goes stays as it is at most.
	turnUnits = 15
	// turnZ is by how many standard errors a share must be further off than one before.
	turnZ = 2
	// earlierNats is how many nats more a half of the share that fails must explain of what was
	// before a trouble than a twelfth of it, for that to be the same trouble.
	earlierNats = 7
	// youngUnits is what the units of a trouble before an action and those after it must make,
	// multiplied: what began five minutes ago is over by itself in the next five as often as
	// what began an hour ago in the next hour.
	youngUnits = 50
)

// turns reports whether a share that changed shortly before an action, by itself,
// may just have changed once more: it is no further off than it was before that.
func turns(former, before, after [][]Minute) bool {
	if len(instants(former)) < effectLeastUnits || len(instants(before)) >= turnUnits {
		return false
	}
	z := failureOdds(totals(former), totals(after))
	return math.Abs(z) < turnZ || z > 0 != (failureOdds(totals(before), totals(after)) > 0)
}

// WithEarlierTurns returns a product's units from the beginning of its trouble on, and those since
// the same was there before, if it was: what came and went may do so again whatever is done.
// Units are those of up to an hour before an action, and since it.
func WithEarlierTurns(units []Minute, since, at time.Time) []Minute {
	n, _ := slices.BinarySearchFunc(units, since, beginsAt)
	m, _ := slices.BinarySearchFunc(units, at, beginsAt)
	now := total(units[n:max(n, m)])
	if now.Failures < stepLeast {
		return units[n:]
	}
	high, low := now.Value()/2, now.Value()/12
	begin, nats := 0, 0.0
	for i, u := range units[:n] {
		if nats <= 0 {
			begin, nats = i, 0
		}
		nats += float64(u.Failures)*math.Log(high/low) + float64(u.Tries-u.Failures)*math.Log((1-high)/(1-low))
		if nats >= earlierNats {
			return units[begin:]
		}
	}
	return units[n:]
}

func beginsAt(m Minute, at time.Time) int { return m.At.Compare(at) }
