package cause

import "github.com/statusbot/statusbot/internal/impact"

// Chances that a product is hurt by a cause if no check of it goes through that,
// by what is declared, beside impact.ReachUsed if one does. They are the noisy
// edges of the ranking (docs/causes.md). Where nothing is declared to go by it
// is the chance that a suspicion begins with in impact.
const (
	reachUnused     = 0.03
	reachUndeclared = 0.4
)

// Reach tells how likely a product is hurt by the present trouble, judged by
// what the others saw: list is their evidence, and own the product's checks,
// of which only Uses and Region count. causes are the chances of the
// components. What the product saw itself has no part in it, so that it can be
// weighed by the answer.
func Reach(list, own []impact.Evidence, components []string, metrics map[string]Moved) (hurt float64, causes map[string]float64) {
	f := newField(list, components)
	all := f.hypotheses(metrics)
	if len(all) == 0 {
		return reachUndeclared, nil
	}
	weigh(all)
	unused := reachUndeclared
	type use struct{ component, region string }
	used := map[use]bool{}
	for _, e := range own {
		for _, c := range e.Uses {
			unused = reachUnused
			used[use{c, e.Region}], used[use{c, ""}] = true, true
		}
	}
	causes = map[string]float64{}
	for _, h := range all {
		chance := unused
		if h.undeclared {
			chance = reachUndeclared
		}
		for _, i := range []int{h.first, h.second} {
			if i == none || f.suspects[i].kind != Component {
				continue
			}
			id, region := f.suspects[i].id, ""
			if h.region != none {
				region = f.regions[h.region]
			}
			if used[use{id, region}] {
				chance = impact.ReachUsed
			}
			if causes[id] += h.weight; h.second != none {
				causes[id] -= h.weight / 2
			}
		}
		hurt += h.weight * chance
	}
	return hurt, causes
}
