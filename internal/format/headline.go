package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// headline says how it is in one sentence or two, without the last full stop:
// "14 of 60 products fail 3.9 % of tries (53 of 1,349 in 10 min)". What is down
// comes first, and is never in one sum with what is not.
func (v view) headline() string {
	switch {
	case len(v.Products) == 0:
		return "no product is defined"
	case len(v.groups) == 0:
		return v.wellLine()
	}
	var said []string
	told := false
	shown := v.shown()
	if whole, rest := v.allRest(); rest {
		shown = []status.Group{whole}
	}
	for _, g := range shown {
		said = append(said, v.who(g, told)+" "+v.how(g))
		told = true
	}
	if n := len(v.hurt) - products(shown); n > 0 {
		said = append(said, text.Count(n)+" more "+verb(n, "is", "are")+" in other trouble")
	}
	if n := v.lost(); n > 0 {
		said = append(said, text.Count(n)+" that "+verb(n, "was", "were")+" hurt "+verb(n, "is", "are")+" no longer measured")
	}
	return strings.Join(said, ". ")
}

// allRest is all that is hurt as one group, where none of its tries failed of late, or
// none was slow: said of each group by itself, nobody sees that it is so of all.
func (v view) allRest() (whole status.Group, rest bool) {
	whole.Slow = v.groups[0].Slow
	for _, g := range v.groups {
		if g.Tries == 0 || g.Down || g.Bad() > 0 || g.Slow != whole.Slow {
			return status.Group{}, false
		}
		whole.Products = append(whole.Products, g.Products...)
	}
	whole.Counts = sum(whole.Products)
	return whole, true
}

// besidesAtMost is how many groups are told beside the main one.
const besidesAtMost = 2

// main is the group that most products are in, the first of several; the
// update is about it before all. Where the first line is of some products it is the
// group of most of these.
func (v view) main() status.Group { return v.groups[v.mainAt()] }

func (v view) mainAt() int {
	at := 0
	for i, g := range v.groups {
		n, most := v.ofFirstLine(g), v.ofFirstLine(v.groups[at])
		if n > most || n == most && len(g.Products) > len(v.groups[at].Products) {
			at = i
		}
	}
	return at
}

// ofFirstLine counts the products of a group that the first line has a sum of.
func (v view) ofFirstLine(g status.Group) (n int) {
	for _, p := range g.Products {
		n += one(slices.Contains(v.told, p.ID))
	}
	return n
}

// shown are the groups that are told one by one, worst first: the main one and
// at most two more.
func (v view) shown() []status.Group {
	var out []status.Group
	beside := 0
	for i, g := range v.groups {
		if i != v.mainAt() {
			if beside++; beside > besidesAtMost {
				continue
			}
		}
		out = append(out, g)
	}
	return out
}

func products(groups []status.Group) int {
	n := 0
	for _, g := range groups {
		n += len(g.Products)
	}
	return n
}

// namedAtMost is how many products of a group are named; more are counted.
const namedAtMost = 3

// who names or counts the products of a group: "14 of 60 products", and after
// another group "13 more products".
func (v view) who(g status.Group, more bool) string {
	n := len(g.Products)
	switch {
	case n <= namedAtMost:
		return listing(g.Products)
	case more:
		return text.Count(n) + " more products"
	case n == len(v.Products):
		return allProducts(n)
	}
	return text.Count(n) + " of " + text.Plural(len(v.Products), "product")
}

// allProducts names all of so many products: "all 14 products", "both products".
func allProducts(n int) string {
	if n == 2 {
		return "both products"
	}
	return "all " + text.Plural(n, "product")
}

// listing names products: "Search, Mail and Maps".
func listing(list []status.ProductStatus) string {
	var out []string
	for _, p := range list {
		out = append(out, text.Name(p.Name))
	}
	last := len(out) - 1
	if last < 1 {
		return strings.Join(out, "")
	}
	return strings.Join(out[:last], ", ") + " and " + out[last]
}

func verb(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// how says what a group's products do, with the counts and their span: "fail
// 3.9 % of tries (53 of 1,349 in 10 min)".
func (v view) how(g status.Group) string {
	n := len(g.Products)
	of := func(k int) string {
		return "(" + text.Count(k) + " of " + text.Count(g.Tries) + v.inSpan(g) + ")"
	}
	percent := func(k int) string { return text.Percent(text.Share(k, g.Tries), g.Tries) }
	switch {
	case g.Tries == 0 && g.Down:
		return verb(n, "is", "are") + " down, without a result in " + text.Span(v.Window)
	case g.Tries == 0:
		return verb(n, "is", "are") + " degraded, without a result in " + text.Span(v.Window)
	case g.Down && g.Failures == g.Tries:
		return verb(n, "is", "are") + " down: all " + tries(g.Tries) + v.inSpan(g) + " failed"
	case g.Down:
		return verb(n, "is", "are") + " down: " + text.Count(g.Failures) + " of " + tries(g.Tries) + v.inSpan(g) + " failed"
	case g.Bad() == 0:
		return restsFor(n, g.Slow, g.Tries)
	case g.Slow && g.Failures > 0:
		return verb(n, "answers", "answer") + " slowly: " + percent(g.Bad()) + " of tries " + of(g.Bad()) + ", and " + percent(g.Failures) + " fail (" + text.Count(g.Failures) + ")"
	case g.Slow:
		return verb(n, "answers", "answer") + " slowly: " + percent(g.Bad()) + " of tries " + of(g.Bad())
	default:
		return verb(n, "fails", "fail") + " " + percent(g.Failures) + " of tries " + of(g.Failures)
	}
}

// restsFor says of so many products that are hurt that none of their tries failed, or
// was slow: "was failing; none of the last 31 tries did, which is no proof yet".
func restsFor(n int, slow bool, made int) string {
	was, did := " failing", "did"
	if slow {
		was, did = " slow", "was"
	}
	return verb(n, "was", "were") + was + "; none of the last " + tries(made) + " " + did + ", which is no proof yet"
}

// inSpan says over what time a group's figures go, after a space; nothing
// where that is since the onset, which is told beside. Where some of its products
// count from later on than others that is the longest of them.
func (v view) inSpan(g status.Group) string {
	if _, before := v.earlier(g); g.Whole && !before {
		return ""
	}
	if !v.even(g) {
		return " in up to " + v.span(g.From)
	}
	return " in " + v.span(g.From)
}

// even reports whether the figures of a group's products go back equally far, a
// tenth more or less.
func (v view) even(g status.Group) bool {
	span := v.Now.Sub(g.From)
	return !slices.ContainsFunc(g.Products, func(p status.ProductStatus) bool {
		return !p.From.IsZero() && 10*p.From.Sub(g.From) > span
	})
}

// span is how long a figure goes back that begins at an instant.
func (v view) span(from time.Time) string {
	if from.IsZero() {
		return text.Span(v.Window)
	}
	return text.Span(v.Now.Sub(from))
}

// spanOf is how long the figures of products go back.
func (v view) spanOf(list []status.ProductStatus) string {
	var from time.Time
	for _, p := range list {
		if !p.From.IsZero() && (from.IsZero() || p.From.Before(from)) {
			from = p.From
		}
	}
	return v.span(from)
}

// wellLine is the headline when nothing is hurt. What is not measured is not
// among what is well, nor is what fails more than usual and is not judged yet.
func (v view) wellLine() string {
	n := len(v.Products)
	well := slices.Concat(v.usual, v.recovered)
	c := sum(well)
	var s string
	switch {
	case len(well)+len(v.unclear) == 0 && len(v.unknown) == n && n == 1:
		return "nothing is measured: the 1 product is unknown"
	case len(well)+len(v.unclear) == 0 && len(v.unknown) == n:
		return "nothing is measured: " + allProducts(n) + " unknown"
	case len(well)+len(v.unclear) == 0:
		return "no product is measured now"
	case len(well) == 0:
		return v.unclearLine()
	case len(well) == n && n == 1:
		s = text.Name(well[0].Name) + " is as usual"
	case len(well) == n:
		s = allProducts(n) + " as usual"
	default:
		s = text.Count(len(well)) + " of " + text.Plural(n, "product") + " as usual"
	}
	if v.awaits() && len(v.recovered) > 0 {
		s = "no longer failing: " + v.recoveredSum()
	} else {
		s += ": " + text.Count(c.Failures) + " of " + tries(c.Tries) + " failed in " + v.spanOf(well) + usuallyFail(well)
	}
	if len(v.unclear) > 0 {
		s += ". " + text.Capital(v.unclearLine())
	}
	if n := v.lost(); n > 0 {
		s += ". " + text.Count(n) + " that " + verb(n, "was", "were") + " hurt " + verb(n, "is", "are") + " no longer measured"
	}
	return s
}

// unclearLine names what fails more than usual without being judged yet.
func (v view) unclearLine() string { return v.notClear(v.unclear) }

func (v view) notClear(list []status.ProductStatus) string {
	return "not clear yet: " + names(list, func(p status.ProductStatus) string {
		k, verb := p.Failures, " failed"
		if k == 0 {
			k, verb = slower(p.Counts), " slow"
		}
		return text.Name(p.Name) + " (" + text.Count(k) + " of " + tries(p.Tries) + verb + " in " + v.span(p.From) + ")"
	})
}

// asUsual reports whether a product that is not hurt may be told as usual: its
// figures do not say otherwise. A few failures among few results are no
// trouble yet, and are not as usual either; and what is not hurt may fail at a
// share whose own interval lies above what is usual.
func asUsual(p status.ProductStatus) bool {
	if p.Level != impact.OK {
		return false
	}
	low, _ := impact.Wilson(p.Failures, p.Tries)
	return p.Failures == 0 || low <= max(p.Usual, usualAtMost(p))
}

// usualAtMost is the failure share up to which nothing is said of a product
// that is not hurt, whatever is usual: below it, an interval's lower end above
// what is usual is what one product in forty shows by chance.
func usualAtMost(p status.ProductStatus) float64 {
	if p.Proof != nil && p.Proof.Limit > 0 {
		return p.Proof.Limit
	}
	return usualLeast
}

// usualLeast is the failure share up to which "as usual" is believed where what
// is usual is not said: the limit of a proven recovery.
const usualLeast = 0.01

// usuallyFail says what share is usual of products that are as usual and fail
// more than would be so without it said, after a comma; empty else.
func usuallyFail(list []status.ProductStatus) string {
	c, usual := sum(list), 0.0
	for _, p := range list {
		usual += p.Usual * float64(p.Tries)
	}
	if low, _ := impact.Wilson(c.Failures, c.Tries); c.Failures == 0 || low <= usualLeast {
		return ""
	}
	return ", usually " + rate(usual/float64(c.Tries))
}

// lost counts the products that the last update called hurt and that cannot be
// observed now: they must not seem to have recovered.
func (v view) lost() int {
	n := 0
	for _, p := range v.unknown {
		if fig, ok := v.inc.Figure(p.ID); ok && impact.Level(fig.Level).Hurt() {
			n++
		}
	}
	return n
}
