package impact

import "time"

// baseline is what is usual for a stream. It does not change while a model
// points to it: change makes another one, a few times an hour.
type baseline struct {
	Fail, Slow chain
	Lately     lately
	slow       [latelyMost]*ratios   // :: how many of the last eight were slow, less one
	pending    [pendingCells]pending // those before the one that waits
	season     season

	// Since Returns.First: of what was learnt without trouble, and of troubles that are over.
	Calm, Storms chain
	Restless     bool // returning troubles are usual for it
	Accepted     bool // what it shows was told as trouble, lasted, and was taken as usual
}

// change makes the baseline one that no other model has.
func (s *streamModel) change() *baseline {
	own := *s.baseline
	s.baseline = &own
	return &own
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

// What is learnt waits for an hour, in cells of 10 minutes: failures of 2 %
// on one product are seen within that time as a rule.
const (
	pendingCells = 7
	pendingSpan  = int64(10 * time.Minute)
)
