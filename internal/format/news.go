package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// News is what an update is posted for, where that is more than a level; the
// zero value says that there is none.
type News struct {
	Flaps   []Flapping             // fail and recover again and again
	Answers []status.ProductStatus // were down, and answer again

	Step  incident.RateStep // the share that fails changed; with what failed since as of now. At is zero when it did not
	Of    []string          // ids of the products that it is of
	Quiet bool              // hardly anything of them fails any more
	Again bool              // it was quiet, and is not
}

// Pooled returns what the checks of some products gave together in each whole minute
// between two instants, as a *status.Board does.
type Pooled func(products []string, from, to time.Time) []impact.Minute

// QuietNow is the quiet of the incidents that are open, with what failed since as of a
// snapshot: the channel's update tells it, and so must whoever is asked between two of
// them. Several that are quiet, of one trouble in more than one channel or of two, are
// one quiet, from when the last of them is. The zero News where none is.
func QuietNow(s status.Snapshot, open []incident.Incident, pooled Pooled) (n News) {
	var quiet []incident.Event
	for _, inc := range open {
		if last, ok := inc.LastStep(); ok && inc.Open() && !inc.Calm() && !inc.QuietAt.IsZero() {
			quiet = append(quiet, last)
		}
	}
	slices.SortStableFunc(quiet, func(x, y incident.Event) int { return len(y.Products) - len(x.Products) })
	for _, e := range quiet {
		if n.Quiet && slices.ContainsFunc(e.Products, func(id string) bool { return slices.Contains(n.Of, id) }) {
			continue // what it is of is counted
		}
		n.Step.From = e.Step.From
		if n.Quiet { // each counts from an instant of its own
			n.Step.From = time.Time{}
		}
		n.Quiet, n.Of = true, append(slices.Clip(n.Of), e.Products...)
		n.Step.Before = n.Step.Before.Plus(e.Step.Before)
		n.Step.After = n.Step.After.Plus(e.Step.After)
		if e.Step.At.After(n.Step.At) {
			n.Step.At = e.Step.At
		}
	}
	if !n.Quiet {
		return n
	}
	var since incident.Counts
	for _, m := range pooled(n.Of, n.Step.At, s.At) {
		since.Tries, since.Failures = since.Tries+m.Tries, since.Failures+m.Failures
	}
	if since.Tries > 0 { // else no whole minute is over
		n.Step.After = since
	}
	return n
}

// telling has the first line be of some news: no other counts the same products.
func (v view) telling(n News) view {
	if len(n.Answers) == 0 && v.newsSentence(n) != "" {
		v.told, v.step, v.quiet = n.Of, &n.Step.After, n.Quiet
	}
	return v
}

// screenOf is the screen under the sentence of some news, and the line of a quiet: when
// what is over began, and its figures of another span, are not said beside it.
func (v view) screenOf(n News, asOf string) (screen, string) {
	s, quiet := v.screen(asOf), v.quietLine(n)
	if quiet != "" {
		s.since = text.Capital(asOf)
	}
	if len(n.Answers) == 0 && v.newsSentence(n) != "" {
		s.most = ""
	}
	return s, quiet
}

// standing is how it is now in a sentence: the quiet, or else the headline and how it moved.
func (v view) standing(quiet News) string {
	if s := v.newsSentence(quiet); s != "" {
		return text.Capital(s)
	}
	s := text.Capital(v.headline()) + "."
	if t := v.trend(); t != "" && len(v.hurt)+len(v.recovered) > 0 {
		s += " " + t
	}
	return s
}

// newsSentence is the sentence that carries the meaning of an update which has
// such news, without "Impact update #7: "; empty when it has none.
func (v view) newsSentence(n News) string {
	if len(n.Answers) > 0 {
		return v.answersSentence(n.Answers)
	}
	if n.Step.At.IsZero() || n.Step.After.Tries == 0 {
		return ""
	}
	if n.Quiet {
		return v.quietSentence(n)
	}
	if slices.ContainsFunc(v.groups, func(g status.Group) bool { return g.Down || g.Most }) {
		return "" // that something is down, or most of it fails, comes before any share, and is in none
	}
	return v.stepSentence(n)
}

// StepTold is a change of the share that fails as a sentence to be kept, without
// its full stop.
func StepTold(s incident.RateStep) string {
	return shareOf(s.After) + " of tries (" + text.Count(s.After.Failures) + " of " + text.Count(s.After.Tries) + "), " + shareOf(s.Before) + " before"
}

func shareOf(c incident.Counts) string { return text.Percent(c.Share(), c.Tries) }

// stepSentence tells that the share that fails changed: "worse. 14 of 60
// products fail 9.0 % of tries (71 of 790), 4.1 % until 00:31.".
func (v view) stepSentence(n News) string {
	word := "better. "
	switch {
	case n.Again:
		word = "failing again after " + text.Span(n.Step.At.Sub(n.quietSince(v.inc))) + ". "
	case n.Step.Worse():
		word = "worse. "
	}
	c := n.Step.After
	if c.Failures == 0 {
		return word + "No failure on " + v.on(n.Of) + " since " + v.moment(n.Step.At) + " (" + tries(c.Tries) + "), " + shareOf(n.Step.Before) + " before." + v.alsoHurt(n.Of)
	}
	s := word + v.many(n.Of) + " " + shareOf(c) + " of tries (" + text.Count(c.Failures) + " of " + text.Count(c.Tries) + "), " +
		shareOf(n.Step.Before) + " until " + v.moment(n.Step.At) + "."
	return s + v.alsoHurt(n.Of)
}

// moment is an instant in a sentence that stands in a block, in each reader's own
// zone, and in plain text as well.
func (v view) moment(t time.Time) string {
	if v.inBlock {
		return v.When(t)
	}
	return v.Plain(t)
}

// quietSince is since when it was quiet before the step.
func (n News) quietSince(inc incident.Incident) time.Time {
	for _, e := range slices.Backward(inc.Steps) {
		if e.Kind == incident.Quiet {
			return e.Step.At
		}
	}
	return n.Step.At
}

// many says how many products something is of, with the verb: "14 of 60 products fail".
func (v view) many(of []string) string {
	if list := v.of(of); len(list) > 0 && len(list) <= namedAtMost {
		return text.Capital(listing(list)) + verb(len(list), " fails", " fail")
	}
	if len(of) == len(v.Products) {
		return "All " + text.Plural(len(of), "product") + " fail"
	}
	return text.Count(len(of)) + " of " + text.Plural(len(v.Products), "product") + " fail"
}

// alsoHurt says how it is with what is hurt beside some products, after a space.
func (v view) alsoHurt(of []string) string {
	var down, others int
	var last status.ProductStatus
	for _, p := range v.hurt {
		if !slices.Contains(of, p.ID) {
			last = p
			down, others = down+one(p.Dead()), others+one(!p.Dead())
		}
	}
	if down+others == 1 {
		if last.Dead() || last.Slow || last.Bad() == 0 {
			return " Besides: " + text.Name(last.Name) + " " + isNow(last) + "."
		}
		return " Besides: " + text.Name(last.Name) + " fails " + short(last) + " in " + v.span(last.From) + "."
	}
	var parts []string
	if down > 0 {
		parts = append(parts, text.Count(down)+" down")
	}
	if others > 0 {
		parts = append(parts, text.Count(others)+" more hurt")
	}
	if len(parts) == 0 {
		return ""
	}
	return " Besides: " + strings.Join(parts, ", ") + "."
}

// quietSentence tells that hardly anything fails any more: "Quiet for 10 min on
// all 14 products: 1 of 1,349 tries failed, 3.9 % in the 2 h before.".
func (v view) quietSentence(n News) string {
	c := n.Step.After
	return "quiet for " + text.Span(v.Now.Truncate(impact.EffectUnit(v.Window)).Sub(n.Step.At)) + " on " + v.on(n.Of) + ": " + text.Count(c.Failures) + " of " + tries(c.Tries) + " failed, " +
		shareOf(n.Step.Before) + beforeQuiet(n.Step) + "." + v.alsoHurt(n.Of)
}

// beforeQuiet says of which time the share before a quiet is: an update a moment
// ago may have told a smaller one, that had some of the quiet in it.
func beforeQuiet(s incident.RateStep) string {
	if span := s.At.Sub(s.From); !s.From.IsZero() && span >= time.Minute {
		return strings.NewReplacer(" 1 h before", " hour before", " 1 min before", " minute before").Replace(" in the " + text.Span(span) + " before")
	}
	return " before"
}

// quietLine tells since when it is quiet, after what action, and how long the
// proof takes: "Since 10:31, 2 min after “restarted edge-lb-2” (Ben). Proof in about
// 40 min; I say so then, or at once if it returns.". Empty while it is not.
func (v view) quietLine(n News) string {
	if !n.Quiet || v.newsSentence(n) == "" || len(n.Answers) > 0 {
		return ""
	}
	s := "Since " + v.moment(n.Step.At) + v.afterMark(n.Step.At) + "."
	if n.mostFlap() {
		return s + " " + steadyLine(n.Flaps)
	}
	if d := v.proofIn(n.Of); d > 0 {
		in := "about " + text.Span(d)
		if d < time.Minute {
			in = "less than a minute"
		}
		s += " Proof in " + in + "; I say so then, or at once if it returns."
	}
	return s
}

// mostFlap reports whether what the step is of is for the most part what flaps.
func (n News) mostFlap() bool {
	k := 0
	for _, f := range n.Flaps {
		k += one(slices.Contains(n.Of, f.Product.ID))
	}
	return 2*k > len(n.Of)
}

// How long after an action a quiet is told with it, and by how much its begin,
// which is one of whole minutes, may lie before.
const (
	markedFor    = 15 * time.Minute
	markedBefore = 2 * time.Minute
)

// afterMark says how long after the last action an instant was, after a comma.
func (v view) afterMark(at time.Time) string {
	for _, m := range slices.Backward(v.inc.Marks) {
		d := at.Sub(m.At)
		if !m.Stands() || d < -markedBefore {
			continue
		}
		if d > markedFor {
			return ""
		}
		after := ", right after "
		if d >= time.Minute {
			after = ", " + text.Span(d.Truncate(time.Minute)) + " after "
		}
		return after + "“" + text.Escape(m.Text, maxTried) + "” (" + called(v.inc.Called(m.By)) + ")"
	}
	return ""
}

// on says of which products something is told: "all 14 products".
func (v view) on(of []string) string {
	if list := v.of(of); len(list) <= namedAtMost {
		return listing(list)
	}
	if v.alsoHurt(of) != "" {
		return text.Plural(len(of), "product")
	}
	return "all " + text.Plural(len(of), "product")
}

// proofIn returns about how long the proof of the last of some products takes, at
// the pace at which its results come, if nothing fails; 0 when that is not known.
func (v view) proofIn(ids []string) time.Duration {
	longest := time.Duration(0)
	for _, p := range v.of(ids) {
		left := 0
		switch {
		case p.Level.Hurt(): // both steps are ahead, and the second begins anew
			left = max(p.Needed-p.Clean, 0) + secondStep
		case p.Proof != nil:
			left = max(p.Proof.Needed-p.Proof.N, 0)
		}
		longest = max(longest, time.Duration(v.pace(p.Impact)*float64(left)))
	}
	switch {
	case longest < time.Minute:
		return longest
	case longest < 5*time.Minute:
		return longest.Round(time.Minute)
	}
	return longest.Round(5 * time.Minute)
}

// secondStep is about how many results without a failure the second step of a
// recovery takes where hardly anything fails as a rule: ln 100 / 0.95 % (impact).
const secondStep = 485

// answersSentence says which products answer again, how long they were down,
// and, if others are hurt, how it is with all.
func (v view) answersSentence(list []status.ProductStatus) string {
	var down impact.Down
	passed, failed, longest, dead := 0, 0, time.Duration(0), true
	for _, p := range list {
		a := p.Answers
		down.Tries, down.Failures, passed, failed = down.Tries+a.Down.Tries, down.Failures+a.Down.Failures, passed+a.Tries, failed+a.Failures
		longest, dead = max(longest, a.Lasted()), dead && a.Down.Dead()
	}
	n := len(list)
	who := names(list, nameOf)
	if n <= namedAtMost {
		who = listing(list)
	}
	s := who + " " + verb(n, "answers", "answer") + " again: " + passedSince(passed, failed) + ". " + verb(n, "It", "They")
	counts := text.Count(down.Failures) + " of " + text.Count(down.Tries)
	if dead {
		s += verb(n, " was down ", " were down up to ") + text.Span(longest) + ": " + counts + " failed."
	} else {
		s += " failed " + text.Percent(text.Share(down.Failures, down.Tries), down.Tries) + " of tries for " + verb(n, "", "up to ") + text.Span(longest) + " (" + counts + ")."
	}
	others := slices.DeleteFunc(slices.Clone(v.hurt), func(p status.ProductStatus) bool {
		return slices.ContainsFunc(list, func(q status.ProductStatus) bool { return p.ID == q.ID })
	})
	if len(others) == 0 {
		return s
	}
	return s + " " + text.Capital(v.headline()) + "."
}

// besideAnswers leaves what is hurt beside some products that answer again, which is not said
// to fail in the same breath; all where nothing else is.
func (v view) besideAnswers(list []status.ProductStatus) view {
	in := func(p status.ProductStatus) bool {
		return p.Bad() == 0 && slices.ContainsFunc(list, func(q status.ProductStatus) bool { return p.ID == q.ID })
	}
	var groups []status.Group
	for _, g := range v.groups {
		all := g.Products
		g.Products = slices.DeleteFunc(slices.Clone(all), in)
		for _, p := range all {
			if in(p) {
				g.Tries, g.Counts.Slow, g.Slower = g.Tries-p.Tries, g.Counts.Slow-p.Counts.Slow, g.Slower-p.Slower
			}
		}
		if len(g.Products) > 0 {
			groups = append(groups, g)
		}
	}
	if len(groups) > 0 {
		v.groups, v.hurt = groups, slices.DeleteFunc(slices.Clone(v.hurt), in)
	}
	return v
}

// stepped says in a timeline how the share that fails changed, and since when.
func (c clock) stepped(e incident.Event) string {
	switch {
	case e.Step == nil:
		return "the share that fails changed"
	case e.Kind == incident.Quiet:
		return "quiet since " + c.When(e.Step.At)
	case e.Step.Worse():
		return "worse since " + c.When(e.Step.At)
	default:
		return "better since " + c.When(e.Step.At)
	}
}
