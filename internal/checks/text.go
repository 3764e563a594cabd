package checks

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	summaryMax = 200     // characters of a Summary
	outputMax  = 1 << 10 // bytes of Evidence.Output
	readMax    = 64 << 10
)

// oneLine returns s as one line of at most summaryMax characters of valid
// UTF-8: each run of white space and control characters becomes one space.
func oneLine(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	n, space := 0, false
	for _, r := range s { // an invalid byte arrives as U+FFFD
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			space = n > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			n++
			space = false
		}
		b.WriteRune(r)
		n++
		if n > summaryMax {
			return clipRunes(b.String(), summaryMax-1) + "…"
		}
	}
	return b.String()
}

// isPlain reports whether s needs no work: short printable ASCII without
// double or outer spaces, as nearly every summary is.
func isPlain(s string) bool {
	if len(s) > summaryMax {
		return false
	}
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return before != ' ' || s == ""
}

// clipRunes returns the first n characters of s.
func clipRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// clipOutput returns the first outputMax bytes of s as valid UTF-8, cut
// between characters. Control characters other than tab and newline go: they
// can repaint a terminal.
func clipOutput(s string) string {
	if len(s) > outputMax {
		// What is dropped below makes room, so look at more than is kept.
		s = s[:min(len(s), 2*outputMax)]
	}
	s = printable(s)
	if len(s) <= outputMax {
		return s
	}
	end := outputMax
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// quoted returns external text in quotes, short enough for a summary.
func quoted(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		s = clipRunes(s, 39) + "…"
	}
	return strconv.Quote(s)
}

// span writes a duration for people, with three significant digits at most:
// "3 s", "250 ms".
func span(d time.Duration) string {
	number, unit := float64(d)/float64(time.Second), " s"
	switch {
	case d < time.Millisecond:
		number, unit = float64(d)/float64(time.Microsecond), " µs"
	case d < time.Second:
		number, unit = float64(d)/float64(time.Millisecond), " ms"
	}
	if number >= 100 {
		return strconv.FormatFloat(number, 'f', 0, 64) + unit
	}
	return strconv.FormatFloat(number, 'g', 3, 64) + unit
}
