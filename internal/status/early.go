package status

import (
	"slices"
	"time"
)

// early is what the beginning of the present trouble showed of its cause: later others
// fail by what it does to them.
type early struct {
	Onset  time.Time          `json:"onset"`
	Chance map[string]float64 `json:"chance"` // :: suspect id -> chance; it does not change
}

// earlySpan is how long the beginning lasts. In the simulated cascades a neighbour fails
// after 25 to 40 min; 20 min name a few less.
const earlySpan = 30 * time.Minute

// look keeps what is thought while the trouble is young.
func (e *early) look(c Causes) {
	if c.At.Sub(c.Since) > earlySpan {
		return
	}
	e.Onset, e.Chance = c.Since, make(map[string]float64, len(c.Suspects))
	for _, s := range c.Suspects {
		e.Chance[s.ID] = s.Score
	}
}

// firstLeast is the chance from which on the beginning showed a cause: two that no check
// tells apart have a half each.
const firstLeast = 0.4

// first returns the ids of what failed first in a trouble with that onset, sorted.
func (e *early) first(onset time.Time) (ids []string) {
	if e.Onset.Sub(onset).Abs() > earlySpan {
		return nil
	}
	for id, chance := range e.Chance {
		if chance >= firstLeast {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// chances returns it for a trouble with that onset; nil where that is young, or it was of another one.
func (e *early) chances(onset, now time.Time) map[string]float64 {
	if now.Sub(onset) <= earlySpan || e.Onset.Sub(onset).Abs() > earlySpan {
		return nil
	}
	return e.Chance
}
