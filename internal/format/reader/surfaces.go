package reader

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	ofOne    = regexp.MustCompile(`(?:^|: |, |; )([\p{L}][\p{L}\d /_-]*?) (?:slow )?\d[\d.]* % \((\d[\d,]*)/(\d[\d,]*)\)`)
	headOne  = regexp.MustCompile(`^(?::[a-z_]+: )?([\p{L}][\p{L}\d /_-]*?) (?:fails|answers slowly:) \d[\d.]* % of tries \((\d[\d,]*) of (\d[\d,]*)`)
	shapes   = regexp.MustCompile(`^:[a-z_]+: `)
	listRow  = regexp.MustCompile(`^:(?:large_orange_diamond|octagonal_sign): .*?(?:\((\d[\d,]*)/(\d[\d,]*)\)| (0)/(\d[\d,]*)) since `)
	checkRow = regexp.MustCompile(`^\S.*? +\d[\d.]* % +(\d[\d,]*)/(\d[\d,]*)(?: |$)`)
	checkSum = regexp.MustCompile(`(?:checks? pass(?:es)?(?:, \S+)?|Its check \S+ passes|more checks?) \((\d[\d,]*) of (\d[\d,]*)\)`)
	headSum  = regexp.MustCompile(`^[^.]*? \((\d[\d,]*) of (\d[\d,]*)(?: in [\dhmins ]+)?[;)]`)
)

// Together holds what several answers of one instant say of the same product against
// each other, and the sums of their first lines.
func Together(list []Said) (out []Fault) {
	figures, sum := map[string]oneSaid{}, oneSaid{}
	for _, s := range list {
		p := open(s)
		if m := headOne.FindStringSubmatch(p.head); m != nil {
			out = append(out, differs(figures, m, p.head)...)
		}
		for _, line := range p.lines {
			for _, m := range ofOne.FindAllStringSubmatch(shapes.ReplaceAllString(line, ""), -1) {
				out = append(out, differs(figures, m, line)...)
			}
		}
		if m := sharedOf.FindStringSubmatch(p.head); m != nil && p.oneGroup() {
			is := oneSaid{m[2] + " of " + m[3], p.head}
			if sum.figure != "" && sum.figure != is.figure {
				out = append(out, Fault{"answers", fmt.Sprintf("at one instant %q and %q", sum.line, is.line)})
			}
			sum = is
		}
	}
	return out
}

// oneSaid is a figure, and the line that has it.
type oneSaid struct{ figure, line string }

// differs notes what a line says of a product, and finds that another said otherwise.
func differs(figures map[string]oneSaid, m []string, line string) []Fault {
	is := oneSaid{m[2] + " of " + m[3], line}
	was, ok := figures[m[1]]
	figures[m[1]] = is
	if ok && was.figure != is.figure {
		return []Fault{{"answers", fmt.Sprintf("of %s at one instant %q and %q", m[1], was.line, is.line)}}
	}
	return nil
}

// listRows are the lines of an answer with a product in each that hurts, which do not
// add up to the sum of the first line.
func listRows(p page) []string {
	if !p.Long || len(p.lines) < 2 || !p.oneGroup() {
		return nil
	}
	head := headShare.FindStringSubmatch(p.head)
	bad, tries, n := 0, 0, 0
	for _, line := range p.lines[1:] {
		if m := listRow.FindStringSubmatch(line); m != nil {
			bad, tries, n = bad+number(m[1]), tries+number(m[2]+m[4]), n+1
		}
		if strings.HasPrefix(line, "and ") && strings.HasSuffix(line, " more") {
			return nil
		}
	}
	if n > 0 && (bad != number(head[2]) || tries != number(head[3])) {
		return []string{fmt.Sprintf("the rows have %d of %d: %s", bad, tries, p.head)}
	}
	return nil
}

// checkRows are the checks of a product one by one, which do not add up to what the
// first line says of it.
func checkRows(p page) []string {
	head := headSum.FindStringSubmatch(p.head)
	begin := strings.Index(p.all, "```")
	if head == nil || begin < 0 || strings.Contains(p.head, "slow") || strings.Contains(p.all, "Not measured now") {
		return nil
	}
	rows, rest, _ := strings.Cut(p.all[begin+3:], "```")
	if strings.Contains(rows, " slow") {
		return nil // what is slow is counted in its rows
	}
	bad, tries := 0, 0
	add := func(m []string) { bad, tries = bad+number(m[1]), tries+number(m[2]) }
	for row := range strings.SplitSeq(strings.TrimSpace(rows), "\n") {
		m := checkRow.FindStringSubmatch(row)
		if m == nil {
			return nil
		}
		add(m)
	}
	for _, m := range checkSum.FindAllStringSubmatch(rest, -1) {
		add(m)
	}
	if bad != number(head[1]) || tries != number(head[2]) {
		return []string{fmt.Sprintf("the checks have %d of %d: %s", bad, tries, p.head)}
	}
	return nil
}
