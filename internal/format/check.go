package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// inFull is how many of a check's last failures are told with their output;
// the older ones have a line each.
const inFull = 5

// Check is the drill-down into one check, with its last results that were not
// a pass as evidence.
func Check(c status.CheckStatus, tz *time.Location, now time.Time) Message {
	v := view{clock: clockOf(now, tz)}
	sentence := text.Name(c.Check.ID) + ": " + checkFigure(c) + "."
	lines := []string{"*" + sentence + "*", "Of product " + text.Code(c.Check.Product, 80) + " · as of " + v.Token(now, false)}
	if c.Tries > 0 {
		lines = append(lines, "95 % interval of the failures "+text.Interval(c.CheckImpact.Counts.Failures, c.Tries))
	}
	lines = append(lines, text.NonEmpty(usualOf(c))...)
	lines = append(lines, reasonLines(c)...)
	if c.Newest.Check != "" {
		lines = append(lines, "Newest result: "+text.Lower(v.failure(c.Newest))+phases(c.Newest.Phases))
	}
	blocks := append(sections(lines), Block{Context: v.provenance(c, "")})
	list := seenFirst(c.Failures)
	told := min(len(list), inFull)
	for _, r := range list[:told] {
		line := v.failure(r)
		if r.Reason != checks.ReasonNone && r.Reason != checks.ReasonInternal { // which says no more
			line = "*" + text.Capital(reasonWord(r.Reason)) + "*: " + text.Lower(line)
		}
		blocks = append(blocks, Block{Section: line + output(r)})
	}
	var before []string
	for _, r := range list[told:] {
		before = append(before, v.failure(r))
	}
	blocks = append(blocks, sections(before)...)
	if len(c.Failures) == 0 {
		blocks = append(blocks, Block{Context: "No failure is known."})
	}
	blocks = append(blocks, Block{Actions: append(again(valueCheck+c.Check.ID, nowButton(valueCheck+c.Check.ID, "Probe now")...), backButton())})
	return limited(Message{Text: sentence + " As of " + v.Plain(now) + ".", Blocks: blocks})
}

// usualOf says what is usual for a check, and from how much that is known.
func usualOf(c status.CheckStatus) string {
	switch {
	case c.Learning:
		return "Still learning what is usual: " + text.Plural(c.History, "result") + " without trouble so far"
	default:
		return "Usually " + rate(c.Usual) + " fail, by " + text.Plural(c.History, "result") + " without trouble"
	}
}

// phases tells where the time of a probe went; empty when it is not known.
func phases(p checks.Phases) string {
	var parts []string
	for _, x := range []struct {
		word string
		took time.Duration
	}{{"name", p.DNS}, {"connect", p.Connect}, {"TLS", p.TLS}, {"first byte", p.FirstByte}, {"transfer", p.Transfer}} {
		if x.took > 0 {
			parts = append(parts, x.word+" "+text.Latency(x.took))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " · " + strings.Join(parts, ", ")
}

// seenFirst orders results that are not a pass: those that show something before those
// that could not observe, each newest first.
func seenFirst(list []checks.Result) []checks.Result {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y checks.Result) int { return one(!seen(x)) - one(!seen(y)) })
	return list
}
