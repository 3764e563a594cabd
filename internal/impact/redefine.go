package impact

import (
	"cmp"
	"slices"

	"github.com/statusbot/statusbot/internal/checks"
)

// Redefine follows the product with these checks from now on. What was seen of
// those that stay is kept; what was seen of those that went counts no longer.
func (t *Tracker) Redefine(list []checks.Check) {
	old := t.checks
	t.checks, t.list = make(map[string]*checkState, len(list)), nil
	for _, c := range list {
		s, ok := old[c.ID]
		if !ok {
			t.follow(c)
			continue
		}
		s.every, s.window.expect = c.Every, expected(t.window, c.Every)
		t.checks[c.ID] = s
		t.list = append(t.list, s)
		delete(old, c.ID)
	}
	if len(old) > 0 {
		t.forget(old)
	}
}

// forget takes out what some checks contributed. The counts of the product do
// not say whose they are, so they are made anew from the windows that stay.
func (t *Tracker) forget(gone map[string]*checkState) {
	for _, c := range gone {
		for _, s := range c.window.all() {
			if s.served() {
				t.latency.add(s.took(), -1)
			}
		}
	}
	var told []seen
	for _, c := range t.list {
		for _, s := range c.window.all() {
			if outcomes[s.outcome] != checks.Unknown {
				told = append(told, s)
			}
		}
	}
	slices.SortStableFunc(told, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	t.evidence.reset()
	t.recent.reset()
	t.last5 = [keepAtLeast]checks.Outcome{}
	for _, s := range told {
		o := outcomes[s.outcome]
		if s.end().After(t.since) {
			t.evidence.add(s.end(), o)
		}
		t.recent.add(s.end(), o)
		copy(t.last5[1:], t.last5[:])
		t.last5[0] = o
	}
}
