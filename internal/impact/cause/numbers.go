package cause

import "slices"

// numbers gives names numbers in the order in which they come.
type numbers struct {
	ids   map[string]int
	names []string
	last  int
}

func newNumbers(n int) *numbers { return &numbers{ids: make(map[string]int, n)} }

func (s *numbers) of(name string) int {
	if s.last < len(s.names) && s.names[s.last] == name { // neighbours are often alike
		return s.last
	}
	n, ok := s.ids[name]
	if !ok {
		n = len(s.names)
		s.ids[name] = n
		s.names = append(s.names, name)
	}
	s.last = n
	return n
}

// sorted returns the names in order, and the rank of each number in it.
func (s *numbers) sorted() (names []string, rank []int32) {
	names = slices.Sorted(slices.Values(s.names))
	rank = make([]int32, len(names))
	for i, n := range names {
		rank[s.ids[n]] = int32(i)
	}
	return names, rank
}
