package format

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

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
	if n := slower(counts); n > 0 {
		s += ", " + ofTries(n, counts.Tries, "slow")
	}
	s += " in " + text.Span(c.Span)
	if c.P95 > 0 {
		s += " · p50 " + text.Latency(c.P50) + ", p95 " + text.Latency(c.P95)
	}
	if counts.Unknown > 0 {
		s += " · " + text.Count(counts.Unknown) + " could not observe"
	}
	if c.Stale {
		s = "not measured now; before: " + s
	}
	return s
}

// reasonLines say why the last results of a check did not pass, and apart from these why
// others could not observe.
func reasonLines(c status.CheckStatus) (lines []string) {
	if len(c.Reasons) > 0 {
		lines = append(lines, reasons(c.Reasons, "that did not pass"))
	}
	if list := unseenReasons(c); len(list) > 0 {
		lines = append(lines, reasons(list, "that could not observe"))
	}
	return lines
}

// unseenReasons counts why the last results of a check could not observe.
func unseenReasons(c status.CheckStatus) (list []status.ReasonCount) {
	for _, r := range c.Failures {
		if seen(r) {
			continue
		}
		i := slices.IndexFunc(list, func(x status.ReasonCount) bool { return x.Reason == r.Reason })
		if i < 0 {
			i, list = len(list), append(list, status.ReasonCount{Reason: r.Reason})
		}
		list[i].N++
	}
	slices.SortStableFunc(list, func(x, y status.ReasonCount) int { return y.N - x.N })
	return list
}

// reasons counts the reasons of the last results of a kind, at most five of them.
func reasons(list []status.ReasonCount, kind string) string {
	n := 0
	var parts []string
	for _, r := range list {
		n += r.N
		parts = append(parts, text.Count(r.N)+" × "+reasonWord(r.Reason))
	}
	switch {
	case len(list) == 1 && list[0].Reason == checks.ReasonInternal: // which says no more
		return text.Capital(text.Cardinal(n)) + " of its last results could not observe"
	case n == 1:
		return "The last " + kind + ": " + reasonWord(list[0].Reason)
	case len(list) == 1:
		return "The last " + text.Cardinal(n) + " " + kind + ": all " + reasonWord(list[0].Reason)
	}
	return "The last " + text.Cardinal(n) + " " + kind + ": " + strings.Join(parts, ", ")
}

// mainReason is the most frequent reason of a check's last failures, which must
// have one; of answers with a wrong status it is that, or what they share of it.
func mainReason(c status.CheckStatus) string {
	reason := c.Reasons[0].Reason
	if reason != checks.ReasonStatus {
		return reasonWord(reason)
	}
	var codes []int
	for _, r := range c.Failures {
		if r.Reason == reason && r.Evidence != nil && r.Evidence.Status >= 100 { // less is no status of HTTP
			codes = append(codes, r.Evidence.Status)
		}
	}
	switch {
	case len(codes) == 0:
		return reasonWord(reason)
	case slices.Max(codes) == slices.Min(codes):
		return "HTTP " + strconv.Itoa(codes[0])
	case slices.Max(codes)/100 == slices.Min(codes)/100:
		return "HTTP " + strconv.Itoa(codes[0]/100) + "xx"
	}
	return reasonWord(reason)
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
		return text.Escape(string(r), 40)
	}
}

// shortHash is how many hex digits of a script's SHA-256 are shown: 48 bits
// tell any two versions apart, and sha256sum prints the same beginning.
const shortHash = 12

// failure tells one result that is not a pass, as it was seen.
func (v view) failure(r checks.Result) string {
	s := text.Capital(outcomeWord(r.Outcome)) + " " + v.When(r.Ended()) + " after " + text.Latency(r.Duration)
	if r.Vantage != "" {
		s += " from " + text.Escape(r.Vantage, 60)
	}
	if r.Summary != "" {
		s += ": " + text.Code(r.Summary, 300)
	}
	if r.Evidence == nil {
		return s
	}
	if r.Evidence.Remote != "" {
		s += " (" + text.Code(r.Evidence.Remote, 80) + ")"
	}
	trace, request := foundBy(r)
	if trace != "" {
		s += " · trace " + text.Code(trace, 40)
	}
	if request != "" {
		s += " · request " + text.Code(request, 200)
	}
	if sum := r.Evidence.ScriptSHA256; sum != "" {
		s += " · script " + text.Code(sum[:min(len(sum), shortHash)], shortHash)
	}
	switch {
	case r.Evidence.Screenshot != "":
		s += " · screenshot in the data directory: " + text.Code(r.Evidence.Screenshot, 200)
	case len(r.Evidence.Picture) > 0:
		s += " · with a screenshot"
	}
	return s
}

// foundBy is what a request is found by at who answered it: the trace that it was sent
// under, and what its answer says; empty for what there is not.
func foundBy(r checks.Result) (trace, request string) {
	if r.Evidence == nil {
		return "", ""
	}
	rest, traced := strings.CutPrefix(r.Evidence.RequestID, "trace=")
	if !traced {
		return "", r.Evidence.RequestID
	}
	trace, request, _ = strings.Cut(rest, ", ")
	return trace, request
}

// output is what a probe saw, in lines of its own below what is said of it.
func output(r checks.Result) string {
	if r.Evidence == nil {
		return ""
	}
	if out := text.Pre(r.Evidence.Output, 500); out != "" {
		return "\n" + out
	}
	return ""
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
	parts := []string{"check " + text.Code(ch.ID, 80) + " " + text.EscapeOr(ch.Kind, 40, "of no kind") + " " + paced(ch.Every) + ", time-out " + length(ch.Timeout)}
	if ch.Added != nil {
		parts = append(parts, c.addedBy(*ch.Added))
	} else if ch.Source.File != "" {
		parts = append(parts, text.Code(ch.Source.String(), 200))
	}
	parts = append(parts, owner(cmp.Or(ch.Owner, productOwner)))
	if ch.Runbook != "" {
		parts = append(parts, text.Link(ch.Runbook, "runbook"))
	}
	if len(ch.Uses) > 0 {
		uses := ch.Uses[:min(len(ch.Uses), 5)]
		ids := make([]string, len(uses))
		for i, u := range uses {
			ids[i] = text.Escape(u, 60)
		}
		s := "uses " + strings.Join(ids, ", ")
		if more := len(ch.Uses) - len(uses); more > 0 {
			s += " and " + text.Count(more) + " more"
		}
		parts = append(parts, s)
	}
	tries := text.Plural(cs.Tries, "try")
	if cs.Tries != 1 {
		tries = text.Count(cs.Tries) + " tries"
	}
	if cs.Span > 0 {
		tries += " in " + text.Span(cs.Span)
	}
	parts = append(parts, tries)
	if cs.AsOf.IsZero() {
		parts = append(parts, "no result yet")
	} else {
		parts = append(parts, "newest result "+c.Ago(cs.AsOf)+" ("+outcomeWord(cs.CheckImpact.Newest)+")")
	}
	return strings.Join(parts, " · ")
}

func owner(s string) string {
	if out := text.Escape(s, 60); out != "" {
		return "owner " + out
	}
	return "no owner named"
}

// paced is how often a check runs: "every 10 s", "every minute".
func paced(d time.Duration) string {
	if strings.HasPrefix(length(d), "1 ") {
		return incident.Paced(d)
	}
	return "every " + length(d)
}

// length writes a configured time exactly enough: "10 s", "250 ms", "5 min".
func length(d time.Duration) string {
	if d < time.Minute {
		return text.Latency(d)
	}
	return text.Span(d)
}
