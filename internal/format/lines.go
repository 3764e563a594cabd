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

// linesAtMost is how many lines a message has that comes again and again,
// however many products are hurt: one screen of a phone.
const linesAtMost = 8

// screen is what an update, an answer of all products and the home have in
// common, line by line; what is empty is left out.
type screen struct {
	worse  []string // something else at the same time, each with its onset, that hurts more
	since  string   // since when, as of when, next
	cause  string
	tried  string
	most   string   // who is hurt most, or of one product how
	lesser []string // something else that hurts less
	over   string   // what no longer fails
	rest   string   // as usual, not measured, in maintenance
}

func (v view) screen(asOf string) screen {
	if v.since() == "" {
		asOf = text.Capital(asOf) // it begins the line
	}
	worse, lesser := v.besides()
	return screen{worse: worse, since: joined(v.since(), asOf), cause: v.cause(), most: v.most(), lesser: lesser, over: v.over(), rest: v.rest()}
}

// under returns the lines that stand under so many others, at most
// linesAtMost with these. What gives way first is what can be read elsewhere.
func (s screen) under(others int) []string {
	room := linesAtMost - others
	parts := [][]string{s.worse, text.NonEmpty(s.since), text.NonEmpty(s.cause), text.NonEmpty(s.tried), text.NonEmpty(s.most), s.lesser, text.NonEmpty(s.over), text.NonEmpty(s.rest)}
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	for _, i := range []int{4, 6, 3} { // most, over, tried
		if n > room {
			n -= len(parts[i])
			parts[i] = nil
		}
	}
	return slices.Concat(parts...)
}

// joined is parts with a dot between, without those that are empty.
func joined(parts ...string) string { return strings.Join(text.NonEmpty(parts...), " · ") }

// besides tells what hurts at the same time as what the first line is of, the main group
// where that names no other, and is something else, worst first: what is worse than that, and what is not.
func (v view) besides() (worse, lesser []string) {
	if len(v.groups) == 0 {
		return nil, nil
	}
	passed := false
	var more []status.ProductStatus
	for _, g := range v.groups {
		switch {
		case v.ofFirstLine(g) > 0, len(v.told) == 0 && v.same(g, v.main()):
			passed = true
		case !slices.ContainsFunc(v.shown(), func(x status.Group) bool { return v.same(x, g) }):
			more = append(more, g.Products...)
		case passed:
			lesser = append(lesser, v.beside(g))
		default:
			worse = append(worse, v.beside(g))
		}
	}
	if len(more) > 0 {
		lesser = append(lesser, "And "+text.Count(len(more))+" more: "+names(more, nameOf)+".")
	}
	return worse, lesser
}

func (v view) beside(g status.Group) string {
	return strings.TrimSuffix(v.shortly(g)+v.sinceOf(g)+v.why(g), ".") + "."
}

// same reports whether two groups of this view are one: a product is in one
// group alone.
func (v view) same(g, other status.Group) bool { return g.Products[0].ID == other.Products[0].ID }

// shortly names a group where it was told before: "Checkout", "The 13", and
// where another has as many, "Search and 12 more".
func (v view) shortly(g status.Group) string {
	n := len(g.Products)
	if n <= namedAtMost {
		return listing(g.Products)
	}
	for _, other := range v.groups {
		if !v.same(g, other) && len(other.Products) == n {
			return text.Name(g.Products[0].Name) + " and " + text.Count(n-1) + " more"
		}
	}
	return "The " + text.Count(n)
}

func (v view) sinceOf(g status.Group) string {
	if g.Onset.IsZero() {
		return ""
	}
	return " since " + v.When(g.Onset) + " (" + text.Span(v.Now.Sub(g.Onset)) + ")"
}

// why says of one product what its failures are and what clients feel, and of
// several who is hurt most, after a colon: ": time-out. Nobody can pay".
func (v view) why(g status.Group) string {
	if len(g.Products) > 1 {
		if s := each(g, "most "); s != "" {
			return ": " + s
		}
		return ""
	}
	p := g.Products[0]
	s := strings.Join(text.NonEmpty(mainly(p), strings.TrimSuffix(says(p), ".")), ". ")
	if s == "" {
		return ""
	}
	return ": " + s
}

// mainly says what a product's last failures were.
func mainly(p status.ProductStatus) string {
	n := 0
	for _, r := range p.Reasons {
		n += r.N
	}
	switch {
	case n == 0 || p.Slow:
		return ""
	case len(p.Reasons) == 1:
		return reasonWord(p.Reasons[0].Reason)
	case 10*p.Reasons[0].N >= 8*n:
		return "mostly " + reasonWord(p.Reasons[0].Reason)
	default:
		return reasonWord(p.Reasons[0].Reason) + " and " + reasonWord(p.Reasons[1].Reason)
	}
}

// since says since when the main group is hurt.
func (v view) since() string {
	if len(v.groups) == 0 {
		return v.sinceOver()
	}
	g, word := v.main(), "Since "
	if v.again() {
		word = "Failing again since "
		if g.Slow {
			word = "Slow again since "
		}
	} else if g.Bad() == 0 && g.Tries > 0 && len(v.groups) == 1 {
		word = "Hurt since " // and not so since then that none fails
	}
	if len(v.groups) > 1 {
		return v.shortly(g) + " " + text.Lower(word) + strings.TrimPrefix(v.sinceOf(g), " since ")
	}
	if onset, ok := v.earlier(g); ok {
		g.Onset = onset
	}
	if g.Onset.IsZero() {
		return ""
	}
	return word + strings.TrimPrefix(v.sinceOf(g), " since ")
}

// sinceOver says from when on what no longer fails is counted.
func (v view) sinceOver() string {
	var since time.Time
	for _, p := range v.lately() {
		if pr := p.Proof; pr != nil && !pr.Accepted && (since.IsZero() || pr.Since.Before(since)) {
			since = pr.Since
		}
	}
	if since.IsZero() || !v.awaits() {
		return ""
	}
	word := "Since "
	if len(v.lately()) < len(v.recovered) { // all no longer fail since before that
		word = "Counted since "
	}
	return word + v.When(since) + " (" + text.Span(v.Now.Sub(since)) + ")"
}

// earlier returns since when what is hurt alone is told to be so, where that is
// before its own onset. What mostly fails does so since it does.
func (v view) earlier(g status.Group) (time.Time, bool) {
	onset := v.spell()
	return onset, len(v.groups) == 1 && !g.Down && !g.Most && !onset.IsZero() && onset.Before(g.Onset)
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
	return !v.inc.Calm() && !v.inc.AgainAt().IsZero() && !v.another()
}

// mostTold is how many products of the main group are told one by one.
const mostTold = 3

// most tells who is hurt most in the main group, and of one product alone how.
func (v view) most() string {
	if len(v.groups) == 0 {
		return ""
	}
	if len(v.main().Products) == 1 {
		return v.onlyOne(v.main())
	}
	return each(v.main(), "Most: ")
}

// each tells the products of a group that are hurt most, after that word where
// there are more, and how much the rest.
func each(g status.Group, most string) string {
	list := slices.DeleteFunc(slices.Clone(g.Products), func(p status.ProductStatus) bool { return p.Bad() == 0 })
	if len(list) == 0 {
		return ""
	}
	slices.SortStableFunc(list, worstShare)
	n, lead := len(list), ""
	if n > mostTold+1 {
		n, lead = mostTold, most
	}
	var parts []string
	for _, p := range list[:n] {
		parts = append(parts, text.Name(p.Name)+" "+short(p))
	}
	s := lead + strings.Join(parts, ", ")
	s += moreOf(list[n:])
	if well := len(g.Products) - len(list); well > 0 {
		s += "; " + text.Count(well) + " more without a failure"
	}
	return s + "."
}

// fewTries are results of which a share says little beside those of hundreds.
const fewTries = 20

// worstShare orders by the share that is told, those of few tries last and as they are.
func worstShare(x, y status.ProductStatus) int {
	if few := one(x.Tries < fewTries) - one(y.Tries < fewTries); few != 0 || x.Tries < fewTries {
		return few
	}
	return cmp.Compare(text.Share(y.Bad(), y.Tries), text.Share(x.Bad(), x.Tries))
}

// moreOf says how much those that are not told one by one are hurt, after a
// semicolon. One of few tries has its counts, or its share would be the span of all
// and more than that of those who are hurt most.
func moreOf(list []status.ProductStatus) string {
	var many, few []status.ProductStatus
	for _, p := range list {
		if p.Tries < fewTries {
			few = append(few, p)
		} else {
			many = append(many, p)
		}
	}
	s := ""
	switch {
	case len(many) == 0 && len(few) > mostTold:
		return "; " + text.Count(len(few)) + " more"
	case len(many) > 0:
		s = "; " + text.Count(len(many)) + " more " + between(many)
	}
	if len(few) > mostTold {
		return s + "; " + text.Count(len(few)) + " more of few tries"
	}
	for i, p := range few {
		s += []string{"; ", ", "}[one(i > 0)] + text.Name(p.Name) + " " + text.Count(p.Bad()) + "/" + text.Count(p.Tries)
	}
	return s
}

// onlyOne tells how one product is hurt.
func (v view) onlyOne(g status.Group) string {
	p := g.Products[0]
	slow := ""
	if p.P95 > 0 && unusual(p.Impact) && (p.Slow || p.UsualP95 > 0) {
		slow = "p95 " + text.Latency(p.P95) + usually(p.Impact)
	}
	parts := text.NonEmpty(mainly(p), slow, progress(p.Impact), partly(p), v.age(p), strings.TrimSuffix(says(p), "."))
	for i, part := range parts {
		if (i > 0 || len(v.groups) == 1) && !strings.HasPrefix(part, "p95") {
			parts[i] = text.Capital(part)
		}
	}
	s := strings.Join(parts, ". ")
	switch {
	case s == "":
		return ""
	case len(v.groups) > 1:
		return text.Name(p.Name) + ": " + s + "."
	}
	return s + "."
}

// short is a product's share with its counts: "7 % (6/90)".
func short(p status.ProductStatus) string {
	if p.Tries == 0 {
		return "no result"
	}
	s := text.Percent(text.Share(p.Bad(), p.Tries), p.Tries) + " (" + text.Count(p.Bad()) + "/" + text.Count(p.Tries) + ")"
	if p.Slow {
		return "slow " + s
	}
	return s
}

// between says from what to what share products are hurt: "1-6 %".
func between(list []status.ProductStatus) string {
	tries := list[0].Tries
	low, high := 1.0, 0.0
	for _, p := range list {
		s := text.Share(p.Bad(), p.Tries)
		low, high, tries = min(low, s), max(high, s), min(tries, p.Tries)
	}
	from, to := text.Percent(low, min(tries, 99)), text.Percent(high, min(tries, 99))
	if from == to {
		return to
	}
	return strings.TrimSuffix(from, " %") + "-" + to
}

// over tells which products were hurt and are not: most lately first.
func (v view) over() string {
	list, counted := v.recovered, ""
	if v.step != nil { // the first line is of them already
		list = slices.DeleteFunc(slices.Clone(list), func(p status.ProductStatus) bool { return slices.Contains(v.told, p.ID) })
		if n := len(v.recovered) - len(list); n > 0 && v.quiet && len(v.told) > 1 { // of one that is said by its quiet
			these := text.Count(n) + " of these " + text.Count(len(v.told))
			if n == len(v.told) {
				these = "all " + text.Count(n)
			}
			counted = "Each taken alone: " + these + " no longer " + verb(n, "fails", "fail") + "."
		}
	}
	if len(v.groups) == 0 {
		return ""
	}
	if len(list) > 0 {
		counted = strings.TrimSpace(counted + " No longer failing: " + v.recoveredNames(list) + ".")
	}
	return counted
}

func (v view) recoveredNames(list []status.ProductStatus) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y status.ProductStatus) int { return y.Changed.Compare(x.Changed) })
	return names(list, func(p status.ProductStatus) string {
		s := text.Name(p.Name)
		switch {
		case p.Proof != nil && p.Proof.Accepted:
			return s + " (what it does is usual now)"
		case p.Proof != nil:
			how := ""
			if p.Proof.Slow {
				how = " slow"
			}
			return s + " (" + text.Count(p.Proof.Bad) + " of " + text.Count(p.Proof.N) + how + " since " + v.When(p.Proof.Since) + ")"
		default:
			return s + " (" + text.Count(p.Failures) + " of " + text.Count(p.Tries) + " in " + v.span(p.From) + ")"
		}
	})
}

// rest tells what is not hurt: as usual, not clear, not measured, in
// maintenance.
func (v view) rest() string {
	var parts []string
	hurt := len(v.groups) > 0 || v.awaits()
	usual := slices.DeleteFunc(slices.Clone(v.usual), func(p status.ProductStatus) bool { return slices.Contains(v.told, p.ID) })
	if n := len(usual); n > 0 && hurt {
		c := sum(usual)
		parts = append(parts, text.Count(n)+" as usual ("+text.Count(c.Failures)+" of "+text.Count(c.Tries)+usuallyFail(usual)+").")
	}
	if hurt {
		parts = append(parts, v.unclearBeside()...)
	}
	if len(v.unknown) > 0 {
		parts = append(parts, v.notMeasured())
	}
	if len(v.maintenance) > 0 {
		parts = append(parts, "In maintenance: "+names(v.maintenance, v.inMaintenance)+".")
	}
	if s := v.mutedChecks(); s != "" {
		parts = append(parts, s+".")
	}
	partial := slices.DeleteFunc(slices.Concat(v.recovered, v.unclear, v.usual), func(p status.ProductStatus) bool { return partly(p) == "" && v.age(p) == "" })
	if len(partial) > 0 {
		parts = append(parts, "Partly measured: "+names(partial, func(p status.ProductStatus) string {
			return text.Name(p.Name) + " (" + strings.Join(text.NonEmpty(partly(p), v.age(p)), ", ") + ")"
		})+".")
	}
	return strings.Join(parts, " ")
}

// unclearBeside names what is not clear, and apart what the first line is of already.
func (v view) unclearBeside() (parts []string) {
	var these, others []status.ProductStatus
	for _, p := range v.unclear {
		if slices.Contains(v.told, p.ID) {
			these = append(these, p)
		} else {
			others = append(others, p)
		}
	}
	if n := len(these); n > 0 {
		parts = append(parts, text.Capital(text.Count(n))+" of these "+text.Count(len(v.told))+" "+verb(n, "is", "are")+" "+v.notClear(these)+".")
	}
	if len(others) > 0 {
		parts = append(parts, text.Capital(v.notClear(others))+".")
	}
	return parts
}

// notMeasured names what is not, and why: those of one reason together.
func (v view) notMeasured() string {
	var whys []string
	of := map[string][]status.ProductStatus{} // :: reason -> the products
	for _, p := range v.unknown {
		why := v.unseen(p)
		if of[why] == nil {
			whys = append(whys, why)
		}
		of[why] = append(of[why], p)
	}
	between := ", "
	if len(whys) < len(v.unknown) {
		between = "; "
	}
	const most = 5
	var parts []string
	named := 0
	for _, why := range whys[:min(len(whys), most)] {
		parts = append(parts, names(of[why], nameOf)+" ("+why+")")
		named += len(of[why])
	}
	s := "Not measured: " + strings.Join(parts, between)
	if more := len(v.unknown) - named; more > 0 {
		s += " and " + text.Count(more) + " more"
	}
	return s + "."
}

func (v view) unknownOf(p status.ProductStatus) string {
	return text.Name(p.Name) + " (" + v.unseen(p) + ")"
}

// unseen says why a product is not measured.
func (v view) unseen(p status.ProductStatus) string {
	switch {
	case p.Vantage != "":
		return "our own vantage " + text.Escape(p.Vantage, 60) + " fails"
	case p.Checks == 0:
		return "no check"
	case p.AsOf.IsZero():
		return "no result yet"
	case v.Now.Sub(p.AsOf) < oldAfter:
		return "the checks cannot observe"
	default:
		return "newest result " + v.When(p.AsOf)
	}
}

// byWorst orders all products for a list: hurt ones as the groups have them,
// then what is not clear, not measured, over, in maintenance, as usual.
func (v view) byWorst() []status.ProductStatus {
	list := slices.Concat(v.hurt, v.unclear, v.unknown, v.recovered, v.maintenance, v.usual)
	return slices.Clip(list)
}
