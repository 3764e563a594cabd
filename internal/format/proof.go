package format

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// proof says how sure it is that a product's trouble is over, without a full
// stop. There are two steps: first that it no longer fails at the incident's
// rate, then that it is near what is usual. What lasted so long that it became
// usual is a third thing, and no recovery. done says that nothing is left to
// be proven.
func (v view) proof(im impact.Impact) (s string, done bool) {
	p := im.Proof
	what, failing := "failure", "failing"
	if p.Slow {
		what, failing = "slow answer", "slow"
	}
	usual := "; usual is " + rate(p.Usual)
	if im.Learning > 0 {
		usual = "; what is usual is not known yet"
	}
	counted := func(n, more string) string {
		return n + " since " + v.When(p.Since) + ", " + text.Plural(p.Bad, what) + more + usual
	}
	switch {
	case p.Accepted && p.Slow:
		return rate(p.Share) + " of answers are slower than before since " + v.When(p.Onset) + ": taken as usual now", true
	case p.Accepted && p.Repeats > 0:
		return rate(p.Share) + " of checks failed since " + v.When(p.Onset) + ", in " + text.Count(p.Repeats) + " separate troubles: taken as usual now", true
	case p.Accepted:
		return rate(p.Share) + " of checks fail since " + v.When(p.Onset) + ": taken as usual now", true
	case !p.Proven.IsZero():
		return "below " + rate(p.Limit) + " with 99 % confidence: " + counted(tries(p.N), ""), true
	case !v.inc.Open() && v.inc.Number != 0:
		how := " failed"
		if p.Slow {
			how = verb(p.Tries(), " was slow", " were slow")
		}
		shows := ""
		if p.Shows() > p.Limit && p.Tries() > 0 {
			shows = ", which shows below " + rate(p.Shows()) + " with 99 % confidence"
		}
		return "no longer " + failing + " at the incident's rate (it was " + rate(p.Share) + "). Below " + rate(p.Limit) + " is not proven: " +
			text.Count(p.Bad) + " of " + tries(p.Tries()) + how + " since " + v.When(p.Recovered) + shows + usual, false
	default:
		return "no longer " + failing + " at the incident's rate (below " + rate(p.Excluded) + " since " + v.When(p.Since) + "; it was " + rate(p.Share) +
			"). Below " + rate(p.Limit) + " is not proven yet: " + counted(ofAbout(p.N, p.Needed), v.more(im)), false
	}
}

// ofAbout says tries made, of those needed when these are known: "97 of about
// 459 tries".
func ofAbout(n, needed int) string {
	if needed > n {
		return text.Count(n) + " of about " + text.Count(needed) + " tries"
	}
	return tries(n)
}

func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return text.Count(n) + " tries"
}

// left returns about how long it takes until a product's recovery is proven,
// at the pace at which its results come; 0 while that
// is not known: less than a fifth of the way says little of the rest.
func (v view) left(im impact.Impact) time.Duration {
	p := im.Proof
	if p == nil || 5*p.N < p.Needed || p.Needed <= p.N {
		return 0
	}
	pace := v.pace(im)
	if pace == 0 {
		pace = float64(v.Now.Sub(p.Since)) / float64(p.N)
	}
	return time.Duration(pace * float64(p.Needed-p.N))
}

// pace is how long one result of a product takes, in nanoseconds, by all that came
// in its window: what its proof counts are at first only those of the checks that
// failed. 0 when that is not known.
func (v view) pace(im impact.Impact) float64 {
	if im.Tries == 0 || im.From.IsZero() {
		return 0
	}
	return float64(v.Now.Sub(im.From)) / float64(im.Tries)
}

// more says the same behind what stands before it: ", about 25 min more".
func (v view) more(im impact.Impact) string {
	switch d := v.left(im); {
	case d <= 0:
		return ""
	case d < time.Minute:
		return ", less than a minute more"
	default:
		return ", about " + text.Span(d) + " more"
	}
}

// proving says how far the proof of a recovery is, by the product that will be
// the last.
func (v view) proving() string {
	list := v.of(v.Unproven(v.inc))
	if len(list) == 0 {
		return ""
	}
	last := slices.MaxFunc(list, func(x, y status.ProductStatus) int { return cmp.Compare(v.left(x.Impact), v.left(y.Impact)) })
	if i := slices.IndexFunc(list, func(p status.ProductStatus) bool { return p.Level == impact.Unknown }); i >= 0 {
		last = list[i]
	}
	s := "Proving the recovery: " + text.Name(last.Name) + " "
	if len(list) > 1 {
		s = "Proving the recovery of " + text.Plural(len(list), "product") + "; " + text.Name(last.Name) + " takes longest: "
	}
	if last.Level == impact.Unknown {
		return s + "not measured now"
	}
	return s + ofAbout(last.Proof.N, last.Proof.Needed) + v.more(last.Impact)
}

// provingRow says how far the proof of one product's recovery is.
func (v view) provingRow(im impact.Impact) string {
	p := im.Proof
	what := "failure"
	if p.Slow {
		what = "slow answer"
	}
	s := text.Plural(p.Bad, what) + " in " + ofAbout(p.N, p.Needed) + " since " + v.When(p.Since)
	if more := v.more(im); more != "" {
		s += more + " until below " + rate(p.Limit) + " is proven"
	}
	return s + " (it was " + rate(p.Share) + ")"
}

// awaits reports whether a product recovered in the incident as far as the
// first step, and not to the second.
func (v view) awaits() bool {
	return v.inc.Number != 0 && len(v.Unproven(v.inc)) > 0
}

// RecoveryProven tells, after an incident's end without proof, that the second
// step of its recovery is reached.
func RecoveryProven(s status.Snapshot, inc incident.Incident) Message {
	v := look(s, inc, true)
	sentence := "Recovery proven: " + v.awaited(inc) + "."
	if slices.ContainsFunc(v.of(inc.Unproven), func(p status.ProductStatus) bool { return p.Proof != nil && p.Proof.Accepted }) {
		sentence = "No product is worse than what is usual now: " + v.awaited(inc) + "."
	}
	lines := []string{shape(impact.OK) + " *" + sentence + "*", "As of " + v.Token(v.Now, !v.SameDay(inc.OpenedAt, v.Now))}
	for i, p := range v.of(inc.Unproven) {
		if i == compactRows {
			lines = append(lines, "and "+text.Plural(len(inc.Unproven)-i, "more product"))
			break
		}
		lines = append(lines, v.recoveredRow(p))
	}
	return limited(Message{Text: sentence + " As of " + v.Plain(v.Now) + ".", Blocks: sections(lines)})
}

// awaited names the products whose proof was missing.
func (v view) awaited(inc incident.Incident) string {
	return names(v.of(inc.Unproven), nameOf)
}

func (v view) of(ids []string) []status.ProductStatus {
	var out []status.ProductStatus
	for _, p := range v.Products {
		if slices.Contains(ids, p.ID) {
			out = append(out, p)
		}
	}
	return out
}

// ProofTold is the evidence of a recovery that is proven now, as a sentence to
// be kept.
func ProofTold(s status.Snapshot, inc incident.Incident) string {
	var proven []status.ProductStatus
	for _, p := range (view{Snapshot: s}).of(inc.Unproven) {
		if pr := p.Proof; pr != nil && !pr.Accepted && !pr.Proven.IsZero() {
			proven = append(proven, p)
		}
	}
	proven, mixed := byFailures(proven)
	bad, made, limit, slow := 0, 0, 0.0, true
	for _, p := range proven {
		pr := p.Proof
		bad, made, limit, slow = bad+pr.Bad, made+pr.N, max(limit, pr.Limit), slow && pr.Slow
	}
	what := " failed"
	if slow {
		what = verb(made, " was slow", " were slow")
	}
	sum := "below " + rate(limit) + " with 99 % confidence, " + text.Count(bad) + " of " + tries(made) + what
	switch len(proven) {
	case 0:
		return ""
	case 1:
		return proven[0].Name + " " + sum
	}
	that := ""
	if mixed {
		that = "that failed "
	}
	return "each of " + text.Count(len(proven)) + " products " + that + sum
}

// byFailures leaves of products that recovered those that failed, where others were slow: their
// tries make no sum, and a share of slow answers is none of failures. It reports whether it left
// any out.
func byFailures(list []status.ProductStatus) ([]status.ProductStatus, bool) {
	failed := slices.DeleteFunc(slices.Clone(list), func(p status.ProductStatus) bool { return p.Proof != nil && p.Proof.Slow })
	if len(failed) == 0 || len(failed) == len(list) {
		return list, false
	}
	return failed, true
}

// rate writes a share that was estimated from very many results, or set: at
// most two digits that say something.
func rate(share float64) string {
	switch p := 100 * share; {
	case p > 0 && p < 0.05:
		return "under 0.1 %"
	case p < 1.95:
		return text.TrimZero(p) + " %"
	default:
		return text.Percent(share, 99)
	}
}

// proofFor is how long after a recovery its proof is told beside a product.
const proofFor = 24 * time.Hour

func (v view) proofFact(p status.ProductStatus) string {
	if p.Level != impact.OK || p.Proof == nil || v.Now.Sub(p.Proof.Recovered) > proofFor {
		return ""
	}
	s, done := v.proof(p.Impact)
	switch {
	case p.Proof.Accepted:
		return text.Capital(s) + "."
	case done:
		return "Recovered: " + s + "."
	default:
		return text.Capital(s) + "."
	}
}

// unsure says between which instants a trouble began, as write has them, after a
// semicolon, where that is not sure within minutes.
func unsure(p impact.Impact, write func(time.Time) string) string {
	if p.OnsetLow.IsZero() || p.OnsetHigh.Sub(p.OnsetLow) < wideOnset {
		return ""
	}
	return "; between " + write(p.OnsetLow) + " and " + write(p.OnsetHigh)
}

// wideOnset is the width of an onset's 95 % interval from which it is told:
// people remember what they did by the five minutes.
const wideOnset = 5 * time.Minute

// usually says the latency that a product has as a rule, for behind the
// present one: " (usual 0.3 s)".
func usually(p impact.Impact) string {
	if p.UsualP95 == 0 {
		return ""
	}
	return " (usual " + text.Latency(p.UsualP95) + ")"
}

// learning says of how many of a product's checks too little is known to tell
// what is usual.
func learning(p status.ProductStatus) string {
	switch {
	case p.Learning == 0:
		return ""
	case p.Learning >= p.Checks:
		return "still learning what is usual"
	default:
		return "still learning what is usual for " + text.Count(p.Learning) + " of " + text.Plural(p.Checks, "check")
	}
}

// recoveredRow tells a product that is as usual again. Its window may still
// hold failures from before: both are said.
func (v view) recoveredRow(p status.ProductStatus) string {
	line := shape(p.Level) + " *" + text.Name(p.Name) + "* "
	switch {
	case !p.Awaited() || !v.inc.Open():
	case v.inc.Proving():
		return line + v.provingRow(p.Impact)
	default:
		return line + "no longer failing at the incident's rate: " + v.provingRow(p.Impact)
	}
	if p.Proof != nil {
		s, done := v.proof(p.Impact)
		if done && !p.Proof.Accepted {
			line += "as usual again, recovered: "
		}
		return line + s
	}
	line += "as usual again, recovered: "
	switch {
	case p.Clean > 0 && !p.LastBad.IsZero():
		line += "0 of " + text.Count(p.Clean) + " failed since " + v.When(p.LastBad)
	case p.Clean > 0:
		line += "0 of the last " + text.Count(p.Clean) + " failed"
	default:
		return line + text.Count(p.Failures) + " of " + text.Count(p.Tries) + " failed in " + text.Span(p.Window)
	}
	var held []string
	if p.Failures > 0 {
		held = append(held, text.Plural(p.Failures, "failure"))
	}
	if n := slower(p.Counts); n > 0 {
		held = append(held, text.Plural(n, "slow answer"))
	}
	if len(held) > 0 {
		line += " (over " + text.Span(p.Window) + ": " + strings.Join(held, " and ") + " in " + text.Count(p.Tries) + ")"
	}
	return line
}
