package reader

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	titleSpan  = regexp.MustCompile(`(?m)^\*\*.*?(\d\d:\d\d) to (?:.*? )?(\d\d:\d\d) \((.*?)\)`)
	productRow = regexp.MustCompile(`(?m)^\| [^|]* \| [^|]* % \| (\d[\d,]*)/(\d[\d,]*) \| ([^|]*) \| ([^|]*) \| [^|]* \|$`)
	lead       = regexp.MustCompile(`(?m)^1\. .*?failed [\d.]+ % of client checks \(` + figure + `\)`)
	clockTime  = regexp.MustCompile(`\d\d:\d\d`)
	hurtRow    = regexp.MustCompile(`(?m)^\| [^|]* \| [^|]* \| (\d[^|]*?) \| [^|]* \| \d[\d,]* of [\d,]+ [^|]*\|`)
)

// reported are the rules that hold in a report as well, each with its name.
var reported = []struct {
	kind string
	find func(page) []string
}{{"percent", percents}, {"part", parts}, {"turn", turns}, {"mention", mentions}, {"mark", marks}, {"grammar", grammar}}

// Report returns what is wrong with the Markdown of an incident's report: its sentences,
// and figures that are told in two places and differ.
func Report(s Said) (out []Fault) {
	p := open(s)
	p.all = strings.ReplaceAll(s.Shown, `\`, "")
	for _, r := range reported {
		for _, what := range r.find(p) {
			out = append(out, Fault{r.kind, what})
		}
	}
	list := productRow.FindAllStringSubmatch(p.all, -1)
	title := titleSpan.FindStringSubmatch(p.all)
	if title == nil || len(list) == 0 {
		return out
	}
	bad, tries, began, ended := 0, 0, false, false
	for _, r := range list {
		bad, tries = bad+number(r[1]), tries+number(r[2])
		began, ended = began || clockTime.FindString(r[3]) == title[1], ended || clockTime.FindString(r[4]) == title[2]
	}
	if m := lead.FindStringSubmatch(p.all); m != nil && (number(m[1]) != bad || number(m[2]) != tries) {
		out = append(out, Fault{"sum", fmt.Sprintf("the rows have %d of %d failed: %s", bad, tries, m[0])})
	}
	still := strings.Contains(title[0], "so far") || strings.Contains(p.all, "still open")
	if !began || !ended && !still {
		out = append(out, Fault{"whole", fmt.Sprintf("no product was hurt from %s or none to %s: %s", title[1], title[2], title[0])})
	}
	whole, unit := length(title[3])
	for _, r := range hurtRow.FindAllStringSubmatch(p.all, -1) {
		if d, _ := length(r[1]); d > whole+unit && whole > 0 {
			out = append(out, Fault{"whole", fmt.Sprintf("hurt for %s of %s", r[1], title[3])})
		}
	}
	return out
}
