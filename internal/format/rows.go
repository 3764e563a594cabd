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

// Rows of a message: so that it stays within about twenty lines of a phone.
const (
	fullRows    = 6  // hurt products with two lines each; when more are hurt, each has one
	compactRows = 12 // hurt products told one by one; the rest is counted
)

// oldAfter is the age of a product's newest result from which it is told.
const oldAfter = 2 * time.Minute

// figures says how bad it is over all hurt products, since when, and how sure:
// the second line of an update.
func (v view) figures() string {
	if len(v.hurt) == 0 {
		return ""
	}
	var failing, slow []status.ProductStatus
	for _, p := range v.hurt {
		if p.Slow {
			slow = append(slow, p)
		} else {
			failing = append(failing, p)
		}
	}
	parts := text.NonEmpty(v.sinceWhen(len(failing) == 0))
	told, verb := failing, "failed"
	if len(failing) == 0 {
		told, verb = slow, "were slow"
	}
	c := sum(told)
	k := c.Failures
	if len(failing) == 0 {
		k = slower(c)
	}
	which := v.onWhich(len(told))
	if c.Tries == 0 {
		return strings.Join(append(parts, which+", no client check gave a result in "+text.Span(v.Window)+"."), " ")
	}
	if k == 1 && verb == "were slow" {
		verb = "was slow"
	}
	parts = append(parts, which+", "+text.Count(k)+" of "+text.Plural(c.Tries, "client check")+" "+verb+" in "+text.Span(v.Window)+
		": "+text.Percent(text.Share(k, c.Tries), c.Tries)+" ("+text.Interval(k, c.Tries)+").")
	if len(failing) > 0 && len(slow) > 0 {
		is := " more are slow."
		if len(slow) == 1 {
			is = " more is slow."
		}
		parts = append(parts, text.Capital(text.Cardinal(len(slow)))+is)
	}
	return strings.Join(parts, " ")
}

// sinceWhen says how it is on the whole, and since when; empty while nothing
// has an onset.
func (v view) sinceWhen(slowOnly bool) string {
	onset, down := v.spell(), false
	for _, p := range v.hurt {
		down = down || p.Level == impact.Outage
		if !p.Onset.IsZero() && (onset.IsZero() || p.Onset.Before(onset)) {
			onset = p.Onset
		}
	}
	if onset.IsZero() {
		return ""
	}
	again := ""
	if v.again() {
		again = "again "
	}
	word := "Intermittent "
	switch {
	case down:
		word = "In trouble "
	case slowOnly:
		word = "Slow "
	case again != "":
		word = "Failing "
	}
	return word + again + "since " + v.When(onset) + " (" + text.Span(v.Now.Sub(onset)) + ")."
}

// onWhich says on which products the figures are, of so many.
func (v view) onWhich(told int) string {
	switch {
	case told < len(v.hurt) && told == 1:
		return "On the one that fails"
	case told < len(v.hurt):
		return "On the " + text.Cardinal(told) + " that fail"
	case told == 1:
		return "On this product"
	}
	return "On these " + text.Cardinal(told)
}

// rows tells the hurt products one by one, worst first, and counts the rest.
func (v view) rows() []string {
	var lines []string
	full := len(v.hurt) <= fullRows
	for i, p := range v.hurt {
		if i == compactRows {
			rest := view{hurt: v.hurt[i:]}
			lines = append(lines, "and "+text.Count(len(rest.hurt))+" more ("+rest.counted()+"); choose a product to see it")
			break
		}
		lines = append(lines, v.row(p, full)...)
	}
	return lines
}

// counted says how many are hurt how: "3 down, 45 degraded".
func (v view) counted() string {
	down, failing, slow := v.levels()
	var parts []string
	for _, x := range []struct {
		n    int
		word string
	}{{down, "down"}, {failing, "degraded"}, {slow, "slow"}} {
		if x.n > 0 {
			parts = append(parts, text.Count(x.n)+" "+x.word)
		}
	}
	return strings.Join(parts, ", ")
}

// row tells one hurt product: its level and figures in one line, and when full
// the rest in a second.
func (v view) row(p status.ProductStatus, full bool) []string {
	line := shape(p.Level) + " *" + text.Name(p.Name) + "* " + text.Level(p.Impact)
	was := ""
	if fig, ok := v.inc.Figure(p.ID); ok && impact.Level(fig.Level) != impact.Unknown {
		t := impact.Compare(impact.Level(fig.Level), countsOf(fig), p.Impact)
		line += ", " + string(t)
		switch level := impact.Level(fig.Level); {
		case t == impact.Same:
		case level == impact.OK:
			was = ", was as usual"
		case fig.Tries > 0 && !p.Slow && (t == impact.Worse) == (p.Share() > fig.Share):
			was = ", was " + text.Percent(fig.Share, fig.Tries) // of the window then, which may say the opposite of the level
		case level != p.Level:
			was = ", was " + levelName(fig.Level)
		}
	}
	line += ": " + figure(p.Impact) + was
	onset := ""
	if !p.Onset.IsZero() {
		onset = "since " + v.When(p.Onset)
		if v.Now.Sub(p.Onset) < onsetTold*p.OnsetHigh.Sub(p.OnsetLow) {
			onset = "since " + v.onset(p.Impact)
		}
	}
	if !full {
		if onset != "" {
			line += ", " + onset
		}
		return []string{line}
	}
	var more []string
	add := func(s string) {
		if s != "" {
			more = append(more, s)
		}
	}
	add(onset)
	add(v.wentDown(p))
	if p.P95 > 0 && unusual(p.Impact) {
		add("p95 " + text.Latency(p.P95) + usually(p.Impact))
	}
	add(mostly(p))
	add(progress(p.Impact))
	add(partly(p))
	add(v.age(p))
	add(says(p))
	if len(more) == 0 {
		return []string{line}
	}
	return []string{line, text.Capital(strings.Join(more, " · "))}
}

// onsetTold times the width of an onset's interval is how long the interval is
// told in an update: of what began ten hours ago nobody asks for the minute.
const onsetTold = 12

// unusual reports whether a product's latency is not what it is as a rule, or
// what that is is not known.
func unusual(p impact.Impact) bool {
	return p.UsualP95 == 0 || p.P95 > p.UsualP95*5/4 || p.P95 < p.UsualP95*3/4
}

// wentDown says what showed an outage: the figure of the whole window still
// holds what was served before it.
func (v view) wentDown(p status.ProductStatus) string {
	if p.Level != impact.Outage || p.Changed.IsZero() || p.Why == "" {
		return ""
	}
	return "down since " + v.When(p.Changed) + ", when " + text.Escape(p.Why, 200)
}

// figure is the share that a product's trouble has, with its counts: "11 %
// fail (62/520)".
func figure(p impact.Impact) string {
	if p.Tries == 0 {
		return "no result in " + text.Span(p.Window)
	}
	of := func(k int, verb string) string {
		return text.Percent(text.Share(k, p.Tries), p.Tries) + " " + verb + " (" + text.Count(k) + "/" + text.Count(p.Tries) + ")"
	}
	switch {
	case p.Failures == 0 && !p.Slow:
		return "no failure in " + tries(p.Tries)
	case p.Slow && p.Failures > 0:
		return of(slower(p.Counts), "slow") + ", " + of(p.Failures, "fail")
	case p.Slow:
		return of(slower(p.Counts), "slow")
	default:
		return of(p.Failures, "fail")
	}
}

// progress says how far a product is on the way to a proven recovery, once it
// is worth saying: a quarter of the way, and ten results.
func progress(p impact.Impact) string {
	if !p.Level.Hurt() || p.Needed == 0 || p.Clean < 10 || 4*p.Clean < p.Needed {
		return ""
	}
	what := "no failure"
	if p.Slow {
		what = "no slow answer"
	}
	return what + " for " + text.Count(min(p.Clean, p.Needed)) + " of about " + text.Plural(p.Needed, "result") + " needed"
}

// partly says which part of a product is not observed.
func partly(p status.ProductStatus) string {
	if p.Stale == 0 || p.Measured == 0 {
		return ""
	}
	return text.Count(p.Stale) + " of " + text.Plural(p.Stale+p.Measured, "check") + " not measured"
}

func (v view) age(p status.ProductStatus) string {
	if p.AsOf.IsZero() || v.Now.Sub(p.AsOf) < oldAfter {
		return ""
	}
	return "newest result " + v.When(p.AsOf)
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

// spell returns the earliest onset since the incident was opened, or since it
// last failed again: "since" is to stay where it is when one of several
// products is well. Zero without an incident.
func (v view) spell() time.Time {
	var onset time.Time
	for _, e := range v.inc.Spell() {
		if e.Kind == incident.Level && impact.Level(e.To).Hurt() && !e.Onset.IsZero() && (onset.IsZero() || e.Onset.Before(onset)) {
			onset = e.Onset
		}
	}
	return onset
}

// again reports whether what is hurt now is so for the second time in its
// incident.
func (v view) again() bool {
	return !v.inc.Calm() && !v.inc.AgainAt().IsZero()
}

// recoveredRows tells those that recovered: first whose recovery is not proven,
// most lately first.
func (v view) recoveredRows() []string {
	list := slices.Clone(v.recovered)
	slices.SortStableFunc(list, func(x, y status.ProductStatus) int {
		return cmp.Or(one(y.Awaited())-one(x.Awaited()), y.Changed.Compare(x.Changed))
	})
	var lines []string
	for i, p := range list {
		if i == fullRows {
			line := "and " + text.Plural(len(list)-i, "more product")
			unproven := 0
			for _, p := range list[i:] {
				unproven += one(p.Awaited())
			}
			if unproven > 0 {
				line += " no longer failing at the incident's rate, " + text.Count(unproven) + " of them not proven yet"
			} else {
				line += " recovered"
			}
			lines = append(lines, line)
			break
		}
		lines = append(lines, v.recoveredRow(p))
	}
	return lines
}

// rest tells what is not hurt: as usual, partly measured, not measured, in
// maintenance.
func (v view) rest() []string {
	var lines []string
	var parts []string
	if n := len(v.usual); n > 0 && len(v.hurt)+len(v.recovered) > 0 {
		c := sum(v.usual)
		parts = append(parts, text.Plural(n, "product")+" as usual ("+text.Count(c.Failures)+" of "+text.Count(c.Tries)+" failed)")
	}
	if len(v.unknown) > 0 {
		parts = append(parts, shape(impact.Unknown)+" not measured: "+names(v.unknown, v.unknownOf))
	}
	if len(v.maintenance) > 0 {
		parts = append(parts, shape(impact.Maintenance)+" in maintenance: "+names(v.maintenance, v.inMaintenance))
	}
	if len(parts) > 0 {
		lines = append(lines, strings.Join(parts, " · "))
	}
	lines = append(lines, text.NonEmpty(v.mutedChecks())...)
	var partial []status.ProductStatus
	for _, p := range slices.Concat(v.recovered, v.usual) {
		if partly(p) != "" || v.age(p) != "" {
			partial = append(partial, p)
		}
	}
	if len(partial) > 0 {
		lines = append(lines, "Partly measured: "+names(partial, func(p status.ProductStatus) string {
			what := partly(p)
			if age := v.age(p); age != "" && what != "" {
				what += ", " + age
			} else if age != "" {
				what = age
			}
			return text.Name(p.Name) + " (" + what + ")"
		}))
	}
	return lines
}

func (v view) unknownOf(p status.ProductStatus) string {
	switch {
	case p.Vantage != "":
		return text.Name(p.Name) + " (our own vantage " + text.Escape(p.Vantage, 60) + " fails)"
	case p.Checks == 0:
		return text.Name(p.Name) + " (no check)"
	case p.AsOf.IsZero():
		return text.Name(p.Name) + " (no result yet)"
	case v.Now.Sub(p.AsOf) < oldAfter:
		return text.Name(p.Name) + " (the checks cannot observe)"
	default:
		return text.Name(p.Name) + " (newest result " + v.When(p.AsOf) + ")"
	}
}
