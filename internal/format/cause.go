package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact/cause"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// cause is the line of an update that says what most likely lies behind the
// trouble: "Likely edge-lb-2: all 112 failing checks use it, none of the 488
// others fails." Empty while nobody is hurt, and where nothing is declared that
// could be to blame.
func (v view) cause() string {
	c := v.Causes
	if c.Verdict == cause.OurVantage && len(c.Suspects) > 0 {
		return "Our own vantage *" + v.suspectName(c.Suspects[0].ID) + "* fails: nothing is known of clients there."
	}
	if len(v.hurt) == 0 || c.Verdict == "" {
		return ""
	}
	switch {
	case len(c.Suspects) == 0 && (len(v.hurt) < 2 || len(v.Components) == 0), len(c.Suspects) > 0 && c.Suspects[0].FailingAll == 1 && c.Verdict == cause.CannotTell:
		return ""
	case len(c.Suspects) == 0:
		return "No shared cause is seen: no component explains which checks fail."
	case !supported(c.Suspects[0]):
		return "The cause is not clear yet."
	case c.Verdict == cause.CannotTell || c.Verdict == cause.Ambiguous && len(c.Same) < 2:
		return "The cause is not clear yet; first suspect *" + v.suspect(c.Suspects[0]) + "*: " + text.Lower(v.evidence(c.Suspects[0], "it"))
	case c.Verdict == cause.Ambiguous:
		return "Likely " + v.oneOf("*") + ": " + text.Lower(v.evidence(c.Suspects[0], v.suspectName(c.Suspects[0].ID))) + v.causeBefore()
	default:
		return "Likely *" + v.suspect(c.Suspects[0]) + "*: " + text.Lower(v.evidence(c.Suspects[0], "it")) + v.causeBefore()
	}
}

// causeBefore says since when the counts of a cause are, where something else failed
// before, and of the cause of that that it is over.
func (v view) causeBefore() string {
	if v.Causes.Moved.IsZero() {
		return ""
	}
	return " Counted since " + v.When(v.Causes.Moved) + "; before that it was " + strings.Replace(listed(v.Causes.Over, func(id string) string { return "*" + v.suspectName(id) + "*" }), " and ", " or ", 1) + ", which is over."
}

// oneOf names the components that the checks do not tell apart.
func (v view) oneOf(bold string) string {
	s := listed(v.Causes.Same, func(id string) string { return bold + v.suspectName(id) + bold })
	if i := strings.LastIndex(s, " and "); i >= 0 {
		s = s[:i] + " or " + s[i+len(" and "):]
	}
	return s + " (the checks do not tell which)"
}

// causeInShort is the likely cause for a notification, if it is clear.
func (v view) causeInShort() string {
	c := v.Causes
	switch {
	case len(v.hurt) == 0 || len(c.Suspects) == 0 || !supported(c.Suspects[0]):
		return ""
	case c.Verdict == cause.Clear:
		return "Likely " + v.suspect(c.Suspects[0]) + "."
	case c.Verdict == cause.Ambiguous && len(c.Same) > 1:
		return "Likely " + v.oneOf("") + "."
	}
	return ""
}

// supported reports whether the counts that are told with a suspect speak for
// it: most of what fails uses it, and of what uses it more fails than of what
// does not. Where no check stands out by itself there are none to tell.
func supported(s cause.Suspect) bool {
	return s.FailingAll == 0 || 2*s.Failing > s.FailingAll && s.OthersFailing*s.Using <= s.Failing*s.Others
}

// evidence says the counts by which a person can check a suspect. Where fewer
// checks fail clearly than products are hurt, they are not told as all.
func (v view) evidence(s cause.Suspect, word string) string {
	out := v.counts(s, word)
	if !s.Slow || len(v.groups) == 0 || slices.ContainsFunc(v.groups, func(g status.Group) bool { return !g.Slow }) { // "failing" of a cause that fails, though what failed is quiet
		return out
	}
	return slowChecks.Replace(out)
}

// slowChecks says of checks that answer slowly what is said of those that fail.
var slowChecks = strings.NewReplacer("checks that clearly fail", "checks that are clearly slow", "check that clearly fails", "check that is clearly slow",
	"checks that failed", "checks that were slow", "check that failed", "check that was slow", "failing check", "slow check",
	" others fails.", " others is slow.", "check does not fail.", "check is not slow.", " fail.", " are slow.", " fails.", " is slow.")

func (v view) counts(s cause.Suspect, word string) string {
	out := evidenceOf(s, word)
	bad := 0
	for _, g := range v.groups {
		bad += g.Bad()
	}
	if v.step != nil {
		bad = v.step.Failures // the figure that stands above it
	}
	if bad < s.FailingAll { // they did, and hardly do now
		return strings.NewReplacer("failing checks", "checks that failed", "failing check", "check that failed").Replace(out)
	}
	if s.FailingAll >= len(v.hurt) {
		return out
	}
	all := text.Count(s.FailingAll)
	out = strings.NewReplacer("All "+all+" failing checks", "All "+all+" checks that clearly fail", "Both failing checks", "Both checks that clearly fail",
		"The one failing check", "The one check that clearly fails", " of the "+all+" failing checks", " of the "+all+" checks that clearly fail").Replace(out)
	return out
}

// likely begins the line of a cause; one check that fails shares nothing.
func likely(c status.Causes) string {
	if c.Suspects[0].FailingAll == 1 {
		return "Most likely cause"
	}
	return "Most likely shared cause"
}

// suspect names a suspect with what belongs to it.
func (v view) suspect(s cause.Suspect) string {
	out := v.suspectName(s.ID)
	if s.Kind == cause.Vantage {
		out = "our own vantage " + out
	}
	if s.Region != "" {
		out += " in region " + text.Escape(s.Region, 60)
	}
	if s.With != "" {
		out += " together with " + v.suspectName(s.With)
	}
	return out
}

// suspectName is the name of a component, or of a vantage without its prefix.
func (v view) suspectName(id string) string {
	if vantage, ok := strings.CutPrefix(id, cause.VantagePrefix); ok {
		return text.EscapeOr(vantage, 60, "(no name)")
	}
	for _, c := range v.Components {
		if c.ID == id && c.Name != "" {
			return text.Name(c.Name)
		}
	}
	return text.EscapeOr(id, 60, "(no name)")
}

// listed names components, at most five: "a, b and c".
func listed(ids []string, nameOf func(id string) string) string {
	const most = 5
	var out []string
	for _, id := range ids[:min(len(ids), most)] {
		out = append(out, nameOf(id))
	}
	if more := len(ids) - most; more > 0 {
		out = append(out, text.Count(more)+" more")
	}
	last := len(out) - 1
	if last == 0 {
		return out[0]
	}
	return strings.Join(out[:last], ", ") + " and " + out[last]
}

// evidenceOf says the counts by which a person can check a suspect, which is
// called by that word.
func evidenceOf(s cause.Suspect, word string) string {
	switch out := failingOf(s, word); {
	case s.FailingAll == 0:
		return "No single check stands out yet; taken together they point there."
	case s.Slower == 1:
		return out + " 1 more check is slower."
	case s.Slower > 1:
		return out + " " + text.Count(s.Slower) + " more checks are slower."
	default:
		return out
	}
}

func failingOf(s cause.Suspect, word string) string {
	if s.With != "" {
		word = "one of them"
	}
	use := " use " + word
	if s.Kind == cause.Vantage {
		use = " run there"
	}
	one := func(verb string) string { // "uses it", "runs there"
		word, rest, _ := strings.Cut(verb[1:], " ")
		return " " + word + "s " + rest
	}
	var out string
	switch {
	case s.FailingAll == 1 && s.Failing == 1:
		out = "The one failing check" + one(use)
	case s.Failing == s.FailingAll && s.FailingAll == 2:
		out = "Both failing checks" + use
	case s.Failing == s.FailingAll:
		out = "All " + text.Count(s.FailingAll) + " failing checks" + use
	case s.FailingAll == 1:
		out = "The one failing check does not" + use
	case s.Failing == 1:
		out = "1 of the " + text.Count(s.FailingAll) + " failing checks" + one(use)
	default:
		out = text.Count(s.Failing) + " of the " + text.Count(s.FailingAll) + " failing checks" + use
	}
	switch {
	case s.Others == 0:
		return out + ", as every check does."
	case s.OthersFailing == 0 && s.Others == 1:
		return out + ", the 1 other check does not fail."
	case s.OthersFailing == 0:
		return out + ", none of the " + text.Count(s.Others) + " others fails."
	default:
		return out + "; of the " + text.Plural(s.Others, "other") + ", " + text.Count(s.OthersFailing) + " fail" + singular(s.OthersFailing) + "."
	}
}

// singular is the ending of a verb whose subject is so many.
func singular(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// Cause answers the question for the cause: every suspect with its chance and
// its counts, how far that may be trusted, and what would tell apart what the
// checks do not.
func Cause(s status.Snapshot, def status.Definition) Message {
	v := look(s, incident.Incident{}, false)
	c := s.Causes
	sentence := v.causeSentence()
	lines := []string{"*" + sentence + "*", "As of " + v.Token(v.Now, false)}
	if c.Verdict != "" && !c.Since.IsZero() && len(c.Suspects) > 0 {
		lines = append(lines, "By what the checks saw since "+v.When(c.Since)+"; those that pass are evidence as well.")
	}
	for _, x := range c.Suspects {
		name := v.suspect(x)
		if x.Kind == cause.Vantage {
			name = text.Capital(name) // "Our own vantage"; the name of a component stays as it is written
		}
		lines = append(lines, "*"+name+"*: chance "+chance(x.Chance)+". "+evidenceOf(x, "it"))
	}
	if c.Verdict == cause.CannotTell && len(c.Suspects) > 0 {
		lines = append(lines, "No cause reaches a chance of 97 %, and no three together do. More results, or more checks that use only one of these, would tell.")
	}
	lines = append(lines, apartLines(def, 3, v.suspectName)...)
	blocks := append(sections(lines), Block{Actions: []Action{sourcesButton(), backButton()}})
	return limited(Message{Text: sentence + " As of " + v.Plain(v.Now) + ".", Blocks: blocks})
}

// chance writes how likely a suspect is; nothing is certain.
func chance(score float64) string {
	if score > 0.99 {
		return "over 99 %"
	}
	return text.Percent(score, 100)
}

func (v view) causeSentence() string {
	c := v.Causes
	switch {
	case c.Verdict == cause.OurVantage && len(c.Suspects) > 0:
		return "Our own vantage " + v.suspectName(c.Suspects[0].ID) + " fails: nothing is known of clients there."
	case len(v.hurt) == 0:
		return "No product is hurt, so no cause is looked for."
	case len(v.Components) == 0:
		return "No component is declared, so no shared cause can be found."
	case len(c.Suspects) == 0:
		return "No component explains which checks fail."
	case c.Verdict == cause.Clear:
		return likely(c) + ": " + v.suspect(c.Suspects[0]) + "."
	case c.Verdict == cause.Ambiguous && len(c.Same) > 1:
		return likely(c) + ": one of " + listed(c.Same, v.suspectName) + "; the checks do not tell which."
	default:
		return "The cause cannot be told yet; first suspect: " + v.suspect(c.Suspects[0]) + "."
	}
}

// apartLines says of at most so many classes of components which no check
// tells apart, and what check would.
func apartLines(def status.Definition, most int, nameOf func(id string) string) []string {
	var lines []string
	twins := def.Indistinct()
	for i, t := range twins {
		if i == most {
			lines = append(lines, "and "+text.Plural(len(twins)-i, "more group")+" of components that no check tells apart")
			break
		}
		s := "No check tells " + listed(t.Components, nameOf) + " apart"
		if len(t.Checks) > 0 {
			var by []string
			for _, id := range t.Checks {
				by = append(by, nameOf(id))
			}
			s += "; a check that goes through " + strings.Join(by, " alone, and one through ") + " alone would"
		} else {
			s += ", and none could: they depend on each other in a circle"
		}
		lines = append(lines, s+".")
	}
	return lines
}

// Indistinct is what is told at the start of components that no check tells
// apart: a line for each group, as plain text.
func Indistinct(def status.Definition) []string {
	return apartLines(def, 10, func(id string) string { return terminal(id, 64) })
}
