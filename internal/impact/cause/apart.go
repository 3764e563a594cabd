package cause

import (
	"maps"
	"slices"
	"strings"
)

// Indistinct returns the classes of components that no check tells apart: the
// same checks go through all of a class, so that no pattern of failures can
// say which of them is to blame. It is meant for when the configuration is
// loaded; checksUses maps a check to all that it goes through (the closure
// over depends_on). Classes and their members are sorted. Components that no
// check uses are in no class: they are never suspects.
func Indistinct(checksUses map[string][]string, components []string) [][]string {
	users := make(map[string][]string, len(components)) // :: component -> checks, sorted
	for _, check := range slices.Sorted(maps.Keys(checksUses)) {
		for _, c := range checksUses[check] {
			if u := users[c]; len(u) == 0 || u[len(u)-1] != check {
				users[c] = append(u, check)
			}
		}
	}
	classes := map[string][]string{} // :: users -> components
	sorted := slices.Compact(slices.Sorted(slices.Values(components)))
	for _, c := range sorted {
		if len(users[c]) > 0 {
			key := strings.Join(users[c], "\x00")
			classes[key] = append(classes[key], c)
		}
	}
	var out [][]string
	for _, c := range sorted {
		if class := classes[strings.Join(users[c], "\x00")]; len(class) > 1 && class[0] == c {
			out = append(out, class)
		}
	}
	return out
}

// Separate says which checks would tell the members of a class of Indistinct
// apart: one more check for each component returned, that goes through it and
// through nothing that depends on it. Two twins need one such check, and of
// auth, which depends on cache, it is the one that uses cache alone; the other
// way round would go through both. Components that depend on each other in a
// circle cannot be told apart by any check.
func Separate(class []string, dependsOn map[string][]string) []string {
	members := slices.Sorted(slices.Values(class))
	reach := make(map[string][]string, len(members)) // :: member -> the members that a check of it goes through
	for _, m := range members {
		all := []string{m}
		for i := 0; i < len(all); i++ {
			for _, d := range dependsOn[all[i]] {
				if !slices.Contains(all, d) {
					all = append(all, d)
				}
			}
		}
		for _, x := range all {
			if slices.Contains(members, x) {
				reach[m] = append(reach[m], x)
			}
		}
	}
	// What reaches fewest splits best; a check is worth it when it splits a
	// group that the ones before have left together.
	order := slices.Clone(members)
	slices.SortStableFunc(order, func(a, b string) int { return len(reach[a]) - len(reach[b]) })
	groups := [][]string{members}
	var out []string
	for _, m := range order {
		var next [][]string
		for _, g := range groups {
			var in, not []string
			for _, x := range g {
				if slices.Contains(reach[m], x) {
					in = append(in, x)
				} else {
					not = append(not, x)
				}
			}
			for _, part := range [][]string{in, not} {
				if len(part) > 0 {
					next = append(next, part)
				}
			}
		}
		if len(next) > len(groups) {
			out = append(out, m)
		}
		groups = next
	}
	return out
}
