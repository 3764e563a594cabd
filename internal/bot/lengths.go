package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// parseSpan reads a length of time from the beginning of some words: "2h",
// "2h30m", "90 min", "1 day". 0 when there is none.
func parseSpan(words []string) (time.Duration, []string) {
	var d time.Duration
	for len(words) > 0 {
		part, n := spanWord(unmarked(words[0])), 1
		if part == 0 && len(words) > 1 && isNumber(words[0]) && unitOf(strings.TrimSuffix(unmarked(words[1]), ".")) > 0 {
			part, n = spanWord(words[0]+unmarked(words[1])), 2
		}
		if part == 0 {
			break
		}
		d, words = d+part, words[n:]
	}
	return d, words
}

// spanInWords reads a length of time as parseSpan does, and in words as well: "an hour",
// "an hour and a half".
func spanInWords(words []string) (time.Duration, []string) {
	if d, rest := parseSpan(words); d > 0 {
		return d, rest
	}
	for n := min(len(words), mostWhen); n > 0; n-- {
		var low []string
		for _, w := range words[:n] {
			low = append(low, unmarked(w))
		}
		if slices.Contains(meansNothing, low[n-1]) {
			continue
		}
		if d, rest := parseSpan(inFigures(low)); d > 0 && len(rest) == 0 {
			return d, words[n:]
		}
	}
	return 0, words
}

// unmarked is a word in small letters without what joins it to a reason: "hour: deploy".
func unmarked(word string) string { return strings.TrimRight(strings.ToLower(word), ":,;") }

// isNumber reports whether a word is a number of at most five digits, with a
// fraction or without.
func isNumber(s string) bool { return number.MatchString(s) }

var (
	number = lazy.Compile(`^\d{1,5}([.,]\d{1,2})?$`)
	amount = lazy.Compile(`^(\d{1,5})(?:[.,](\d{1,2}))?([a-z]+)\.?`)
)

// spanWord reads "2h30m", "1.5h" and "1h30"; 0 when the word is no length of
// time.
func spanWord(s string) time.Duration {
	var d, unit time.Duration
	for s != "" {
		if n, ok := digits(s, 2); ok && unit == time.Hour {
			return d + time.Duration(n)*time.Minute
		}
		m := amount.FindStringSubmatch(s)
		if m == nil {
			return 0
		}
		if unit = unitOf(m[3]); unit == 0 {
			return 0
		}
		n, err := strconv.ParseFloat(m[1]+"."+m[2]+"0", 64)
		if err != nil {
			return 0 // unreachable: the expression takes digits alone
		}
		if n *= float64(unit); n > float64(10*longestAgo) || d > 10*longestAgo {
			return 0
		}
		d, s = d+time.Duration(n), s[len(m[0]):]
	}
	return d
}

func unitOf(s string) time.Duration {
	switch s {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second
	case "m", "min", "mins", "minute", "minutes", "minuten", "minutos":
		return time.Minute
	case "h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden", "heure", "heures", "hora", "horas":
		return time.Hour
	case "d", "day", "days":
		return 24 * time.Hour
	case "w", "week", "weeks":
		return 7 * 24 * time.Hour
	}
	return 0
}
