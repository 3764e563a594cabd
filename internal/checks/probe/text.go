package probe

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

const (
	SummaryMax = 200     // characters of a Summary
	OutputMax  = 1 << 10 // bytes of Evidence.Output
	ReadMax    = 64 << 10
)

// OneLine returns s as one line of at most SummaryMax characters of valid
// UTF-8: each run of white space and control characters becomes one space.
func OneLine(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	n, space := 0, false
	for _, r := range redact.WithoutColours(s) { // an invalid byte arrives as U+FFFD
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
		if n > SummaryMax {
			return ClipRunes(b.String(), SummaryMax-1) + "…"
		}
	}
	return b.String()
}

// wholeLine is OneLine without its cut, of as much as a result may bring.
func wholeLine(s string) string {
	if isPlain(s) {
		return s
	}
	s = s[:min(len(s), 4*OutputMax)]
	return redact.OneSpaced(strings.Map(func(r rune) rune { return r }, s)) // each invalid byte becomes U+FFFD
}

// isPlain reports whether s needs no work: short printable ASCII without
// double or outer spaces, as nearly every summary is.
func isPlain(s string) bool {
	if len(s) > SummaryMax {
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

// ClipRunes returns the first n characters of s.
func ClipRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// ClipOutput returns the first OutputMax bytes of s as valid UTF-8, cut
// between characters. Control characters other than tab and newline go: they
// can repaint a terminal.
func ClipOutput(s string) string {
	if len(s) > OutputMax {
		// What is dropped below makes room, so look at more than is kept.
		s = s[:min(len(s), 2*OutputMax)]
	}
	s = redact.Printable(s)
	if len(s) <= OutputMax {
		return s
	}
	end := OutputMax
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Quoted returns external text in quotes, short enough for a summary.
func Quoted(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		s = redact.Text(s) // what is cut would not be known any more
	}
	if utf8.RuneCountInString(s) > 40 {
		s = ClipRunes(s, 39) + "…"
	}
	return strconv.Quote(s)
}

// Span writes a duration for people, with three significant digits at most:
// "3 s", "250 ms".
func Span(d time.Duration) string {
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

// HideIn takes secrets out of every text of a result.
func HideIn(r *checks.Result, d redact.Redactor) {
	r.Summary = d.Text(r.Summary)
	if len(r.Summary) > SummaryMax && utf8.RuneCountInString(r.Summary) > SummaryMax {
		r.Summary = ClipRunes(r.Summary, SummaryMax-1) + "…"
	}
	e := r.Evidence
	if e == nil {
		return
	}
	for _, text := range []*string{&e.Remote, &e.Script} {
		*text = d.Known(*text)
	}
	e.RequestID = d.Text(e.RequestID)
	for i := range e.Perf {
		e.Perf[i].Label = d.Text(e.Perf[i].Label)
		e.Perf[i].Unit = d.Known(e.Perf[i].Unit)
	}
	e.Output = d.Text(e.Output)
}
