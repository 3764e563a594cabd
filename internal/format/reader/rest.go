package reader

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

var (
	restsAs  = regexp.MustCompile(`\b(?:is|are) degraded(?:: 0 of|, and none of)`)
	sameAgo  = regexp.MustCompile(`[Ss]ame as ` + span + ` ago`)
	noneDid  = regexp.MustCompile(`none of the last [\d,]+ tries|: 0 of [\d,]+ tries failed`)
	flapsOf  = regexp.MustCompile(`\bflaps?: `)
	hurtWere = regexp.MustCompile(`products? (?:was|were) hurt, none is now; .*products? that were hurt`)
)

// resting is what does not fail now and is told as if it did, or as the same as when it
// did; and a first line that says one thing twice.
func resting(p page) []string {
	var out []string
	if m := restsAs.FindString(p.head); m != "" {
		out = append(out, "degraded beside no failure: "+p.head)
	}
	if m := sameAgo.FindString(p.head); m != "" && noneDid.MatchString(p.head) && !strings.Contains(p.head, "as usual") {
		out = append(out, "the same, and nothing fails: "+p.head)
	}
	if m, began := sameAgo.FindStringSubmatch(p.head), sinceClock.FindStringSubmatch(p.all); m != nil && began != nil && strings.Contains(p.head, " down: ") {
		same, unit := length(m[1])
		if lasts, _ := length(began[3]); lasts+unit < same { // what is down is told first
			out = append(out, fmt.Sprintf("%q, and down for %s: %s", m[0], began[3], p.head))
		}
	}
	if len(flapsOf.FindAllString(p.head, -1)) > 1 {
		out = append(out, "what flaps is told more than once: "+p.head)
	}
	if m := hurtWere.FindString(p.head); m != "" {
		out = append(out, "what was hurt is told twice: "+m)
	}
	return out
}

var (
	quietFor = regexp.MustCompile(`(?i)quiet for ` + span + ` on`)
	failMany = regexp.MustCompile(`\bfail \d[\d.]* % of tries`)
)

// elsewhere is an answer that says otherwise than the channel's newest update, of which
// the reader knows the first line: that it is quiet.
func elsewhere(p page) []string {
	m := quietFor.FindStringSubmatch(p.Told)
	if m == nil {
		return nil
	}
	var out []string
	if failMany.MatchString(p.head) && !strings.Contains(strings.ToLower(p.head), "quiet for") {
		out = append(out, fmt.Sprintf("%q, and the channel: %s", p.head, p.Told))
	}
	quiet, _ := length(m[1])
	if s := sameAgo.FindStringSubmatch(p.head); s != nil {
		if d, _ := length(s[1]); d > quiet+15*time.Minute { // a window, and what came since the update
			out = append(out, fmt.Sprintf("%q, and the channel: %s", s[0], p.Told))
		}
	}
	return out
}

var inSum = regexp.MustCompile(`% of tries \(` + figure + ` in ` + span + `\)`)

// pooled is the sum of one group over a span that its number of tries does not bear:
// some of its products count from later on.
func pooled(p page) []string {
	m := inSum.FindStringSubmatch(p.head)
	if m == nil || p.Pace == 0 || p.hurt <= 0 || !p.oneGroup() {
		return nil
	}
	d, unit := length(m[3])
	if unit > time.Minute || d < 5*time.Minute {
		return nil // too few of them
	}
	want := p.Pace * float64(p.hurt) * d.Minutes()
	if is := float64(number(m[2])); math.Abs(is-want) > 0.2*want {
		return []string{fmt.Sprintf("%q: %s tries of %d products are %.0f min", m[0], m[2], p.hurt, is/p.Pace/float64(p.hurt))}
	}
	return nil
}
