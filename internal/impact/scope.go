package impact

import (
	"maps"
	"slices"
)

// A scope is a part of a product that may be hurt by itself: all of its
// checks, one check, those that use a component, those of one region, those
// run from one vantage. Parts with the same members are one.
type scope struct {
	key     string // "all", "check:pay/charge", "component:edge-lb", "region:eu", "vantage:fra"
	weight  float64
	members []int // streams
}

// Weights of the classes of scopes, before those that are not there are left
// out. "all" is by far the commonest trouble and the quickest to see.
const (
	weightAll    = 0.45
	weightChecks = 0.3
	weightGroups = 0.25
)

// scopesOf returns the scopes of a product's streams, "all" first, then by
// key: the same streams give the same scopes.
func scopesOf(streams []stream) []scope {
	of := membersOf(streams)
	keys := slices.Sorted(maps.Keys(of))
	all := make([]int, len(streams))
	for i := range all {
		all[i] = i
	}
	out := append(make([]scope, 0, len(keys)+1), scope{key: "all", members: all})
	known := bySize{}
	known.add(0, out)
	checks, groups := 0, 0
	for _, k := range keys {
		members := of[k]
		if known.find(members, out) >= 0 {
			continue
		}
		if first := members[0]; len(members) == 1 { // a hundred thousand lists of one would be as many pieces of memory
			members = all[first : first+1 : first+1]
		}
		out = append(out, scope{key: k, members: members})
		known.add(len(out)-1, out)
		if k[:2] == "ch" {
			checks++
		} else {
			groups++
		}
	}
	total := weightAll
	if checks > 0 {
		total += weightChecks
	}
	if groups > 0 {
		total += weightGroups
	}
	for i := range out {
		switch out[i].class() {
		case classAll:
			out[i].weight = weightAll / total
		case classCheck:
			out[i].weight = weightChecks / total / float64(checks)
		case classGroup:
			out[i].weight = weightGroups / total / float64(groups)
		}
	}
	return out
}

// membersOf returns the streams of each scope but "all", by its key.
func membersOf(streams []stream) map[string][]int {
	of := map[string][]int{}
	for i, s := range streams {
		of["check:"+s.of.id] = append(of["check:"+s.of.id], i)
		if s.vantage != "" {
			of["vantage:"+s.vantage] = append(of["vantage:"+s.vantage], i)
		}
		if r := s.of.region; r != "" {
			of["region:"+r] = append(of["region:"+r], i)
		}
		for _, c := range s.of.uses {
			of["component:"+c] = append(of["component:"+c], i)
		}
	}
	return of
}

// Classes of scopes: those of one class weigh the same.
const (
	classAll = iota
	classCheck
	classGroup
)

func (s *scope) class() int {
	switch {
	case s.key == "all":
		return classAll
	case s.key[:2] == "ch":
		return classCheck
	default:
		return classGroup
	}
}

// ofComponents returns the scope of each component, by its members: it may
// have the name of another part with the same.
func ofComponents(streams []stream, scopes []scope) map[string]int {
	members := map[string][]int{}
	for i, s := range streams {
		for _, c := range s.of.uses {
			members[c] = append(members[c], i)
		}
	}
	known := bySize{}
	for k := range scopes {
		known.add(k, scopes)
	}
	out := map[string]int{}
	for c, list := range members {
		out[c] = known.find(list, scopes)
	}
	return out
}

// bySize finds scopes by their members: a product of 10,000 checks has more than
// 10,000 of them. It is :: first member, number of members -> scopes.
type bySize map[[2]int][]int

func sizeOf(members []int) [2]int {
	if len(members) == 0 {
		return [2]int{}
	}
	return [2]int{members[0], len(members)}
}

func (b bySize) add(k int, scopes []scope) {
	s := sizeOf(scopes[k].members)
	b[s] = append(b[s], k)
}

// find returns the first scope with these members, -1 when there is none.
func (b bySize) find(members []int, scopes []scope) int {
	for _, k := range b[sizeOf(members)] {
		if slices.Equal(scopes[k].members, members) {
			return k
		}
	}
	return -1
}
