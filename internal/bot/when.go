package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// longestAgo bounds how far back a time may lie.
const longestAgo = 366 * 24 * time.Hour

// myLastMessage is what a person types for the time at which they last wrote.
const myLastMessage = "my last message"

// parseWhen reads a time in the past as people type it: "01:30", "1:30 pm",
// "2h", "an hour ago", "yesterday 18:00", "last night", "monday", "2026-03-03
// 14:00", "2026-03-03T14:00:05.5+01:00". A time of day is the last such in the
// person's zone, unless "utc" follows it. False when it makes no sense or lies
// in the future.
func parseWhen(text string, now time.Time, zone *time.Location) (time.Time, bool) {
	if at, ok := readISO(strings.TrimSpace(text)); ok {
		return at, !at.After(now) && now.Sub(at) <= longestAgo
	}
	words := strings.Fields(strings.ToLower(strings.NewReplacer(",", " ", "?", " ").Replace(text)))
	for len(words) > 0 && slices.Contains([]string{"since", "at", "the", "last"}, words[0]) {
		words = words[1:]
	}
	if n := len(words); n > 0 && (words[n-1] == "utc" || words[n-1] == "gmt" || words[n-1] == "z") {
		zone, words = time.UTC, words[:n-1]
	}
	if len(words) == 0 || len(words) > 6 {
		return time.Time{}, false
	}
	at, ok := readWhen(words, now, zone)
	if !ok || at.After(now) || now.Sub(at) > longestAgo {
		return time.Time{}, false
	}
	return at, true
}

// parseComing reads a time to come as people type it: "22:00", "Sat 22:00",
// "tomorrow 6am", "2026-03-03 22:00". A time of day is the next such in the
// person's zone, unless "utc" follows it.
func parseComing(text string, now time.Time, zone *time.Location) (time.Time, bool) {
	if at, ok := readISO(strings.TrimSpace(text)); ok {
		return at, at.After(now)
	}
	words := strings.Fields(strings.ToLower(strings.ReplaceAll(text, ",", " ")))
	if n := len(words); n > 1 && (words[n-1] == "utc" || words[n-1] == "gmt") {
		zone, words = time.UTC, words[:n-1]
	}
	if d, _ := parseSpan(words); len(words) == 0 || d > 0 {
		return time.Time{}, false
	}
	ahead := 24 * time.Hour // the last such before then is the next from now
	if words[0] == "tomorrow" {
		words = append([]string{"today"}, words[1:]...)
	} else if day, _, named := readDay(words, now.In(zone)); named {
		switch {
		case day.weekly:
			ahead = 7 * 24 * time.Hour
		case day.date.IsZero():
			ahead = 0 // today
		}
	}
	at, ok := readWhen(words, now.Add(ahead), zone)
	return at, ok && at.After(now)
}

// readISO reads an instant with its offset, as machines write it.
func readISO(s string) (time.Time, bool) {
	s = strings.ToUpper(strings.TrimPrefix(strings.ToLower(s), "since "))
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "20060102T150405Z0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// partsOfDay are hours by which people name a time: when they begin.
var partsOfDay = map[string]string{"morning": "06:00", "afternoon": "12:00", "evening": "18:00", "night": "22:00", "tonight": "18:00"}

// inFigures writes words for numbers and for parts of a day as figures: "an
// hour ago" is "1 hour ago", "half an hour" is "30 min", "yesterday evening" is
// "yesterday 18:00", "last night" "night 22:00".
func inFigures(words []string) []string {
	out := slices.Clone(words)
	if len(out) == 1 && len(out[0]) > 2 && unitOf(out[0]) > 0 { // "the last hour"
		return []string{"1", out[0]}
	}
	for i := 0; i < len(out); i++ {
		next := ""
		if i+1 < len(out) {
			next = out[i+1]
		}
		switch w := out[i]; {
		case w == "half" && next == "an" && i+2 < len(out) && strings.HasPrefix(out[i+2], "hour"):
			out = slices.Replace(out, i, i+3, "30", "min")
		case (w == "a" || w == "an" || w == "one") && unitOf(next) > 0:
			out[i] = "1"
		case w == "couple" && next == "of":
			out = slices.Replace(out, i, i+2, "2")
		case numbers[w] != "" && unitOf(next) > 0:
			out[i] = numbers[w]
		case w == "this" || w == "in" || w == "on" || w == "about" || w == "around" || w == "a" && next == "couple":
			out = slices.Delete(out, i, i+1)
			i--
		case partsOfDay[w] != "":
			out[i] = partsOfDay[w]
		}
	}
	return out
}

var numbers = map[string]string{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "ten": "10", "twenty": "20", "thirty": "30", "ninety": "90"}

func readWhen(words []string, now time.Time, zone *time.Location) (time.Time, bool) {
	words = inFigures(words)
	if d, rest := parseSpan(words); d > 0 && (len(rest) == 0 || len(rest) == 1 && rest[0] == "ago") {
		return now.Add(-d), true
	}
	here := now.In(zone)
	day, rest, named := readDay(words, here)
	clock, ok := time.Duration(0), true
	if len(rest) > 0 {
		if rest[0] == "at" {
			rest = rest[1:]
		}
		clock, ok = readClock(strings.Join(rest, ""))
	}
	if !ok || !named && len(rest) == 0 {
		return time.Time{}, false
	}
	on := func(daysAgo int) time.Time {
		// By the clock on the wall: a day may have 23 or 25 hours.
		return time.Date(here.Year(), here.Month(), here.Day()-daysAgo, int(clock/time.Hour), int(clock%time.Hour/time.Minute), 0, 0, zone)
	}
	switch {
	case !named: // the last such time of day
		if at := on(0); !at.After(now) {
			return at, true
		}
		return on(1), true
	case day.date.IsZero():
		at := on(day.ago)
		if day.weekly && at.After(now) {
			at = on(day.ago + 7)
		}
		return at, true
	}
	d := day.date
	return time.Date(d.Year(), d.Month(), d.Day(), int(clock/time.Hour), int(clock%time.Hour/time.Minute), 0, 0, zone), true
}

// dayOf is a day as somebody named it.
type dayOf struct {
	ago    int       // days before today
	weekly bool      // it comes every week: the last one is meant
	date   time.Time // when it was written as a date
}

// readDay takes the name of a day from the beginning of some words.
func readDay(words []string, here time.Time) (d dayOf, rest []string, ok bool) {
	switch w := words[0]; w {
	case "today":
		return dayOf{}, words[1:], true
	case "yesterday":
		return dayOf{ago: 1}, words[1:], true
	default:
		for i := range 7 {
			name := strings.ToLower(time.Weekday(i).String())
			if len(w) >= 3 && strings.HasPrefix(name, w) {
				return dayOf{ago: (int(here.Weekday()) - i + 7) % 7, weekly: true}, words[1:], true
			}
		}
		date, clock, both := strings.Cut(w, "t")
		if at, err := time.Parse(time.DateOnly, date); err == nil {
			rest = words[1:]
			if both {
				rest = append([]string{clock}, rest...)
			}
			return dayOf{date: at}, rest, true
		}
	}
	return dayOf{}, words, false
}

// readClock reads a time of day: "01:30", "1.30", "0130", "1:30pm", "1am",
// "noon", "midnight".
func readClock(s string) (time.Duration, bool) {
	switch s {
	case "noon":
		return 12 * time.Hour, true
	case "midnight":
		return 0, true
	}
	half := -1
	for i, suffix := range []string{"am", "pm"} {
		if t, ok := strings.CutSuffix(s, suffix); ok {
			s, half = t, i
		}
	}
	h, m, found := strings.Cut(strings.NewReplacer(".", ":", "h", ":").Replace(s), ":")
	if m2, seconds, three := strings.Cut(m, ":"); three && len(seconds) == 2 {
		m = m2 // seconds are read over
	}
	switch {
	case !found && len(h) == 4:
		h, m = h[:2], h[2:]
	case !found && half >= 0:
		m = "00"
	case !found:
		return 0, false
	}
	hours, ok1 := digits(h, 2)
	minutes, ok2 := digits(m, 2)
	if !ok1 || !ok2 || len(m) != 2 || minutes > 59 || half >= 0 && (hours < 1 || hours > 12) || hours > 23 {
		return 0, false
	}
	if half >= 0 {
		hours = hours%12 + 12*half
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, true
}

// digits reads a number of at most so many ASCII digits.
func digits(s string, most int) (int, bool) {
	if s == "" || len(s) > most {
		return 0, false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// parseSpan reads a length of time from the beginning of some words: "2h",
// "2h30m", "90 min", "1 day". 0 when there is none.
func parseSpan(words []string) (time.Duration, []string) {
	var d time.Duration
	for len(words) > 0 {
		part, n := spanWord(strings.ToLower(words[0])), 1
		if part == 0 && len(words) > 1 {
			if _, ok := digits(words[0], 5); ok {
				part, n = spanWord(words[0]+strings.ToLower(words[1])), 2
			}
		}
		if part == 0 {
			break
		}
		d, words = d+part, words[n:]
	}
	return d, words
}

// spanWord reads "2h30m"; 0 when the word is no length of time.
func spanWord(s string) time.Duration {
	var d time.Duration
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if i < 1 {
			return 0
		}
		n, ok := digits(s[:i], 5)
		if !ok {
			return 0
		}
		s = s[i:]
		j := strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' })
		if j < 0 {
			j = len(s)
		}
		unit := unitOf(strings.TrimSuffix(s[:j], "."))
		if unit == 0 {
			return 0
		}
		d, s = d+time.Duration(n)*unit, s[j:]
	}
	return d
}

func unitOf(s string) time.Duration {
	switch s {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour
	case "d", "day", "days":
		return 24 * time.Hour
	case "w", "week", "weeks":
		return 7 * 24 * time.Hour
	}
	return 0
}
