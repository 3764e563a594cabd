package reader

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A figure is some failures of some tries: "53 of 1,349", "6/90".
const figure = `(\d[\d,]*)(?: of (?:about |the last )?|/)(\d[\d,]*)`

var (
	rated   = regexp.MustCompile(`(over |under |about |below )?(\d[\d.]*) % (?:fails? |of (?:[a-z]+ ){1,3})?\(` + figure)
	compare = regexp.MustCompile(`(\d[\d.]*) % -> (\d[\d.]*) % \(` + figure + ` before, ` + figure + ` after\)`)
	after   = regexp.MustCompile(figure + ` (?:[a-z]+ ){0,3}failed(?: in [\dhmins ]+)?(?:: | \()(\d[\d.]*) %`)
	pair    = regexp.MustCompile(figure)
)

func number(s string) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(s, ",", "")) // digits, by the expressions
	return n
}

// percents are shares that are not those of the counts beside them.
func percents(p page) []string {
	var out []string
	check := func(said, share, bad, tries string) {
		told, _ := strconv.ParseFloat(share, 64)
		_, fraction, _ := strings.Cut(share, ".")
		is := 100 * float64(number(bad)) / float64(max(1, number(tries)))
		if math.Abs(is-told) > 0.5*math.Pow10(-len(fraction))+1e-9 && !(told == 0 && number(bad) == 0) {
			out = append(out, fmt.Sprintf("%q: it is %.2f %%", said, is))
		}
	}
	for _, m := range compare.FindAllStringSubmatch(p.all, -1) {
		check(m[0], m[1], m[3], m[4])
		check(m[0], m[2], m[5], m[6])
	}
	for _, m := range rated.FindAllStringSubmatch(compare.ReplaceAllString(p.all, ""), -1) {
		if m[1] == "" { // "over 99 %" is no figure
			check(m[0], m[2], m[3], m[4])
		}
	}
	for _, m := range after.FindAllStringSubmatch(p.all, -1) {
		check(m[0], m[3], m[1], m[2])
	}
	return out
}

// parts are more than the whole that they are said to be of.
func parts(p page) []string {
	var out []string
	for _, m := range pair.FindAllStringSubmatch(p.all, -1) {
		if number(m[1]) > number(m[2]) {
			out = append(out, strconv.Quote(m[0]))
		}
	}
	return out
}

var (
	ofProducts = regexp.MustCompile(`(\d+) of (\d+) products?`)
	allHurt    = regexp.MustCompile(`(?i)\ball (\d+) products? (?:fail|are down|are degraded)`)
	namedHurt  = regexp.MustCompile(`#[\d,]+: (?:[a-z ]+: |worse\. )?([^.:]*?) (?:fails?|answers?) `)
	usualCount = regexp.MustCompile(`(?m)^.*?(\d+) (?:products? )?as usual`)
	mostLine   = regexp.MustCompile(`^Most: (.*?)((?:; \d+ more\b[^;]*)+)$`)
	moreOf     = regexp.MustCompile(`(\d+) more`)
	sharedOf   = regexp.MustCompile(`(\d+) of \d+ products? fails? [\d.]+ % of tries \(` + figure)
	listed     = regexp.MustCompile(`(\d[\d.]*) % \(` + figure)
)

// counted is how many products fail by the first line, -1 where it does not
// say.
func (p page) counted() int {
	if ofProducts.MatchString(p.head) && !strings.Contains(p.head, "as usual") && !strings.Contains(p.head, "o longer failing") {
		return number(ofProducts.FindStringSubmatch(p.head)[1])
	}
	if m := allHurt.FindStringSubmatch(p.head); m != nil {
		return number(m[1])
	}
	if m := namedHurt.FindStringSubmatch(p.head); m != nil {
		return 1 + strings.Count(m[1], ", ") + strings.Count(m[1], " and ")
	}
	return -1
}

// sums are counts of products that are not those of the company, and lists
// that do not add up to the sum that is told.
func sums(p page) []string {
	var out []string
	for _, m := range ofProducts.FindAllStringSubmatch(p.head, -1) {
		if number(m[2]) != p.Products {
			out = append(out, fmt.Sprintf("%q: there are %d products", m[0], p.Products))
		}
	}
	if m := usualCount.FindStringSubmatch(strings.Join(p.lines[min(1, len(p.lines)):], "\n")); m != nil && p.hurt >= 0 && p.hurt+number(m[1]) > p.Products {
		out = append(out, fmt.Sprintf("%d fail and %s are as usual, of %d products", p.hurt, m[1], p.Products))
	}
	group := sharedOf.FindStringSubmatch(p.head)
	for _, line := range p.lines {
		m := mostLine.FindStringSubmatch(line)
		if m == nil || group == nil {
			continue
		}
		named, bad, tries := listed.FindAllStringSubmatch(m[1], -1), 0, 0
		for _, l := range named {
			bad, tries = bad+number(l[2]), tries+number(l[3])
		}
		more := 0
		for _, n := range moreOf.FindAllStringSubmatch(m[2], -1) {
			more += number(n[1])
		}
		if len(named)+more != number(group[1]) {
			out = append(out, fmt.Sprintf("%d named and %d more are not the %s that fail", len(named), more, group[1]))
		}
		if bad > number(group[2]) || tries > number(group[3]) {
			out = append(out, fmt.Sprintf("those named have %d of %d failed, all together %s of %s", bad, tries, group[2], group[3]))
		}
	}
	return out
}

// low is the lower end of the 99 % interval of a share, after Wilson.
func low(bad, tries int) float64 {
	if tries == 0 || bad == 0 {
		return 0
	}
	const z = 2.576
	n, share := float64(tries), float64(bad)/float64(tries)
	return (share + z*z/(2*n) - z*math.Sqrt(share*(1-share)/n+z*z/(4*n*n))) / (1 + z*z/n)
}
