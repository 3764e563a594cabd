package format

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
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
	c := clock{now: d.At, tz: d.Timezone}
	v := view{clock: c}
	sentence := productSentence(d.ProductStatus)
	lines := []string{shape(d.Level) + " *" + sentence + "*", "as of " + c.token(c.now, false)}
	lines = append(lines, nonEmpty(says(d.ProductStatus))...)
	lines = append(lines, v.productFacts(d.ProductStatus)...)
	blocks := sections(lines)

	order := slices.Clone(d.Checks)
	slices.SortStableFunc(order, worstCheckFirst)
	for i, cs := range order {
		section := "*" + name(cs.Check.ID) + "* " + checkFigure(cs)
		if detail := v.checkDetail(cs, i < drillEvidence); detail != "" {
			section += "\n" + detail
		}
		pair := []Block{{Section: section}, {Context: c.provenance(cs, d.Owner)}}
		if i == drillChecks || size(blocks)+size(pair) > roomy {
			blocks = append(blocks, Block{Section: restOfChecks(order[i:])})
			break
		}
		blocks = append(blocks, pair...)
	}
	blocks = append(blocks, Block{Actions: append(again(valueProduct+d.ID, sourcesButton()), backButton())})
	return limited(Message{Text: sentence + " As of " + c.plain(c.now) + ".", Blocks: blocks})
}

func backButton() Action { return Action{ID: ActionSummary, Label: "All products"} }

// productSentence says a product's level and figure: "Billing is degraded:
// 12 % fail (62/520)."
func productSentence(p status.ProductStatus) string {
	s := name(p.Name) + " is " + levelWord(p.Impact)
	switch {
	case p.Checks == 0:
		return s + ": no check is defined."
	case p.Level == impact.Unknown && p.AsOf.IsZero():
		return s + ": no result yet."
	case p.Level == impact.Unknown:
		return s + "."
	case p.Tries == 0:
		return s + ": no result in " + span(p.Window) + "."
	case p.Slow && p.Failures > 0:
		return s + ": " + ofTries(p.Counts.Slow, p.Tries, "slow") + " and " + ofTries(p.Failures, p.Tries, "failed") + " in " + span(p.Window) + "."
	case p.Slow:
		return s + ": " + ofTries(p.Counts.Slow, p.Tries, "slow") + " in " + span(p.Window) + "."
	default:
		return s + ": " + ofTries(p.Failures, p.Tries, "failed") + " in " + span(p.Window) + "."
	}
}

// ofTries says a count with its share: "62 of 520 failed (12 %)".
func ofTries(k, tries int, verb string) string {
	s := count(k) + " of " + count(tries) + " " + verb
	if k > 0 {
		s += " (" + percent(share(k, tries), tries) + ")"
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
		add("began " + v.at(p.Onset) + " (" + span(v.now.Sub(p.Onset)) + ")")
	}
	if p.Tries > 0 && p.Level.Hurt() {
		add("95 % interval " + interval(bad(p.Impact), p.Tries))
	}
	if p.P95 > 0 {
		add("p50 " + latency(p.P50) + ", p95 " + latency(p.P95))
	}
	add(partly(p))
	add(v.age(p))
	if p.Counts.Unknown > 0 {
		add(plural(p.Counts.Unknown, "result") + " could not observe")
	}
	if len(parts) > 0 {
		lines = append(lines, capital(strings.Join(parts, " · ")))
	}
	if s := progress(p.Impact); s != "" {
		lines = append(lines, "Recovering: "+s+".")
	}
	switch why := escape(p.Why, 200); {
	case why == "" || p.Level == impact.OK || p.AsOf.IsZero():
	case p.Level.Hurt() && !p.Changed.IsZero():
		lines = append(lines, capital(levelWord(p.Impact))+" since "+v.at(p.Changed)+", when "+why+".")
	default:
		lines = append(lines, "Why "+levelWord(p.Impact)+": "+why+".")
	}
	if p.Level == impact.OK && p.Failures > 0 && !p.LastBad.IsZero() && p.Clean > 0 {
		lines = append(lines, "0 of "+count(p.Clean)+" failed since "+v.at(p.LastBad)+"; the figure still holds what failed before.")
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
		case c.Slow > 0:
			return 1
		case c.Stale:
			return 2
		default:
			return 3
		}
	}
	return cmp.Or(rank(x)-rank(y),
		cmp.Compare(y.Share(), x.Share()),
		cmp.Compare(share(y.Slow, y.Tries), share(x.Slow, x.Tries)))
}

// checkFigure says a check's counts. The span is told since a rare check's is
// longer than the window.
func checkFigure(c status.CheckStatus) string {
	counts := c.CheckImpact.Counts
	var s string
	switch {
	case counts.Tries == 0 && c.AsOf.IsZero():
		return "not measured: no result yet"
	case counts.Tries == 0:
		return "not measured: no result tells anything"
	default:
		s = ofTries(counts.Failures, counts.Tries, "failed")
	}
	if counts.Slow > 0 {
		s += ", " + ofTries(counts.Slow, counts.Tries, "slow")
	}
	s += " in " + span(c.Span)
	if c.P95 > 0 {
		s += " · p50 " + latency(c.P50) + ", p95 " + latency(c.P95)
	}
	if counts.Unknown > 0 {
		s += " · " + count(counts.Unknown) + " could not observe"
	}
	if c.Stale {
		s = "not measured now; before: " + s
	}
	return s
}

// checkDetail tells the reasons of a check's last failures and the newest one.
func (v view) checkDetail(c status.CheckStatus, evidence bool) string {
	if len(c.Failures) == 0 {
		return ""
	}
	s := v.failure(c.Failures[0], evidence)
	if len(c.Reasons) > 0 {
		s = reasons(c.Reasons) + "\n" + s
	}
	return s
}

// reasons counts the reasons of the last failures, at most five of them.
func reasons(list []status.ReasonCount) string {
	n := 0
	var parts []string
	for _, r := range list {
		n += r.N
		parts = append(parts, count(r.N)+" × "+reasonWord(r.Reason))
	}
	if n == 1 {
		return "The last that did not pass: " + reasonWord(list[0].Reason)
	}
	return "The last " + cardinal(n) + " that did not pass: " + strings.Join(parts, ", ")
}

// reasonWord says a reason for people.
func reasonWord(r checks.Reason) string {
	switch r {
	case checks.ReasonNone:
		return "no reason given"
	case checks.ReasonDNS:
		return "name not resolved"
	case checks.ReasonConnect:
		return "no connection"
	case checks.ReasonTLS:
		return "TLS"
	case checks.ReasonTimeout:
		return "time-out"
	case checks.ReasonReset:
		return "connection reset"
	case checks.ReasonStatus:
		return "unexpected status"
	case checks.ReasonAssertion:
		return "unexpected content"
	case checks.ReasonLatency:
		return "too slow"
	case checks.ReasonScript:
		return "reported by script"
	case checks.ReasonProtocol:
		return "protocol error"
	case checks.ReasonInternal:
		return "could not observe"
	default:
		return escape(string(r), 40)
	}
}

// failure tells one result that is not a pass, as it was seen.
func (v view) failure(r checks.Result, evidence bool) string {
	s := capital(outcomeWord(r.Outcome)) + " " + v.at(r.Ended()) + " after " + latency(r.Duration)
	if r.Vantage != "" {
		s += " from " + escape(r.Vantage, 60)
	}
	if r.Summary != "" {
		s += ": " + code(r.Summary, 300)
	}
	if r.Evidence == nil {
		return s
	}
	if r.Evidence.Remote != "" {
		s += " (" + code(r.Evidence.Remote, 80) + ")"
	}
	if evidence {
		if out := pre(r.Evidence.Output, 500); out != "" {
			s += "\n" + out
		}
	}
	return s
}

func outcomeWord(o checks.Outcome) string {
	switch o {
	case checks.Pass:
		return "passed"
	case checks.Degraded:
		return "slow or with a warning"
	case checks.Fail:
		return "failed"
	default:
		return "could not observe"
	}
}

// provenance says where a check's figures come from.
func (c clock) provenance(cs status.CheckStatus, productOwner string) string {
	ch := cs.Check
	parts := []string{"check " + code(ch.ID, 80) + " " + escapeOr(ch.Kind, 40, "of no kind") + " every " + length(ch.Every) + ", time-out " + length(ch.Timeout)}
	if ch.Source.File != "" {
		parts = append(parts, code(ch.Source.String(), 200))
	}
	parts = append(parts, owner(cmp.Or(ch.Owner, productOwner)))
	if len(ch.Uses) > 0 {
		uses := ch.Uses[:min(len(ch.Uses), 5)]
		s := "uses "
		for i, u := range uses {
			if i > 0 {
				s += ", "
			}
			s += escape(u, 60)
		}
		if more := len(ch.Uses) - len(uses); more > 0 {
			s += " and " + count(more) + " more"
		}
		parts = append(parts, s)
	}
	tries := plural(cs.Tries, "try")
	if cs.Tries != 1 {
		tries = count(cs.Tries) + " tries"
	}
	if cs.Span > 0 {
		tries += " in " + span(cs.Span)
	}
	parts = append(parts, tries)
	if cs.AsOf.IsZero() {
		parts = append(parts, "no result yet")
	} else {
		parts = append(parts, "newest result "+c.ago(cs.AsOf)+" ("+outcomeWord(cs.CheckImpact.Newest)+")")
	}
	return strings.Join(parts, " · ")
}

func owner(s string) string {
	if out := escape(s, 60); out != "" {
		return "owner " + out
	}
	return "no owner named"
}

// length writes a configured time exactly enough: "10 s", "250 ms", "5 min".
func length(d time.Duration) string {
	if d < time.Minute {
		return latency(d)
	}
	return span(d)
}

// restOfChecks counts what is not told one by one.
func restOfChecks(list []status.CheckStatus) string {
	var c impact.Counts
	stale := 0
	for _, cs := range list {
		c.Tries += cs.Tries
		c.Failures += cs.CheckImpact.Counts.Failures
		c.Slow += cs.Slow
		stale += one(cs.Stale)
	}
	s := "and " + plural(len(list), "more check") + ": " + ofTries(c.Failures, c.Tries, "failed")
	if c.Slow > 0 {
		s += ", " + ofTries(c.Slow, c.Tries, "slow")
	}
	if stale > 0 {
		s += ", " + count(stale) + " not measured"
	}
	return s
}
