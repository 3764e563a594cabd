package text

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// Count writes a number with thousands separators: "1,586".
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes a count with its noun: "1 product", "2 products".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// decimals says how many decimals of a percentage its tries support: none
// below 100 tries, where one result is a whole point; one below 10 %; from
// 10 % on one only with 1,000 tries, since with fewer the 95 % interval is
// several points wide.
func decimals(share float64, tries int) int {
	switch {
	case tries < 100:
		return 0
	case share < 0.0995:
		return 1
	case tries < 1000:
		return 0
	default:
		return 1
	}
}

// Percent writes a share of so many tries: "6.6 %". It says 0 % only where
// nothing failed, and 100 % only where all did.
func Percent(share float64, tries int) string {
	d := decimals(share, tries)
	least := math.Pow10(-d)
	p := 100 * share
	switch {
	case share > 0 && p < least/2:
		return "under " + strconv.FormatFloat(least, 'f', d, 64) + " %"
	case share < 1 && p >= 100-least/2:
		return "over " + strconv.FormatFloat(100-least, 'f', d, 64) + " %"
	case share == 0 || share == 1:
		d = 0
	}
	return strconv.FormatFloat(p, 'f', d, 64) + " %"
}

// Interval writes the 95 % interval of a share: "5.4-7.9 %".
func Interval(bad, tries int) string {
	low, high := impact.Wilson(bad, tries)
	d := decimals(float64(bad)/float64(max(tries, 1)), tries)
	return strconv.FormatFloat(100*low, 'f', d, 64) + "-" + strconv.FormatFloat(100*high, 'f', d, 64) + " %"
}

// Span writes a length of time in its two largest units: "14 h 33 min", "40 s".
func Span(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	if d < time.Minute {
		return strconv.Itoa(int(d/time.Second)) + " s"
	}
	m := int(d.Round(time.Minute) / time.Minute)
	big, small, bigUnit, smallUnit := m/60, m%60, " h", " min"
	switch {
	case m < 60:
		return strconv.Itoa(m) + " min"
	case m >= 48*60:
		big, small, bigUnit, smallUnit = m/(24*60), m%(24*60)/60, " d", " h"
	}
	s := strconv.Itoa(big) + bigUnit
	if small > 0 {
		s += " " + strconv.Itoa(small) + smallUnit
	}
	return s
}

// Lately writes a length of time for "same as ... ago", rounded down to what
// people say: "5 min", "20 min", "an hour", "3 h".
func Lately(d time.Duration) string {
	switch {
	case d < time.Hour:
		m := d.Truncate(time.Minute)
		if m > 10*time.Minute {
			m = m.Truncate(5 * time.Minute)
		}
		return Span(m)
	case d < 2*time.Hour:
		return "an hour"
	}
	return Span(d.Truncate(time.Hour))
}

// Latency writes a time of answer with two digits, which is what a quantile
// within 5 % supports: "800 ms", "2.1 s".
func Latency(d time.Duration) string {
	number, unit := float64(d)/float64(time.Second), " s"
	if d < 995*time.Millisecond {
		number, unit = number*1000, " ms"
	}
	if number == 0 {
		return "0 ms"
	}
	// Round to two significant digits.
	scale := math.Pow10(1 - int(math.Floor(math.Log10(number))))
	number = math.Round(number*scale) / scale
	if number < 10 {
		return strings.TrimSuffix(strconv.FormatFloat(number, 'f', 1, 64), ".0") + unit
	}
	return strconv.FormatFloat(number, 'f', 0, 64) + unit
}

// Cardinal writes a small number as a word, a larger one in digits.
func Cardinal(n int) string {
	words := [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n >= 0 && n < len(words) {
		return words[n]
	}
	return Count(n)
}

// Capital returns s with its first letter, if it is ASCII, in capital.
func Capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// TrimZero writes a number with at most one decimal: "0.1", "1".
func TrimZero(x float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}
