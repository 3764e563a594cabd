package cause

import (
	"math"
	"slices"

	"github.com/statusbot/statusbot/internal/impact"
)

// movedTail is how likely at most so few failures come while what failed goes on at half
// of its share.
const movedTail = 0.01

// Told returns the ids of the causes that a ranking tells, sorted; none where it tells none.
func (r Ranking) Told() []string {
	switch r.Verdict {
	case Clear, OurVantage:
		ids := []string{r.Suspects[0].ID}
		if with := r.Suspects[0].With; with != "" {
			ids = append(ids, with)
		}
		slices.Sort(ids)
		return ids
	case Ambiguous:
		return r.Same
	}
	return nil
}

// Passes reports whether what failed by causes that were told passes again, beside those of what fails
// now: of the checks that failed clearly before, those that go through one of the former and none of the
// latter fail at less than half of what they did. The lists are what the same checks saw, in the same order,
// before an instant and since.
func Passes(before, since []impact.Evidence, were, are []string) bool {
	expected, bad := 0.0, 0
	for i, b := range before {
		key := keyOf(b)
		if !key.evident() || !uses(b, were) || uses(b, are) {
			continue
		}
		s := since[i]
		was, of, is, now := b.Failures, b.Tries, s.Failures, s.Tries
		if !key.fails() {
			was, of, is, now = b.Slow, b.Tries-b.Failures, s.Slow, s.Tries-s.Failures
		}
		expected += float64(was) / float64(of) * float64(now) / 2
		bad += is
	}
	return fewer(bad, expected) < movedTail
}

func uses(e impact.Evidence, causes []string) bool {
	return slices.ContainsFunc(e.Uses, func(id string) bool { return slices.Contains(causes, id) }) || slices.Contains(causes, VantagePrefix+e.Vantage)
}

// fewer returns the chance of k or fewer where so many are expected, by Poisson's law.
func fewer(k int, expected float64) float64 {
	p := math.Exp(-expected)
	sum := p
	for i := range k {
		p *= expected / float64(i+1)
		sum += p
	}
	return sum
}
