package format

import (
	"cmp"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// drillChecks is how many checks an answer tells one by one; evidence is shown
// for the first few of them. The rest is counted.
const (
	drillChecks   = 10
	drillEvidence = 3
)

// tableFrom is the number of checks above which an answer has a table.
const tableFrom = 6

// nowButton is none when the value is longer than a button can hold.
func nowButton(value, label string) []Action {
	if text.Units(value) > maxValue {
		return nil
	}
	return []Action{{ID: ActionNow, Label: label, Value: value}}
}

func backButton() Action { return Action{ID: ActionSummary, Label: "Summary"} }

// ofTries says a count with its share: "62 of 520 failed (12 %)".
func ofTries(k, tries int, verb string) string {
	s := text.Count(k) + " of " + text.Count(tries) + " " + verb
	if k > 0 {
		s += " (" + text.Percent(text.Share(k, tries), tries) + ")"
	}
	return s
}

// worstCheckFirst orders checks: those that fail by share, those that are
// slow, those that are not measured, the others.
func worstCheckFirst(x, y status.CheckStatus) int {
	rank := func(c status.CheckStatus) int {
		switch {
		case c.CheckImpact.Counts.Failures > 0:
			return 0
		case slower(c.Counts) > 0:
			return 1
		case c.Stale:
			return 2
		default:
			return 3
		}
	}
	return cmp.Or(rank(x)-rank(y),
		cmp.Compare(impact.Surely(y.Counts.Failures, y.Tries), impact.Surely(x.Counts.Failures, x.Tries)),
		cmp.Compare(y.Share(), x.Share()),
		cmp.Compare(impact.Surely(slower(y.Counts), y.Tries), impact.Surely(slower(x.Counts), x.Tries)))
}
