package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/spelling"
)

// knownHere begins the list of all that could be written at a place.
const knownHere = "known here: "

// didYouMean returns what to write instead of an unknown name: the nearest of
// the known ones, or all of them when none is near. Known is sorted.
func didYouMean(name string, known []string) string {
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) == 0 {
		return ""
	}
	const most = 30 // names that still read as a sentence
	if len(known) > most {
		return fmt.Sprintf(knownHere+"%s and %d more", strings.Join(known[:most], ", "), len(known)-most)
	}
	return knownHere + strings.Join(known, ", ")
}

// nearest returns the known name with the smallest edit distance, the first
// among equals, or "" when none is near: at most one edit for up to four
// characters, two for up to eight, three beyond.
func nearest(name string, known []string) string {
	plain := plainName(name)
	limit := 3
	switch n := utf8.RuneCountInString(plain); {
	case n == 0 || n > 64:
		return ""
	case n <= 2:
		limit = 0
	case n <= 4:
		limit = 1
	case n <= 8:
		limit = 2
	}
	best, bestDistance := "", limit+1
	for _, k := range known {
		if d := spelling.Distance(plain, plainName(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// plainName drops what people vary without meaning it: case, dashes,
// underscores ("dependsOn", "depends-on", "depends_on").
func plainName(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
}
