package format

import "strings"

// Nearest returns what a person may have meant: the known word that begins
// with what was said (two letters or more), or the one with the fewest
// mistypings, at most two and fewer than half of its letters. The first known
// wins a tie. Case does not matter.
func Nearest(said string, known []string) (string, bool) {
	const longest = 64 // nobody mistypes more; it bounds the work on hostile input
	s := []rune(strings.ToLower(strings.TrimSpace(said)))
	if len(s) == 0 || len(s) > longest {
		return "", false
	}
	best, bestCost := "", 3
	for _, k := range known {
		if len(k) > 4*longest {
			continue
		}
		w := []rune(strings.ToLower(k))
		cost := distance(s, w)
		if cost > 1 && len(s) >= 2 && strings.HasPrefix(string(w), string(s)) {
			cost = 1
		} else if 2*cost > len(w) {
			continue
		}
		if cost < bestCost {
			best, bestCost = k, cost
		}
	}
	return best, best != ""
}

// distance is the number of letters added, left out, replaced, or swapped with
// their neighbour (Damerau-Levenshtein, each part edited once).
func distance(a, b []rune) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+one(a[i-1] != b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
