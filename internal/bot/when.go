package bot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/statusbot/statusbot/internal/lazy"
	"github.com/statusbot/statusbot/internal/wall"
)

// longestAgo bounds how far back a time may lie.
const longestAgo = 366 * 24 * time.Hour

// myLastMessage is what a person types for the time at which they last wrote.
const myLastMessage = "my last message"

// parseWhen reads a time in the past as people type it: "01:30", "1:30 pm",
// "2h", "an hour ago", "yesterday 18:00", "22:00 yesterday", "last night",
// "monday", "29 Nov 14:00", "2026-03-03T14:00:05.5+01:00". A time of day is the
// last such in the person's zone, unless another follows it: "utc", "cet",
// "+05:30". False when it makes no sense or lies in the future.
func parseWhen(text string, now time.Time, zone *time.Location) (time.Time, bool) {
	at, ok := readTime(text, now, zone)
	if !ok || at.After(now) || now.Sub(at) > longestAgo {
		return time.Time{}, false
	}
	if at.Location() == time.Local { // of this machine, which nobody meant
		at = at.In(zone)
	}
	return at, true
}

// mostWords bounds the words of a time.
const mostWords = 8

// readTime reads a time that may be to come where a date says so.
func readTime(text string, now time.Time, zone *time.Location) (time.Time, bool) {
	text = strings.Trim(strings.TrimSpace(norm.NFKC.String(text)), "()[]")
	if at, ok := readISO(text); ok {
		return at, true
	}
	if at, ok := readUnix(text); ok {
		return at, true
	}
	words := timeWords(text)
	for len(words) > 0 && (slices.Contains(beforeTimes, words[0]) || len(words) > 1 && slices.Contains(beforeFigures, words[0]) && startsInFigures(words[1])) {
		words = words[1:]
	}
	for n := len(words); n > 0; n = len(words) {
		if words[n-1] = strings.TrimRight(words[n-1], ":;-–—"); words[n-1] != "" && !slices.Contains([]string{"uhr", "o'clock", "oclock"}, words[n-1]) {
			break
		}
		words = words[:n-1]
	}
	words, zone = takeZone(words, now, zone)
	if len(words) == 0 || len(words) > mostWords {
		return time.Time{}, false
	}
	return readWhen(spokenClock(words, now.In(zone)), now, zone)
}

// Words before a time that say nothing of it; the second only before figures: "a couple
// of hours" is a length of time.
var (
	beforeTimes   = strings.Fields("since at the last past from @ ~ kl kl. um ca ca. circa c. approx approx. approximately roughly gegen seit vers depuis desde sobre hacia")
	beforeFigures = strings.Fields("a à las la les")
)

func startsInFigures(word string) bool { return word == "las" || word[0] >= '0' && word[0] <= '9' }

// unix are seconds since 1970 as logs and Slack's messages have them, with a
// fraction or in milliseconds, and Slack's own token of an instant.
var unix = lazy.Compile(`^(?:since )?(?:@|<!date\^)?([12]\d{9})(?:\.\d+|\d{3})?(?:\^[^<>]*>)?$`)

// readUnix reads an instant as seconds since 1970.
func readUnix(s string) (time.Time, bool) {
	m := unix.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(m[1], 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// Forms of a time of day that keyboards and languages have beside "13:50".
var (
	halfDay      = lazy.Compile(`\b([ap])\.m\b\.?`)                        // "1:50 p.m."
	oClock       = lazy.Compile(`^(\d{1,2}) ?o'?clock$`)                   // "2 o'clock"
	withH        = lazy.Compile(`^((?:1\d|2[0-3])[:.]\d{2})h$`)            // "13:50h"
	hBetween     = lazy.Compile(`^(1\d|2[0-3])h([0-5]\d)$`)                // "13h50"; with fewer hours it is a length of time
	fullStop     = lazy.Compile(`([a-z]|:\d\d)\.$`)                        // "2pm.", "13:50."
	andAHalf     = lazy.Compile(`\b(\d|one|two|three) and a half (\w+)`)   // "one and a half hours"
	agoInFront   = lazy.Compile(`^(?:vor|hace|il y a) (\d+ ?[a-zé]+)\.?$`) // "5 min ago" of other languages
	uhr          = lazy.Compile(`\b(\d{1,2}) ?uhr(?: (\d{2}))?\b`)         // "13 Uhr", "13 Uhr 50"; a time before it stays
	decimalComma = lazy.Compile(`\b(\d),(\d{1,2} ?h)`)                     // "1,5h"
	quarter      = lazy.Compile(`\b(?:a )?quarter of an hour\b`)
)

// timeWords are the words of a time in small letters, each form as "13:50" and "90 min".
func timeWords(text string) []string {
	text = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(loose.Replace(decimalComma.ReplaceAllString(text, "$1.$2"))), "~"))
	text = quarter.ReplaceAllString(halfDay.ReplaceAllString(text, "${1}m"), "15 min")
	if m := andAHalf.FindStringSubmatch(text); m != nil && unitOf(m[2]) > 0 {
		one := cmp.Or(numbers[m[1]], strings.Replace(m[1], "one", "1", 1))
		text = strings.Replace(text, m[0], one+".5 "+m[2], 1)
	}
	if m := agoInFront.FindStringSubmatch(text); m != nil { // "vor 5 min"
		text = strings.Replace(text, m[0], m[1]+" ago", 1)
	}
	text = oClock.ReplaceAllString(text, "$1:00")
	text = uhr.ReplaceAllStringFunc(text, func(s string) string {
		m := uhr.FindStringSubmatch(s)
		return m[1] + ":" + cmp.Or(m[2], "00")
	})
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = hBetween.ReplaceAllString(withH.ReplaceAllString(cmp.Or(otherDays[w], w), "$1"), "$1:$2")
	}
	if n := len(words) - 1; n >= 0 {
		words[n] = fullStop.ReplaceAllString(words[n], "$1")
	}
	return words
}

// otherDays are days as some people write them.
var otherDays = map[string]string{"nite": "night", "gestern": "yesterday", "heute": "today"}

// loose are signs around the words of a time that mean nothing.
var loose = strings.NewReplacer(",", " ", "?", " ", "!", " ", "(", " ", ")", " ", "’", "'", "“", " ", "”", " ", "„", " ", "\"", " ", " o clock", " ")

// parseComing reads a time to come as people type it: "22:00", "Sat 22:00",
// "tomorrow 6am", "2026-03-03 22:00". A time of day is the next such in the
// person's zone, unless "utc" follows it. What is planned begins the first time that
// the clock shows it.
func parseComing(text string, now time.Time, zone *time.Location) (time.Time, bool) {
	shows, zone, ok := readComing(text, now, zone)
	if !ok {
		return time.Time{}, false
	}
	at := wall.Next(shows, zone, now)
	return at, at.After(now)
}

// readComing reads a time to come as what the clock on the wall shows then, and of which
// zone: the person's, or the one that they name.
func readComing(text string, now time.Time, zone *time.Location) (shows time.Time, in *time.Location, ok bool) {
	if at, ok := readISO(strings.TrimSpace(text)); ok {
		return wall.Of(at), at.Location(), true
	}
	words, zone := takeZone(strings.Fields(strings.ToLower(strings.ReplaceAll(norm.NFKC.String(text), ",", " "))), now, zone)
	words = withoutNext(words)
	if d, _ := parseSpan(words); len(words) == 0 || d > 0 {
		return time.Time{}, nil, false
	}
	if words = inFigures(words); len(words) == 0 { // "and"
		return time.Time{}, nil, false
	}
	tomorrow := slices.Index(words, "tomorrow")
	if tomorrow == 0 || tomorrow > 0 && tomorrow == len(words)-1 {
		words = append([]string{"today"}, slices.Delete(words, tomorrow, tomorrow+1)...)
	}
	here := wall.Of(now.In(zone))
	day, clock, named, ok := dayAndClock(words, here)
	if !ok {
		return time.Time{}, nil, false
	}
	on := func(days int) time.Time {
		return time.Date(here.Year(), here.Month(), here.Day()+days, 0, 0, 0, 0, time.UTC).Add(clock)
	}
	unlessOver := func(first, next time.Time) time.Time {
		if wall.Next(first, zone, now).After(now) {
			return first
		}
		return next
	}
	switch {
	case tomorrow >= 0 && day.date.IsZero():
		shows = on(1)
	case !named:
		shows = unlessOver(on(0), on(1))
	case day.weekly:
		shows = unlessOver(on(-day.ago), on(7-day.ago))
	case day.date.IsZero():
		shows = on(-day.ago)
	case day.yearly: // 29 February may be a while ahead
		for year := here.Year(); year < here.Year()+5; year++ {
			shows = time.Date(year, day.date.Month(), day.date.Day(), 0, 0, 0, 0, time.UTC).Add(clock)
			if shows.Add(-clock).Day() == day.date.Day() && wall.Next(shows, zone, now).After(now) {
				break
			}
		}
	default:
		shows = day.date.Add(clock)
	}
	return shows, zone, true
}

// withoutNext leaves out what stands before a day that comes anyway: "next Sat", "on the
// coming Saturday". On that day itself it is the one in a week, as a day's name alone is.
func withoutNext(words []string) []string {
	for n := 0; n+1 < len(words) && slices.Contains([]string{"on", "the", "this", "next", "coming"}, words[n]); n++ {
		if dayName(words[n+1]) != "" {
			return words[n+1:]
		}
	}
	return words
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
// "yesterday 18:00", "last night" "night 22:00". Beside an hour a part of a day says
// nothing more than the day: "tonight 22:00" is "today 22:00".
func inFigures(words []string) []string {
	if len(words) == 1 && len(words[0]) > 2 && unitOf(words[0]) > 0 { // "the last hour"
		return []string{"1", words[0]}
	}
	words = atNight(words)
	hourSaid := slices.ContainsFunc(words, func(w string) bool {
		_, clock := readClock(w)
		return clock && startsInFigures(w) || w == "am" || w == "pm"
	})
	var out []string
	for i := 0; i < len(words); i++ {
		after := func(n int) string {
			if i+n < len(words) {
				return words[i+n]
			}
			return ""
		}
		hour := func(n int) bool { return strings.HasPrefix(after(n), "hour") }
		switch w := words[i]; {
		case w == "half" && (after(1) == "an" || after(1) == "a") && hour(2): // "half an hour"
			out, i = append(out, "30", "min"), i+2
		case w == "half" && hour(1), w == "a" && after(1) == "half" && len(out) > 0 && unitOf(out[len(out)-1]) == time.Hour: // "an hour and a half"
			out, i = append(out, "30", "min"), i+1
		case (w == "a" || w == "an" || w == "one") && unitOf(after(1)) > 0:
			out = append(out, "1")
		case w == "couple":
			out = append(out, "2")
			if after(1) == "of" {
				i++
			}
		case numbers[w] != "" && unitOf(after(1)) > 0:
			out = append(out, numbers[w])
		case hourSaid && lastNight(words, i): // "1:30 last night" is the last such
			i++
		case slices.Contains(meansNothing, w), w == "a" && after(1) == "couple", w == "in" && after(1) == "the":
		case partsOfDay[w] != "" && hourSaid:
			if w == "tonight" || i > 0 && words[i-1] == "this" {
				out = append(out, "today")
			}
		case partsOfDay[w] != "":
			out = append(out, partsOfDay[w])
		default:
			out = append(out, w)
		}
	}
	return out
}

// meansNothing are words within a time.
var meansNothing = []string{"this", "on", "about", "around", "the", "and", "early", "at"}

var numbers = map[string]string{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11",
	"twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fortyfive": "45", "fifty": "50", "sixty": "60", "ninety": "90"}

func readWhen(words []string, now time.Time, zone *time.Location) (time.Time, bool) {
	words = inFigures(words)
	if len(words) == 0 {
		return time.Time{}, false
	}
	here := now.In(zone)
	d, rest := parseSpan(words)
	if d > 0 && (len(rest) == 0 || len(rest) == 1 && (rest[0] == "ago" || rest[0] == "back")) {
		return now.Add(-d), true
	}
	day, clock, named, ok := dayAndClock(words, here)
	if !ok {
		return time.Time{}, false
	}
	on := func(daysAgo int) time.Time {
		// By the clock on the wall: a day may have 23 or 25 hours.
		return wall.Last(time.Date(here.Year(), here.Month(), here.Day()-daysAgo, 0, 0, 0, 0, time.UTC).Add(clock), zone, now)
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
	in := func(year int) time.Time {
		return wall.Last(time.Date(year, day.date.Month(), day.date.Day(), 0, 0, 0, 0, time.UTC).Add(clock), zone, now)
	}
	if !day.yearly {
		return in(day.date.Year()), true
	}
	for year := here.Year(); year > here.Year()-5; year-- { // the last such, which for 29 February is a while ago
		if at := in(year); !at.After(now) && at.Day() == day.date.Day() {
			return at, true
		}
	}
	return time.Time{}, false
}

// dayAndClock reads the name of a day, a time of day, or both.
func dayAndClock(words []string, here time.Time) (day dayOf, clock time.Duration, named, ok bool) {
	day, rest, named := takeDay(words, here)
	if len(rest) == 0 {
		return day, 0, named, named
	}
	clock, ok = readClock(strings.Join(rest, ""))
	return day, clock, named, ok
}

// dayOf is a day as somebody named it.
type dayOf struct {
	ago    int       // days before today
	weekly bool      // it comes every week: the last one is meant
	yearly bool      // date is without its year: the last one is meant
	date   time.Time // when it was written as a date
}

// takeDay takes the name of a day from the beginning of some words, or from
// their end: "22:00 yesterday".
func takeDay(words []string, here time.Time) (d dayOf, rest []string, ok bool) {
	if d, rest, ok = readDay(words, here); ok {
		return d, rest, true
	}
	if days, rest := parseSpan(words); days > 0 && days%(24*time.Hour) == 0 && len(rest) > 1 && rest[0] == "ago" { // "2 days ago 10:00"
		return dayOf{ago: int(days / (24 * time.Hour))}, rest[1:], true
	}
	for n := len(words) - 1; n > 0; n-- {
		if d, rest, ok = readDay(words[n:], here); ok && len(rest) == 0 {
			return d, words[:n], true
		}
	}
	return dayOf{}, words, false
}

// readDay takes the name of a day from the beginning of some words.
func readDay(words []string, here time.Time) (d dayOf, rest []string, ok bool) {
	switch w := words[0]; w {
	case "today":
		return dayOf{}, words[1:], true
	case "yesterday", "yday":
		return dayOf{ago: 1}, words[1:], true
	case "day":
		if len(words) > 2 && words[1] == "before" && words[2] == "yesterday" {
			return dayOf{ago: 2}, words[3:], true
		}
	default:
		for i := range 7 {
			name := strings.ToLower(time.Weekday(i).String())
			if len(w) >= 3 && strings.HasPrefix(name, strings.TrimSuffix(w, ".")) {
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
	return readDate(words)
}

// Layouts of a date. Without a year the last such is meant. Of figures alone
// with slashes it is not known which is the month, unless one is too large for
// it; a day and a month with a dot look like a time of day, unless another dot
// follows.
var (
	datesOfYear = []string{"2006/1/2", "2.1.2006", "2 Jan 2006", "2 January 2006", "Jan 2 2006", "January 2 2006", "2-Jan-2006"}
	dates       = []string{"2.1.", "2 Jan", "2 January", "Jan 2", "January 2", "2. Jan", "2. January", "2-Jan"}
	slashed     = lazy.Compile(`^(\d{1,2})/(\d{1,2})(?:/(\d{4}))?$`)
	ordinal     = lazy.Compile(`^(\d{1,2})(?:st|nd|rd|th)$`)
)

// readDate takes a date from the beginning of some words.
func readDate(words []string) (d dayOf, rest []string, ok bool) {
	if m := slashed.FindStringSubmatch(words[0]); m != nil {
		day, _ := strconv.Atoi(m[1]) // digits, as the expression says
		month, _ := strconv.Atoi(m[2])
		year, _ := strconv.Atoi(m[3])
		if month > 12 {
			day, month = month, day
		} else if day <= 12 && day != month {
			return dayOf{}, words, false
		}
		at := time.Date(cmp.Or(year, 2000), time.Month(month), day, 0, 0, 0, 0, time.UTC)
		return dayOf{date: at, yearly: year == 0}, words[1:], at.Day() == day && int(at.Month()) == month
	}
	plain := slices.Clone(words[:min(len(words), 3)])
	for i, w := range plain {
		plain[i] = ordinal.ReplaceAllString(w, "$1")
	}
	for n := len(plain); n > 0; n-- {
		said := strings.Join(plain[:n], " ")
		for _, layout := range datesOfYear {
			if at, err := time.Parse(layout, said); err == nil {
				return dayOf{date: at}, words[n:], true
			}
		}
		for _, layout := range dates {
			if at, err := time.Parse(layout+" 2006", said+" 2000"); err == nil { // a leap year has every date
				return dayOf{date: at, yearly: true}, words[n:], true
			}
		}
	}
	return dayOf{}, words, false
}

// readClock reads a time of day: "01:30", "1.30", "0130", "1:30pm", "1am",
// "noon", "midnight"; "24:00" is the end of the day.
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
	if !ok1 || !ok2 || len(m) != 2 || minutes > 59 || half >= 0 && (hours < 1 || hours > 12) || hours > 24 || hours == 24 && minutes > 0 {
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
