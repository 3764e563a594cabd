package reader

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// plainUsual is the share, in parts of one, above which "as usual" is not
// believed where what is usual is not said: the level of a proven recovery.
const plainUsual = 0.01

var (
	usualFigure = regexp.MustCompile(`as usual(?::| \()\s*` + figure)
	usuallyOf   = regexp.MustCompile(`usually (?:about )?(\d[\d.]*) %`)
)

// usual is "as usual" beside a share whose own interval is above usual.
func usual(p page) []string {
	var out []string
	for _, line := range p.lines {
		for _, m := range usualFigure.FindAllStringSubmatch(line, -1) {
			most := plainUsual
			if u := usuallyOf.FindStringSubmatch(line); u != nil {
				share, _ := strconv.ParseFloat(u[1], 64)
				most = max(most, share/100)
			}
			if l := low(number(m[1]), number(m[2])); l > most {
				out = append(out, fmt.Sprintf("%q: at least %.1f %%", m[0], 100*l))
			}
		}
	}
	return out
}

var (
	tick     = regexp.MustCompile(`:white_check_mark:|:large_green_circle:|✅`)
	failing  = regexp.MustCompile(`\b(?:not clear yet|degraded|DOWN|is down|are down|fails?|failing)\b`)
	unless   = regexp.MustCompile(`(?i)flaps?: (?:mostly )?(?:failing|down) [\d,]+(?: to [\d,]+)? times|no longer fail\w*|not failing|none down|no product fails|none of the [\d,]+ others? fails?|was (?:down|degraded)|nothing fails|at once if`)
	downOf   = regexp.MustCompile(`(?:\b(?:is|are|was|were) down|DOWN)\b[^.\n]*?` + figure)
	failNone = regexp.MustCompile(`(?:\bfails?|DOWN|degraded)\b[^.;,\n]{0,30}?\(0(?: of |/)\d`)
)

// levels are words that the figures beside them do not bear.
func levels(p page) []string {
	var out []string
	for _, line := range p.lines {
		bare := unless.ReplaceAllString(line, "")
		if tick.MatchString(line) && failing.MatchString(bare) {
			out = append(out, "a tick beside trouble: "+line)
		}
		for _, m := range downOf.FindAllStringSubmatch(line, -1) {
			if 10*number(m[1]) < 9*number(m[2]) {
				out = append(out, "down beside what passes: "+m[0])
			}
		}
		for _, m := range listed.FindAllStringSubmatch(line, -1) {
			if p.hurt > 0 && number(m[2]) == 0 && !strings.Contains(line, "o longer failing") {
				out = append(out, "told as failing beside no failure: "+line)
				break
			}
		}
		if m := failNone.FindString(bare); m != "" {
			out = append(out, "failing beside no failure: "+m)
		}
	}
	return out
}

var (
	failingChecks = regexp.MustCompile(`\b[Aa]ll (\d+) failing checks`)
	failingNow    = regexp.MustCompile(`\b[Aa]ll ([\d,]+) failing checks`)
	noneFailed    = regexp.MustCompile(`none of the last [\d,]+ tries (?:failed|did|was)|no failure in`)
	otherChecks   = regexp.MustCompile(`of the (\d+) others?, (\d+) fails?\b`)
	noLonger      = regexp.MustCompile(`(?i)no longer failing: (\d+) of (\d+) products`)
)

// failures are all that failed by the first line, -1 where it does not say.
func (p page) failures() int {
	n := -1
	if noneFailed.MatchString(p.head) { // of one group; others may fail
		n = 0
	}
	for _, m := range headShare.FindAllStringSubmatch(p.head, -1) {
		n = max(n, 0) + number(m[2])
	}
	if downOf.MatchString(p.head) || slowOf.MatchString(p.head) {
		return -1 // said in other words too
	}
	return n
}

var slowOf = regexp.MustCompile(`slow|all \d+ tries`)

// wholes are counts of a part that are told as of all.
func wholes(p page) []string {
	var out []string
	if m := failingChecks.FindStringSubmatch(p.all); m != nil && number(m[1]) < p.hurt {
		out = append(out, fmt.Sprintf("%q, and %d products fail", m[0], p.hurt))
	}
	if m := failingNow.FindStringSubmatch(p.all); m != nil {
		// Checks are failing while their trouble lasts, which is longer than a
		// window: somewhat fewer failures than checks are believed.
		if n := number(m[1]); n > 3*p.failures() && p.failures() >= 0 {
			out = append(out, fmt.Sprintf("%q, and %d tries failed: %s", m[0], p.failures(), p.head))
		}
	}
	if m := otherChecks.FindStringSubmatch(p.all); m != nil && m[1] == m[2] {
		out = append(out, fmt.Sprintf("a cause of which %q", m[0]))
	}
	if m := noLonger.FindStringSubmatch(p.all); m != nil && number(m[1]) > p.Ever {
		out = append(out, fmt.Sprintf("%q, and %d were hurt", m[0], p.Ever))
	}
	return out
}

var (
	overList  = regexp.MustCompile(`(?m)^No longer failing: (.*)$`)
	hurtNamed = regexp.MustCompile(`(?:^|: |, |; )([\p{L}][^,;:(%]*?) (?:slow )?\d[\d.]* % \(`)
)

// worseOn is of single products, of which one may be worse and another better.
var worseOn = regexp.MustCompile(`(?:Worse|Better) on [^.%]*? than `)

// happened is a line of what was so at an instant.
var happened = regexp.MustCompile(`^(?:[A-Z][a-z]{2} )?\d\d:\d\d(?: UTC)? `)

var openOnes = regexp.MustCompile(`\d+ open incident|Updates come to this channel`)

// contradictions are two statements of which one must be wrong.
func contradictions(p page) []string {
	var out []string
	head := strings.ToLower(worseOn.ReplaceAllString(p.head, ""))
	for _, both := range [][2]string{{"worse", "better"}, {"same as", "worse"}, {"same as", "better"}, {"none down", "is down"}, {"recovered", "failing again"}, {"another trouble", "failing again"}} {
		if strings.Contains(head, both[0]) && strings.Contains(head, both[1]) {
			out = append(out, fmt.Sprintf("%q and %q: %s", both[0], both[1], p.head))
		}
	}
	if strings.Contains(p.all, "No incident yet") && openOnes.MatchString(p.all) {
		out = append(out, "no incident yet, and one is open")
	}
	well := strings.Contains(head, "as usual") && strings.Contains(head, "all ") || strings.HasPrefix(head, "recovered")
	for _, line := range p.lines[min(1, len(p.lines)):] {
		if well && !happened.MatchString(line) && failing.MatchString(unless.ReplaceAllString(line, "")) {
			out = append(out, p.head+" and: "+line)
		}
	}
	if m := overList.FindStringSubmatch(p.all); m != nil {
		for _, h := range hurtNamed.FindAllStringSubmatch(p.all, -1) {
			if strings.Contains(", "+m[1], ", "+h[1]+" (") {
				out = append(out, h[1]+" fails, and no longer fails")
			}
		}
	}
	return out
}

var pings = regexp.MustCompile(`<@[UW]\w+[^>]*>|<!(?:here|channel|everyone|subteam)[^>]*>`)

// mentions notify people, which what is told again and again must not.
func mentions(p page) []string { return pings.FindAllString(p.Text+"\n"+p.Shown, -1) }

// mostLines is how many lines an update has at most.
const mostLines = 8

func tooMany(p page) []string {
	if n := len(p.lines); n > mostLines && !p.Long {
		return []string{fmt.Sprintf("%d", n)}
	}
	return nil
}

var quoted = regexp.MustCompile("“[^”]*”|`[^`]*`")

// marks are signs that do not belong: U+2236 in the place of a colon, and
// exclamation marks, but in what somebody else wrote.
func marks(p page) []string {
	var out []string
	if strings.ContainsRune(p.Text+p.Shown, '∶') {
		out = append(out, "U+2236")
	}
	if own := quoted.ReplaceAllString(p.all, ""); strings.Contains(own, "!") {
		out = append(out, "an exclamation mark: "+own)
	}
	return out
}

var (
	oneOfMany = regexp.MustCompile(`(?:^|[^\d,.])1 (?:[a-z]+ )?(?:products|checks|tries|failures|others|actions|updates|results|minutes|answers|probes)\b|\b1 (?:\w+ )?(?:were|are|fail|have|pass)\b`)
	manyOfOne = regexp.MustCompile(`(?:^|[^\d,.:#])(?:[02-9]|\d[\d,]*\d) (?:product|check|try|failure|other|action|result) (?:is|are|was|were|fails?|needed|as)\b`)
	nothing   = regexp.MustCompile(`\b0 of (?:the )?0\b|\b0/0\b|\bno of\b|NaN|\+Inf|%!`)
	learning  = regexp.MustCompile(`still learning`)
)

var (
	commaPair = regexp.MustCompile(`#\d+: [^,.:; ]+, [^,.:; ]+ answer again`) // two are "A and B"
	ofAll     = regexp.MustCompile(`\b(\d+) of (\d+) products (?:fail|are)\b`)
	answers   = regexp.MustCompile(`answers? again: [^\n]*fail`)
)

// answering is what answers again, counted among what fails.
func answering(p page) []string {
	if answers.MatchString(p.head) && strings.Contains(p.all, " more without a failure") {
		return []string{fmt.Sprintf("%q, and some of what fails has no failure", p.head)}
	}
	return nil
}

// grammar is what no person would write.
func grammar(p page) []string {
	var out []string
	bad := []*regexp.Regexp{oneOfMany, manyOfOne, nothing, commaPair}
	if m := ofAll.FindStringSubmatch(p.all); m != nil && m[1] == m[2] {
		out = append(out, strconv.Quote(m[0]))
	}
	if !p.Long { // said where it is asked for
		bad = append(bad, learning)
	}
	for _, re := range bad {
		for _, m := range re.FindAllString(p.all, -1) {
			out = append(out, strconv.Quote(strings.TrimSpace(m)))
		}
	}
	return out
}

var icon = regexp.MustCompile(`^:[a-z_]+: `)

// notification wants the first line in the notification too.
func notification(p page) []string {
	head := strings.TrimRight(icon.ReplaceAllString(p.head, ""), ".")
	said := unmarked.Replace(labelled.ReplaceAllString(p.Text, "$1"))
	if head != "" && !strings.Contains(said, head) {
		return []string{fmt.Sprintf("%q does not say %q", said, head)}
	}
	return nil
}

var ofPlain = regexp.MustCompile(`\b\d\d:\d\d(?::\d\d)?\b|\d[\d.,]*\d|\d`)

// plainly are the figures and times of the notification that the message itself
// does not have: both are one thing to who reads them.
func plainly(p page) []string {
	has := map[string]bool{}
	for _, s := range ofPlain.FindAllString(p.all, -1) {
		has[s] = true
	}
	var out []string
	for _, s := range ofPlain.FindAllString(unmarked.Replace(labelled.ReplaceAllString(p.Text, "$1")), -1) {
		if !has[s] {
			out = append(out, fmt.Sprintf("%s stands in %q alone", s, p.Text))
			break
		}
	}
	return out
}
