package status

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// moved is that what fails is no longer what failed when the present trouble began: from
// then on alone the cause is looked for. The zero value says that it is still the same.
type moved struct {
	At   time.Time `json:"at"`             // all since then is of the new cause
	Over []string  `json:"over,omitempty"` // ids of the causes that were told until then, and are none any more
}

// overTold is how long it is told what the cause was before.
const overTold = time.Hour

// told returns what is told of it.
func (m *moved) told(now time.Time) (at time.Time, over []string) {
	if len(m.Over) == 0 || now.Sub(m.At) > overTold {
		return time.Time{}, nil
	}
	return m.At, m.Over
}

// movedSpans are how long ago what fails may have changed, in cells of what is remembered:
// 5 to 10 min, and so on. The shortest that shows it is taken.
var movedSpans = [...]time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute}

// movedLeast is how many checks fail clearly by what is told to be the cause from then on.
const movedLeast = 2

// began returns since when the cause of a trouble with that onset is looked for.
func (m *moved) began(onset, now time.Time) time.Time {
	if m.At.After(now) { // the clock was set back
		*m = moved{}
	}
	if m.At.After(onset) {
		return m.At
	}
	return onset
}

// moves looks whether something else fails than when the trouble began, and what failed
// then passes again. From there on the cause is told by what was seen since.
func (r *ranking) moves(products []followed, now time.Time) {
	first := r.early.first(r.causes.Since)
	if len(first) == 0 {
		return
	}
	var since, before []impact.Evidence
	for _, span := range movedSpans {
		at := now.Add(-span).Truncate(impact.CellSpan)
		if at.Sub(r.causes.Since) < impact.CellSpan {
			continue
		}
		since = since[:0]
		for _, p := range products {
			since = p.AppendEvidence(since, at)
		}
		before = append(before[:0], r.evidence...)
		for i := range before {
			b, s := &before[i].Counts, since[i].Counts
			b.Tries, b.Failures, b.Slow = b.Tries-s.Tries, b.Failures-s.Failures, b.Slow-s.Slow
		}
		if !cause.MayPass(before, since, first, movedLeast) {
			continue
		}
		c := Causes{Ranking: cause.Rank(since, r.components, r.metricScores(at, now), nil), At: now, Since: at}
		told := c.Told()
		over := without(first, told)
		if c.Verdict == cause.OurVantage || len(told) == 0 || c.Suspects[0].Failing < movedLeast || len(over) == 0 || !cause.Passes(before, since, over, told) {
			continue
		}
		r.evidence = append(r.evidence[:0], since...)
		r.causes, r.moved = c, moved{At: at, Over: over}
		return
	}
}

// without returns the ids that are not among others, sorted, each once.
func without(ids, others []string) []string {
	left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(others, id) })
	slices.Sort(left)
	return slices.Compact(left)
}
