package reader

import (
	"regexp"
	"strconv"
	"strings"
)

// Who joined since: the lines of an answer of what changed.
var (
	hurtThen = regexp.MustCompile(`\b([\d,]+) (?:was|were) hurt then(?:; now|,) ([\d,]+) (?:of|are now)|, ([\d,]+) products \(([\d,]+) then\)`)
	came     = regexp.MustCompile(`^(?:[A-Z][a-z]{2} )?\d\d:\d\d(?: UTC)? ([^:“]+) failing\.$`)
)

// joined finds more products that joined, and were hurt then, than are hurt now,
// where none has left.
func joined(p page) (out []string) {
	m := hurtThen.FindStringSubmatch(p.head)
	if m == nil {
		return nil
	}
	then, now, joins := number(m[1]+m[4]), number(m[2]+m[3]), 0
	for _, line := range p.lines[1:] {
		switch f := came.FindStringSubmatch(line); {
		case strings.Contains(line, "no longer") && !strings.Contains(line, "no longer mostly"): // one has left
			return nil
		case f != nil && !strings.HasSuffix(f[1], " mostly"): // which may have been hurt before
			joins += countList(f[1])
		}
	}
	if then+joins > now {
		out = append(out, strconv.Itoa(then)+" were hurt then and "+strconv.Itoa(joins)+" joined, but "+strconv.Itoa(now)+" are hurt: "+p.head)
	}
	return out
}
