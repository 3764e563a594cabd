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
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Message)
	if p.Instead != "" {
		b.WriteString("; " + p.Instead)
	}
	return b.String()
}

// Problems is everything that is wrong with a configuration, sorted by file
// and line. It is the error of Load.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
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
