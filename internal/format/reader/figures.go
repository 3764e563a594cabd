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
	compare = regexp.MustCompile(`(\d[\d.]*) % → (\d[\d.]*) % \(` + figure + ` before, ` + figure + ` after\)`)
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
	allHurt    = regexp.MustCompile(`(?i)\ball (\d+) products? (?:fail|are down|are degraded|answer slowly)`)
	namedHurt  = regexp.MustCompile(`#[\d,]+: (?:[a-z ]+: |worse\. )?([^.:%(]*?) (?:fails?|answers?) `)
	usualCount = regexp.MustCompile(`(?m)^.*?(\d+) (?:products? )?as usual`)
	mostLine   = regexp.MustCompile(`^Most: (.*?)((?:; (?:\d+ more\b|[^;%]*\d/\d)[^;]*)+)$`)
	fewOf      = regexp.MustCompile(`\d/\d`) // one of few tries, by its counts alone
	moreOf     = regexp.MustCompile(`(\d+) more`)
	sharedOf   = regexp.MustCompile(`(\d+) of \d+ products? fails? [\d.]+ % of tries \(` + figure)
	listed     = regexp.MustCompile(`(\d[\d.]*) % \(` + figure)
)

// flapsAndFails is what flaps before what fails of it now: some of that may fail no longer.
var flapsAndFails = regexp.MustCompile(`[^.:#]*\bflaps?: [^.]*\. `)

// counted is how many products fail by the first line, -1 where it does not
// say.
func (p page) counted() int {
	if m := flapsAndFails.FindStringIndex(p.head); m != nil {
		p.head = p.head[:m[0]] + " " + p.head[m[1]:]
	}
	if answers.MatchString(p.head) {
		return -1 // what answers again is hurt, too, and is not counted with what fails beside it
	}
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
	if n, parts := p.groups(); n > p.Products && p.Products > 0 {
		out = append(out, fmt.Sprintf("%s, of %d products", strings.Join(parts, " and "), p.Products))
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
		more += len(fewOf.FindAllString(m[2], -1))
		if len(named)+more != number(group[1]) {
			out = append(out, fmt.Sprintf("%d named and %d more are not the %s that fail", len(named), more, group[1]))
		}
		if bad > number(group[2]) || tries > number(group[3]) {
			out = append(out, fmt.Sprintf("those named have %d of %d failed, all together %s of %s", bad, tries, group[2], group[3]))
		}
	}
	return out
}

var (
	quietOn  = regexp.MustCompile(`(?i)\b(?:quiet for [^:]*? on|no longer failing:) (?:all )?(?:(\d+) products(?: that were hurt)?|([^:,(]+(?:, [^:,(]+)* and [^:,(]+|[^:,(]+)) ?[:,(]`)
	listOf   = regexp.MustCompile(`(?m)(?:^|\. )(No longer failing|Not measured|In maintenance|Not clear yet): (.*)$`)
	itemOf   = regexp.MustCompile(`\([^()]*\)`)
	sentence = regexp.MustCompile(`\. [A-Z0-9]`)
)

// groups adds up the products of the groups that a message tells, of which a
// product is in one: what fails or was lately failing by the first line, what no
// longer fails, what is not measured, what is as usual. What it tells of them is
// for people to find the two that overlap.
func (p page) groups() (n int, told []string) {
	add := func(k int, what string) {
		if n += k; k > 0 {
			told = append(told, fmt.Sprintf("%d %s", k, what))
		}
	}
	add(max(p.hurt, 0), "fail")
	over := quietOn.FindStringSubmatch(p.head) // what no longer fails is among these
	if over != nil && p.hurt < 0 {
		k := number(over[1])
		if over[2] != "" {
			k = 1 + strings.Count(over[2], ", ") + strings.Count(over[2], " and ")
		}
		add(k, "no longer do by the first line")
	}
	if len(p.lines) < 2 {
		return n, told
	}
	rest := strings.Join(p.lines[1:], "\n")
	if m := usualCount.FindStringSubmatch(rest); m != nil {
		add(number(m[1]), "are as usual")
	}
	for _, m := range listOf.FindAllStringSubmatch(rest, -1) {
		if m[2] != "none." && (over == nil || m[1] != "No longer failing") {
			add(countList(m[2]), strings.ToLower(m[1]))
		}
	}
	return n, told
}

// countList is how many products a list names and counts: "Billing (0 of 60),
// Mail and 3 more".
func countList(s string) int {
	s = itemOf.ReplaceAllString(s, "")
	if at := sentence.FindStringIndex(s); at != nil {
		s = s[:at[0]]
	}
	n := 0
	if m := moreOf.FindStringSubmatch(s); m != nil {
		n, s = number(m[1])-1, strings.Replace(s, " and "+m[0], ", x", 1)
	}
	return n + 1 + strings.Count(s, ", ")
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
