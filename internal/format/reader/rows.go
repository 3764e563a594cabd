package reader

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	aloneLine = regexp.MustCompile(`^(?:[^,;:%.]+ \d[\d.]* % \(` + figure + `\)(?:, |\.$))+$`)
	// sinceAt is an instant from which on something is counted.
	sinceAt = regexp.MustCompile(`\bsince (?:[A-Z][a-z]{2} )?(\d\d):(\d\d)(?: UTC)?`)
	tooSoon = regexp.MustCompile(`(\d[\d,]*) of about (\d[\d,]*) tries[^.;]*?, about ` + span + ` more`)
	moved   = regexp.MustCompile(`\b(?:rose|fell|went down|is down|are down|answers again|came back|no longer failing)\b`)
)

// rows are lines that name each product that fails, whose figures are not the sum that
// the first line tells.
func rows(p page) []string {
	group := sharedOf.FindStringSubmatch(p.head)
	if group == nil {
		if n := p.counted(); n > 1 && p.oneGroup() {
			if m := headShare.FindStringSubmatch(p.head); m != nil {
				group = []string{"", strconv.Itoa(n), m[2], m[3]}
			}
		}
	}
	if group == nil || !p.oneGroup() || slowOf.MatchString(p.head) {
		return nil
	}
	for _, line := range p.lines[1:] {
		if !aloneLine.MatchString(line) || strings.Contains(line, "slow ") {
			continue
		}
		bad, tries := 0, 0
		list := listed.FindAllStringSubmatch(line, -1)
		for _, l := range list {
			bad, tries = bad+number(l[2]), tries+number(l[3])
		}
		if len(list) == number(group[1]) && (bad != number(group[2]) || tries != number(group[3])) {
			return []string{fmt.Sprintf("all of them have %d of %d failed, and the first line has %s of %s: %s", bad, tries, group[2], group[3], line)}
		}
	}
	return nil
}

// begins are counts from before the first result.
func begins(p page) []string {
	if p.At.Sub(p.From) > 23*time.Hour {
		return nil // a clock time may be of the day before
	}
	var out []string
	for _, m := range sinceAt.FindAllStringSubmatch(p.all, -1) {
		if is := p.At.Sub(p.clock(m[1], m[2])); is > p.At.Sub(p.From)+time.Minute {
			out = append(out, fmt.Sprintf("%q: the first result came %s", m[0], p.From.UTC().Format("15:04")))
		}
	}
	return out
}

// clock is the last time before the message that a clock showed.
func (p page) clock(hour, minute string) time.Time {
	at := p.At.UTC()
	t := time.Date(at.Year(), at.Month(), at.Day(), number(hour), number(minute), 0, 0, time.UTC)
	if t.After(at.Add(time.Minute)) {
		t = t.AddDate(0, 0, -1)
	}
	return t
}

// hasty are forecasts from less than a fifth of the way.
func hasty(p page) []string {
	var out []string
	for _, m := range tooSoon.FindAllStringSubmatch(p.all, -1) {
		if 5*number(m[1]) < number(m[2]) {
			out = append(out, strconv.Quote(m[0]))
		}
	}
	return out
}

var (
	recoveredIn = regexp.MustCompile(`(?m)^[^\n]*Recovered after ([\dhmins ]+):`)
	impactIn    = regexp.MustCompile(`Impact: [^\n]*?\(([\dhmins ]+)\)`)
	quietNow    = regexp.MustCompile(`(?i)quiet for [^:]*: ([\d,]+) of `)
)

// twice are two statements of one thing that differ: how long it lasted; that it is
// quiet, and that many checks are failing.
func twice(p page) []string {
	var out []string
	if r, i := recoveredIn.FindStringSubmatch(p.all), impactIn.FindStringSubmatch(p.all); r != nil && i != nil && r[1] != i[1] {
		out = append(out, fmt.Sprintf("recovered after %s, and its impact is %s", r[1], i[1]))
	}
	if q, f := quietNow.FindStringSubmatch(p.head), failingNow.FindStringSubmatch(p.all); q != nil && f != nil && number(f[1]) > number(q[1]) {
		out = append(out, fmt.Sprintf("%q, and %q", f[0], q[0]))
	}
	return out
}

// idly is that nothing changed, beside what did.
func idly(p page) []string {
	if !idle.MatchString(p.all) {
		return nil
	}
	var out []string
	for _, line := range p.lines[min(1, len(p.lines)):] {
		if m := moved.FindString(line); m != "" && happened.MatchString(line) {
			out = append(out, fmt.Sprintf("nothing changed, and: %s", line))
		}
	}
	return out
}
