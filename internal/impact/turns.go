package impact

import "math"

// A fault that comes and goes changes by itself, and so may one that is young: no action is
// to have done what would have come without it. While it comes and goes for the first time
// nothing tells that it will (TestMarksInCompanies).
const (
	// turnUnits is for how many units what comes and goes stays as it is at most.
	turnUnits = 15
	// turnZ is by how many standard errors a share must be further off than one before.
	turnZ = 2
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
