package impact

import (
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

const slotCount = 60

// slots counts the results of a product over a sliding span in sixty steps:
// enough for a decision, in constant memory whatever the number of checks.
type slots struct {
	step  time.Duration
	cells [slotCount]struct {
		n      int64 // number of the step since 1970; a cell of another round counts as empty
		counts Counts
	}
}

func newSlots(span time.Duration) slots { return slots{step: max(span/slotCount, time.Millisecond)} }

func (s *slots) add(at time.Time, o checks.Outcome) {
	n := at.UnixNano() / int64(s.step)
	c := &s.cells[n%slotCount]
	switch {
	case c.n < n:
		c.n, c.counts = n, Counts{}
	case c.n > n:
		return // older than the whole span
	}
	c.counts.add(o, 1)
}

func (s *slots) sum(now time.Time) Counts {
	newest := now.UnixNano() / int64(s.step)
	var total Counts
	for i := range s.cells {
		if c := &s.cells[i]; c.n > newest-slotCount && c.n <= newest {
			total = total.plus(c.counts)
		}
	}
	return total
}

func (s *slots) reset() { *s = slots{step: s.step} }
