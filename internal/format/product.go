package format

import (
	"cmp"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// drillChecks is how many checks a drill-down tells one by one; evidence is
// shown for the first few of them. The rest is counted.
const (
	drillChecks   = 10
	drillEvidence = 3
)

// Product is the drill-down into one product: its level, then its checks, the
// worst first, each with its last failure and where its figures come from.
func Product(d status.Drill) Message {
	c := clockOf(d.At, d.Timezone)
	v := view{clock: c, Snapshot: status.Snapshot{Window: d.Window}}
	sentence := v.productSentence(d.ProductStatus)
	lines := []string{shape(d.Level) + " *" + sentence + "*", "as of " + c.Token(c.Now, false)}
	lines = append(lines, text.NonEmpty(says(d.ProductStatus))...)
	lines = append(lines, v.productFacts(d.ProductStatus)...)
	blocks := sections(lines)

	order := slices.Clone(d.Checks)
	slices.SortStableFunc(order, worstCheckFirst)
	told := v.checksTold(order, d.Owner, size(blocks))
	if len(order) > tableFrom {
		// The worst in full, and all of them to look through.
		worst := told[:min(2*drillEvidence, len(told))]
		table := Block{Table: checkTable(d.Name, order, roomy-size(blocks)-size(worst)), Instead: told[len(worst):]}
		told = append(slices.Clip(worst), table)
	}
	blocks = append(blocks, told...)
	more := []Action{sourcesButton()}
	if len(d.Checks) > 0 {
		more = append(more, nowButton(valueProduct+d.ID, "Probe now")...)
	}
	blocks = append(blocks, Block{Actions: append(again(valueProduct+d.ID, more...), backButton())})
	return limited(Message{Text: sentence + " As of " + c.Plain(c.Now) + ".", Blocks: blocks})
}

// tableFrom is the number of checks above which a drill-down has a table.
const tableFrom = 6

// checksTold tells checks one by one, two blocks each, and counts those for
// which there is no room beside what is there already.
func (v view) checksTold(order []status.CheckStatus, productOwner string, already int) []Block {
	var blocks []Block
	for i, cs := range order {
		section := "*" + text.Name(cs.Check.ID) + "* " + checkFigure(cs)
		if detail := v.checkDetail(cs, i < drillEvidence); detail != "" {
			section += "\n" + detail
		}
		pair := []Block{{Section: section}, {Context: v.provenance(cs, productOwner)}}
		if i == drillChecks || already+size(blocks)+size(pair) > roomy {
			blocks = append(blocks, Block{Section: restOfChecks(order[i:])})
			break
		}
		blocks = append(blocks, pair...)
	}
	return blocks
}

// nowButton is none when the value is longer than a button can hold.
func nowButton(value, label string) []Action {
	if text.Units(value) > maxValue {
		return nil
	}
	return []Action{{ID: ActionNow, Label: label, Value: value}}
}

func backButton() Action { return Action{ID: ActionSummary, Label: "Summary"} }

// productSentence says a product's level and figure, such as
// "Billing is degraded: 12 % fail (62/520)", with a full stop.
func (v view) productSentence(p status.ProductStatus) string {
	s := text.Name(p.Name) + " is " + text.Level(p.Impact)
	if p.Level == impact.OK && !asUsual(p) {
		s = text.Name(p.Name) + " is not clear yet" // its figures say otherwise than its level
	}
	switch {
	case p.Checks == 0:
		return s + ": no check is defined."
	case p.Level == impact.Unknown && p.AsOf.IsZero():
		return s + ": no result yet."
	case p.Level == impact.Unknown:
		return s + "."
	case p.Tries == 0:
		return s + ": no result in " + text.Span(p.Window) + "."
	case p.Slow && p.Failures > 0:
		return s + ": " + ofTries(slower(p.Counts), p.Tries, "slow") + " and " + ofTries(p.Failures, p.Tries, "failed") + " in " + v.span(p.From) + "."
	case p.Slow:
		return s + ": " + ofTries(slower(p.Counts), p.Tries, "slow") + " in " + v.span(p.From) + "."
	default:
		s += ": " + ofTries(p.Failures, p.Tries, "failed") + " in " + v.span(p.From)
		if p.Level == impact.OK {
			s += usuallyFails([]status.ProductStatus{p})
		}
		return s + "."
	}
}

// ofTries says a count with its share: "62 of 520 failed (12 %)".
func ofTries(k, tries int, verb string) string {
	s := text.Count(k) + " of " + text.Count(tries) + " " + verb
	if k > 0 {
		s += " (" + text.Percent(text.Share(k, tries), tries) + ")"
	}
	return s
}

// productFacts are the lines beneath the sentence.
func (v view) productFacts(p status.ProductStatus) []string {
	var lines []string
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if !p.Onset.IsZero() {
		add("began " + v.onset(p.Impact) + ", " + text.Span(v.Now.Sub(p.Onset)) + " ago")
	}
	if p.Level.Hurt() && p.Since.Tries > 0 {
		verb := "failed"
		if p.Slow {
			verb = "slow or failed"
		}
		add("since then " + ofTries(p.Since.Failures, p.Since.Tries, verb) + ", 95 % interval " + text.Interval(p.Since.Failures, p.Since.Tries))
	} else if p.Tries > 0 && p.Level.Hurt() {
		add("95 % interval " + text.Interval(bad(p.Impact), p.Tries))
	}
	if p.P95 > 0 {
		add("latency p50 " + text.Latency(p.P50) + ", p95 " + text.Latency(p.P95) + usually(p.Impact))
	}
	if p.Level.Hurt() && p.Usual > 0 && !p.Slow && p.Learning == 0 {
		add("usually " + rate(p.Usual) + " fail")
	}
	add(learning(p))
	add(partly(p))
	add(v.age(p))
	if p.Counts.Unknown > 0 {
		add(text.Plural(p.Counts.Unknown, "result") + " could not observe")
	}
	if len(parts) > 0 {
		lines = append(lines, text.Capital(strings.Join(parts, " · ")))
	}
	if s := progress(p.Impact); s != "" {
		lines = append(lines, "Recovering: "+s+".")
	}
	switch why := text.Escape(p.Why, 200); {
	case why == "" || p.Level == impact.OK || p.AsOf.IsZero():
	case p.Down != nil && !p.Dead():
		lines = append(lines, "Mostly failing since "+v.When(p.Down.Since)+".")
	case p.Down != nil:
		lines = append(lines, "DOWN since "+v.When(p.Down.Since)+".")
	case p.Level.Hurt() && !p.Changed.IsZero():
		lines = append(lines, text.Capital(text.Level(p.Impact))+" since "+v.When(p.Changed)+", when "+why+".")
	default:
		lines = append(lines, "Why "+text.Level(p.Impact)+": "+why+".")
	}
	if s := v.proofFact(p); s != "" {
		lines = append(lines, s)
	} else if p.Level == impact.OK && p.Failures > 0 && !p.LastBad.IsZero() && p.Clean > 0 {
		lines = append(lines, "0 of "+text.Count(p.Clean)+" failed since "+v.When(p.LastBad)+"; the figure still holds what failed before.")
	}
	return lines
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
		cmp.Compare(y.Share(), x.Share()),
		cmp.Compare(text.Share(slower(y.Counts), y.Tries), text.Share(slower(x.Counts), x.Tries)))
}

// restOfChecks counts what is not told one by one.
func restOfChecks(list []status.CheckStatus) string {
	var c impact.Counts
	stale := 0
	for _, cs := range list {
		c.Tries += cs.Tries
		c.Failures += cs.CheckImpact.Counts.Failures
		c.Slow += slower(cs.Counts)
		stale += one(cs.Stale)
	}
	s := "and " + text.Plural(len(list), "more check") + ": " + ofTries(c.Failures, c.Tries, "failed")
	if c.Slow > 0 {
		s += ", " + ofTries(c.Slow, c.Tries, "slow")
	}
	if stale > 0 {
		s += ", " + text.Count(stale) + " not measured"
	}
	return s
}
