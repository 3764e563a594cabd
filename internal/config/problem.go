package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing to put right, at its place.
type Problem struct {
	File    string // path as it can be opened from the working directory, or "environment"
	Line    int    // from 1; 0 when the file as a whole is meant
	Column  int    // from 1; 0 when not known
	Path    string // the key: "slack.mode", "checks[3].timout" (index within that file); a variable's name for the environment
	Message string // what is wrong
	Instead string // what to write instead; may be empty
}

// String returns one line: `config.yaml:12: checks[3].timout: unknown key; did you mean "timeout"?`.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.place())
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Message)
	if p.Instead != "" {
		b.WriteString("; " + p.Instead)
	}
	return b.String()
}

// place is the file and the line, as editors open them.
func (p Problem) place() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return p.File
}

// Problems is everything that is wrong with a configuration, sorted by file
// and line. It is the error of Load.
type Problems []Problem

// Error lists the problems, one a line. All that is known at a place is said once: where it
// is again what should have been written, the line names the one that says it.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	said := map[string]string{} // :: what is known -> where that was said
	for i, p := range ps {
		if strings.HasPrefix(p.Instead, knownHere) {
			if where := said[p.Instead]; where != "" {
				p.Instead = knownHere + "see the list of " + where
			} else {
				said[p.Instead] = p.place()
			}
		}
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders by file, line, column and path, and drops what is said twice
// (an alias that is used in two places repeats its own problem).
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(ps)
}
