package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"golang.org/x/text/width"

	"github.com/statusbot/statusbot/internal/format/text"
)

// screen is what text is printed on.
type screen struct {
	columns int // of a line
	lines   int // 0: without end
}

// A line of text has at most so many columns, for it is read with more effort where it is longer; and as many as
// a figure with its unit needs, however narrow the screen is.
const (
	mostColumns  = 80
	leastColumns = 30
)

// screenOf is the terminal at which an output ends; another output has lines of 80 columns, and no end.
func screenOf(out io.Writer) screen {
	if f, ok := out.(*os.File); ok {
		if columns, lines, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return screen{min(max(columns, leastColumns), mostColumns), lines}
		}
	}
	return screen{columns: mostColumns}
}

// unrolled is a screen for what may scroll.
func (s screen) unrolled() screen { return screen{columns: s.columns} }

// top is the beginning of a text, as much as is seen at once where one takes the place of the other: what scrolls
// away is what comes first, and that is the worst. How much more there is stands in the last line.
func (s screen) top(all string) string {
	n := strings.Count(all, "\n")
	if s.lines < 3 || n < s.lines { // the cursor stands in a line of its own
		return all
	}
	kept := s.lines - 2
	var b strings.Builder
	for line := range strings.Lines(all) {
		if kept--; kept < 0 {
			break
		}
		b.WriteString(line)
	}
	return b.String() + text.Plural(n-s.lines+2, "more line") + "; without --watch all are printed\n"
}

// wide is how many columns a text takes on a terminal: letters of East Asia take two.
func wide(s string) (n int) {
	for _, r := range s {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

// wrapped writes a paragraph in lines of so many columns, of which all but the first are indented by two more.
func wrapped(b *strings.Builder, indent, s string, columns int) {
	line, empty := indent, true
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' }) { // a figure and its unit stay together
		if !empty && wide(line)+1+wide(word) > columns {
			b.WriteString(line + "\n")
			line, empty = indent+"  ", true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	if !empty {
		b.WriteString(line + "\n")
	}
}
