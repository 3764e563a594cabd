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
		if uses(b, were) && !uses(b, are) {
			e, n := half(b, since[i])
			expected, bad = expected+e, bad+n
		}
	}
	return fewer(bad, expected) < movedTail
}

// MayPass reports whether Passes may be so for any cause of what fails now, and whether so
// many checks fail clearly: without it no cause of that need be looked for.
func MayPass(before, since []impact.Evidence, were []string, least int) bool {
	expected, bad, fail := 0.0, 0, 0
	for i, b := range before {
		if keyOf(since[i]).evident() {
			fail++
		}
		if !uses(b, were) {
			continue
		}
		if e, n := half(b, since[i]); float64(n) < e { // what goes on may go through what fails now
			expected, bad = expected+e, bad+n
		}
	}
	return fail >= least && fewer(bad, expected) < movedTail
}

// half returns what of a check's results would be bad at half of its share before, and
// what is; nothing where it did not fail clearly.
func half(before, since impact.Evidence) (expected float64, bad int) {
	key := keyOf(before)
	switch {
	case key.fails():
		return before.Share() * float64(since.Tries) / 2, since.Failures
	case key.slows():
		return float64(before.Slow) / float64(before.Tries-before.Failures) * float64(since.Tries-since.Failures) / 2, since.Slow
	}
	return 0, 0
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
