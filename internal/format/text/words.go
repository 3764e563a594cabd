package text

import (
	"math"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// Lower returns s with its first letter, if it is ASCII, in lower case.
func Lower(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// Level says a level in a word.
func Level(p impact.Impact) string {
	switch p.Level {
	case impact.OK:
		return "as usual"
	case impact.Degraded:
		if p.Slow {
			return "slow"
		}
		return "degraded"
	case impact.Outage:
		if !p.Dead() {
			return "mostly failing"
		}
		return "DOWN"
	case impact.Maintenance:
		return "in maintenance"
	default:
		return "not measured"
	}
}

// Dead reports whether an outage is told as down: practically all failed in it. Where
// that was not counted, it was told so.
func Dead(failed *incident.Counts) bool {
	return failed == nil || impact.Down{Tries: failed.Tries, Failures: failed.Failures}.Dead()
}

// Told is a level that was written down, in a word; failed is what failed of the
// tries in an outage, slow that a trouble is slowness.
func Told(l impact.Level, failed *incident.Counts, slow bool) string {
	if l == impact.Outage && !Dead(failed) {
		return "mostly failing"
	}
	return strings.ToLower(Level(impact.Impact{Level: l, Slow: slow}))
}

// Troubles are what is known of the products that are hurt while their changes of
// level are read in order.
type Troubles map[string]incident.Event // :: product id -> the change that its trouble began with

// Read returns a change of level with what is known of what it ends from when that
// began: what failed in its outage, where no more was known, and whether it was slowness.
func (t Troubles) Read(e incident.Event) incident.Event {
	before := t[e.Product]
	if e.Failed == nil && e.From == string(impact.Outage) {
		e.Failed = before.Failed
	}
	e.WasSlow = before.Slow && e.From == before.To
	if delete(t, e.Product); impact.Level(e.To).Hurt() {
		t[e.Product] = e
	}
	return e
}

// Overall is the verdict over all products together, which stands first; the
// zero one where there is none.
func Overall(list []incident.Verdict) incident.Verdict {
	if len(list) == 0 {
		return incident.Verdict{}
	}
	return list[0]
}

// Judged reports whether there is a verdict.
func Judged(v incident.Verdict) bool {
	return v.Verdict != "" && v.Before.Tries > 0 && v.After.Tries > 0
}

// Verdict is one of the three verdicts, or that there is none.
func Verdict(v incident.Verdict) string {
	if !Judged(v) {
		return "too little was measured to say"
	}
	if v.Verdict == madeWorse {
		return string(impact.WorseSince)
	}
	return v.Verdict
}

// madeWorse is how journals of former versions say impact.WorseSince: it claimed
// what nobody can know.
const madeWorse = "made it worse"

// Comparison says the figures of a verdict: "6.9 % -> 6.6 % (104/1,586 before,
// 98/1,480 after), difference -0.3 ± 1.6 points".
func Comparison(v incident.Verdict) string {
	if v.Before.Tries == 0 || v.After.Tries == 0 {
		return Fraction(v.Before) + " before, " + Fraction(v.After) + " after"
	}
	s := Change(v) + " (" + Fraction(v.Before) + " before, " + Fraction(v.After) + " after), " + Difference(v)
	if v.Verdict == string(impact.NoEffect) {
		s += "; an effect up to " + points(hidden(v), v) + " points could hide"
	}
	return s
}

// Fraction writes counts: "104/1,586".
func Fraction(c incident.Counts) string { return Count(c.Failures) + "/" + Count(c.Tries) }

// Change writes the shares before and after: "6.9 % -> 6.6 %".
func Change(v incident.Verdict) string {
	return Percent(v.Before.Share(), v.Before.Tries) + " → " + Percent(v.After.Share(), v.After.Tries)
}

// Difference writes by how much the share changed, "difference -0.3 ± 1.6 points", and where
// the counts alone would show an effect, why none is told.
func Difference(v incident.Verdict) string {
	s := "difference " + points(v.Diff(), v) + " ± " + points(v.Margin, v) + " points"
	if v.Verdict == string(impact.NoEffect) && math.Abs(v.Diff()) > byChance(v) {
		s += ", as much as it changes by itself"
	}
	return s
}

// byChance is half of the 95 % interval of a difference, were each try for itself.
func byChance(v incident.Verdict) float64 {
	variance := func(c incident.Counts) float64 { return c.Share() * (1 - c.Share()) / float64(max(c.Tries, 1)) }
	return 1.96 * math.Sqrt(variance(v.Before)+variance(v.After))
}

// hidden is how large an effect could be there unseen.
func hidden(v incident.Verdict) float64 { return math.Abs(v.Diff()) + v.Margin }

// points writes a difference of shares in percentage points, with as many
// decimals as the fewer tries and the margin support.
func points(x float64, v incident.Verdict) string {
	d := decimals(min(math.Abs(x), v.Margin), min(v.Before.Tries, v.After.Tries))
	if v.Margin >= 0.0995 {
		d = 0
	}
	s := strconv.FormatFloat(100*x, 'f', d, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// NonEmpty leaves out the lines in which nothing is said.
func NonEmpty(lines ...string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// Share is bad / tries, and 0 without tries.
func Share(bad, tries int) float64 {
	if tries == 0 {
		return 0
	}
	return float64(bad) / float64(tries)
}
