package format

import (
	"strings"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
)

// CheckTable is what a terminal shows of single probes: a line for each result
// in the given order, its columns aligned by characters, then where screenshots
// are, then one line that sums up. External text in it has no control characters.
func CheckTable(results []checks.Result) string {
	rows := [][]string{{"OUTCOME", "PRODUCT", "CHECK", "TOOK", "REASON", "SUMMARY"}}
	for _, r := range results {
		reason := string(r.Reason)
		if reason == "" {
			reason = "-"
		}
		rows = append(rows, []string{string(r.Outcome), terminal(r.Product, 40), terminal(r.Check, 60),
			text.Latency(r.Duration), terminal(reason, 20), terminal(r.Summary, 200)})
	}
	var width [6]int
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	if len(results) > 0 {
		for _, row := range rows {
			var line strings.Builder
			for i, cell := range row {
				pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
				if i == 3 { // durations are numbers: to the right
					line.WriteString(pad + cell + "  ")
					continue
				}
				line.WriteString(cell + pad + "  ")
			}
			b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		}
	}
	for _, r := range results {
		if r.Evidence != nil && r.Evidence.Screenshot != "" {
			b.WriteString("Screenshot of " + terminal(r.Check, 60) + ": " + terminal(r.Evidence.Screenshot, 1000) + "\n")
		}
	}
	b.WriteString(tally(results) + "\n")
	return b.String()
}

// tally counts outcomes: "4 checks: 2 passed, 1 degraded, 1 failed".
func tally(results []checks.Result) string {
	n := map[checks.Outcome]int{}
	for _, r := range results {
		n[r.Outcome]++
	}
	var parts []string
	for _, x := range []struct {
		outcome checks.Outcome
		word    string
	}{{checks.Pass, "passed"}, {checks.Degraded, "degraded"}, {checks.Fail, "failed"}, {checks.Unknown, "could not observe"}} {
		if n[x.outcome] > 0 {
			parts = append(parts, text.Count(n[x.outcome])+" "+x.word)
		}
	}
	if len(parts) == 0 {
		return "no check"
	}
	return text.Plural(len(results), "check") + ": " + strings.Join(parts, ", ")
}

// terminal is external text as one line of at most n characters.
func terminal(s string, n int) string {
	s = text.OneLine(s, n)
	if text.Units(s) > n {
		s = text.Clip(s, n-1) + "…"
	}
	return s
}
