// Package spelling finds what a person may have meant to type: the one edit
// distance of the house. Whoever asks decides how near is near enough.
package spelling

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns what a person may have meant: the known word that begins
// with what was said (two letters or more), or the one with the fewest
// mistypings, at most two and fewer than half of its letters. The first known
// wins a tie. Case does not matter.
func Nearest(said string, known []string) (string, bool) {
	const longest = 64 // nobody mistypes more; it bounds the work on hostile input
	s := strings.ToLower(strings.TrimSpace(said))
	letters := utf8.RuneCountInString(s)
	if letters == 0 || letters > longest {
		return "", false
	}
	best, bestCost := "", 3
	for _, k := range known {
		if len(k) > 4*longest {
			continue
		}
		w := strings.ToLower(k)
		cost := Distance(s, w)
		if cost > 1 && letters >= 2 && strings.HasPrefix(w, s) {
			cost = 1
		} else if 2*cost >= utf8.RuneCountInString(w) {
			continue
		}
		if cost < bestCost {
			best, bestCost = k, cost
		}
	}
	return best, best != ""
}

// Distance is the number of letters added, left out, replaced, or swapped with
// their neighbour (Damerau-Levenshtein, each part edited once).
func Distance(x, y string) int {
	a, b := []rune(x), []rune(y)
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := 1
			if a[i-1] == b[j-1] {
				replaced = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
