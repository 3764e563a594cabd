package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
	"github.com/statusbot/statusbot/internal/status"
)

// CauseTold is what is thought of the cause, as a sentence to be kept with an
// update: plain text that is escaped where it is shown. Empty while nothing
// can be said.
func CauseTold(c status.Causes) string {
	if len(c.Suspects) == 0 || c.Verdict == cause.CannotTell {
		return ""
	}
	s := c.Suspects[0]
	in := ""
	if s.Region != "" {
		in = " in " + s.Region
	}
	switch {
	case c.Verdict == cause.OurVantage:
		return "Most likely our own vantage " + strings.TrimPrefix(s.ID, cause.VantagePrefix) + " fails, not the products."
	case c.Verdict == cause.Ambiguous && len(c.Same) > 1:
		return "Most likely one of " + strings.Join(c.Same, ", ") + in + ": the checks cannot tell them apart."
	}
	with := ""
	if s.With != "" {
		with = " together with " + s.With
	}
	told := "Most likely shared cause: " + s.ID + with + in + ". "
	if s.FailingAll < 2 || s.Others < 2 {
		return told + evidenceOf(s, "it")
	}
	it := "it"
	if with != "" {
		it = "one of them"
	}
	others := "none of the " + text.Count(s.Others) + " other checks fails"
	if s.OthersFailing > 0 {
		others = text.Count(s.OthersFailing) + " of the " + text.Count(s.Others) + " other checks fail" + singular(s.OthersFailing)
	}
	return told + text.Count(s.Failing) + " of the " + text.Count(s.FailingAll) + " failing checks use" + singular(s.Failing) + " " + it + "; " + others + "."
}

// RecoveryTold is the evidence that a product's trouble is over, as a sentence
// to be kept with the change of its level; empty when there was none.
func RecoveryTold(p status.ProductStatus) string {
	if p.Level != impact.OK || p.Proof == nil {
		return ""
	}
	pr := p.Proof
	if pr.Accepted && pr.Repeats > 0 {
		return "over, and back again and again: after " + text.Count(pr.Repeats) + " such troubles it is what is usual"
	}
	if pr.Accepted {
		return "not over: after this long time it is what is usual"
	}
	what := "failed"
	if pr.Slow {
		what = verb(pr.N, "was slow", "were slow")
	}
	s := text.Count(pr.Bad) + " of " + text.Plural(pr.N, "result") + " " + what + " since the last bad one"
	if pr.Excluded > 0 {
		s += "; a failure share of " + text.Percent(pr.Excluded, 1000) + " is excluded"
	}
	return s + ", the trouble had " + text.Percent(pr.Share, 1000)
}
