package reader

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A span as the text has it: "59 s", "26 min", "4 h 43 min", "2 d 3 h".
const span = `(an hour|(?:\d+ (?:d|h|min|s)\b ?)+)`

var (
	spanPart   = regexp.MustCompile(`(\d+) (d|h|min|s)\b`)
	sinceClock = regexp.MustCompile(`[Ss]ince (?:[A-Z][a-z]{2} )?(\d\d):(\d\d)(?: UTC)? \(` + span + `\)`)
	inSpan     = regexp.MustCompile(figure + `[^.;:()\n]{0,30}? in ` + span)
	ago        = regexp.MustCompile(`(?:[Ss]ame as|than|was [^.;]*?) ` + span + ` ago`)
)

var units = map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "min": time.Minute, "s": time.Second}

// length reads a span, and by how much it may be rounded.
func length(s string) (d, unit time.Duration) {
	if s == "an hour" {
		return time.Hour, time.Minute
	}
	for _, m := range spanPart.FindAllStringSubmatch(s, -1) {
		unit = units[m[2]]
		d += time.Duration(number(m[1])) * unit
	}
	return d, unit
}

// spans are longer than the data, or not those from the time beside them.
func spans(p page) []string {
	var out []string
	have := p.At.Sub(p.From)
	for _, m := range sinceClock.FindAllStringSubmatch(p.all, -1) {
		d, unit := length(m[3])
		at := p.At.UTC()
		clock := time.Date(at.Year(), at.Month(), at.Day(), number(m[1]), number(m[2]), 0, 0, time.UTC)
		is := ((at.Sub(clock) + time.Minute) % (24 * time.Hour)) - time.Minute
		if is < -time.Minute {
			is += 24 * time.Hour
		}
		if off := is - d%(24*time.Hour); off < -unit-time.Minute || off > unit+time.Minute {
			out = append(out, fmt.Sprintf("%q, and it is %s", m[0], at.Format("15:04")))
		}
		if d > have+unit+time.Minute {
			out = append(out, fmt.Sprintf("%q: the first result is %v old", m[0], have))
		}
	}
	for _, m := range inSpan.FindAllStringSubmatch(p.all, -1) {
		if d, unit := length(m[3]); d > have+unit/2 {
			out = append(out, fmt.Sprintf("%q: the first result is %v old", strings.TrimSpace(m[0]), have))
		}
	}
	return out
}

var (
	arrow  = regexp.MustCompile(`(worse|better), (\d[\d.]*)(?: %)? → (\d[\d.]*) %`)
	course = regexp.MustCompile(`\b(rose|fell) from (\d[\d.]*)(?: %)? to (\d[\d.]*) %`)
	idle   = regexp.MustCompile(`Nothing changed`)
)

// turns are told against the figures beside them, or beside that nothing changed.
func turns(p page) []string {
	var out []string
	for _, m := range append(arrow.FindAllStringSubmatch(p.all, -1), course.FindAllStringSubmatch(p.all, -1)...) {
		was, _ := strconv.ParseFloat(m[2], 64) // numbers, by the expressions
		is, _ := strconv.ParseFloat(m[3], 64)
		if up := m[1] == "worse" || m[1] == "rose"; up && is <= was || !up && is >= was {
			out = append(out, strconv.Quote(m[0]))
		}
		if idle.MatchString(p.all) {
			out = append(out, fmt.Sprintf("%q, and that nothing changed", m[0]))
		}
	}
	return out
}

// agos compare with a time before anything was told.
func agos(p page) []string {
	var out []string
	if p.Opened.IsZero() {
		return nil
	}
	for _, m := range ago.FindAllStringSubmatch(p.all, -1) {
		if d, unit := length(m[1]); d > p.At.Sub(p.Opened)+unit {
			out = append(out, fmt.Sprintf("%q: the incident is %v old", m[0], p.At.Sub(p.Opened)))
		}
	}
	return out
}
