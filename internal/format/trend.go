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

// moved is what is otherwise than an update told it. Products that were or are
// unknown, or in maintenance, are in none of it.
type moved struct {
	down   int                    // that went down, less those that are no longer
	joined int                    // that are hurt and were not, but for what is down
	left   int                    // that were hurt and are not
	hurt   int                    // that were hurt
	sum    impact.Trend           // of the share, on all that were hurt and are in the same way
	worse  []status.ProductStatus // of these, one by one
	better []status.ProductStatus
	seen   bool // any of these was compared
	unseen int  // that are hurt or were, and on the other side are unknown or in maintenance
	// That the share of all that is hurt is more, or less, than it was of all that
	// was, be it by chance: as the first lines of both say it.
	more, less bool
}

// same reports whether nothing differs by more than chance.
func (m moved) same() bool {
	return m.seen && m.unseen == 0 && m.down == 0 && m.joined == 0 && m.left == 0 && m.sum == impact.Same && len(m.worse)+len(m.better) == 0
}

// trend compares with an earlier update: "Worse than 10 min ago.", "Spreading: 8
// more in 5 min.". Where it is the same it says for how long: "Same as an hour
// ago.". Empty without an update, and where "same" would say nothing or too much:
// all is well, or what was hurt cannot be seen.
func (v view) trend() string {
	if v.before.N == 0 || len(v.hurt) == 0 { // what hurts no more is said to be over, and is not "better"
		return ""
	}
	if v.another() && v.before.At.Before(v.inc.AgainAt()) { // that was of the first
		return ""
	}
	m := v.movedSince(v.before)
	if s := v.trendOf(m); m.down > 0 || !v.turnedFrom(s) { // that something went down is news whatever was said; that it answers again has words of its own
		return s
	}
	return ""
}

// turns are the beginnings of what is said of the whole; each is the opposite of the other.
var turns = map[string]string{"Worse than ": "Better than ", "Better than ": "Worse than "}

// turnedFrom reports whether the last update said the opposite a moment ago: the two look back
// at different windows, and read one after the other nobody believes either.
func (v view) turnedFrom(said string) bool {
	const moment = 6 * time.Minute
	for word, opposite := range turns {
		if !strings.HasPrefix(said, word) {
			continue
		}
		last := v.inc.ToldLast(v.Now)
		if last.N == 0 || v.Now.Sub(last.At) >= moment || v.changedSince(last.At) {
			return false
		}
		then := v.lookedAt(last)
		return then.before.N > 0 && strings.HasPrefix(then.trendOf(then.movedSince(then.before)), opposite)
	}
	return false
}

// lookedAt is what was seen as an update told it.
func (v view) lookedAt(told incident.Event) view {
	s := status.Snapshot{At: told.At, Window: v.Window, Timezone: v.Timezone}
	for _, f := range told.Figures {
		s.Products = append(s.Products, status.ProductStatus{Product: status.Product{ID: f.Product}, Impact: impact.Impact{Level: impact.Level(f.Level), Slow: f.Slow > 0,
			Counts: impact.Counts{Tries: f.Tries, Failures: f.Failures, Slower: f.Slow}}})
	}
	inc := v.inc
	inc.LastUpdate = inc.ComparedBy(told, v.Window)
	return look(s, inc, false)
}

// trendOf says how it moved.
func (v view) trendOf(m moved) string {
	ago := v.Ago(v.before.At)
	switch {
	case m.unseen > 0: // one of the sums has less in it than the other
		return ""
	case m.down != 0:
		return v.downTrend(m, ago)
	case m.joined > 0 && m.hurt == 0:
		return "Worse than " + ago + "."
	case m.joined > 0 && m.left > 0:
		return text.Plural(m.joined, "product") + " more and " + text.Count(m.left) + " fewer than " + ago + "."
	case m.joined > 0 && m.sum == impact.Worse && m.less:
		return "Spreading: " + text.Count(m.joined) + " more in " + text.Span(v.Now.Sub(v.before.At)) + ", and worse where it failed before."
	case m.joined > 0 && m.sum == impact.Worse:
		return "Worse than " + ago + ". Spreading: " + text.Count(m.joined) + " more."
	case m.joined > 0:
		return "Spreading: " + text.Count(m.joined) + " more in " + text.Span(v.Now.Sub(v.before.At)) + "."
	case m.left > 0 && m.sum == impact.Worse:
		return "Fewer than " + ago + ", and worse where it still fails."
	case m.left > 0 && m.more:
		return text.Plural(m.left, "product") + " fewer than " + ago + "."
	case m.left > 0:
		return "Better than " + ago + "."
	case m.sum != impact.Same && v.andBack(m.sum):
		return ""
	case m.sum == impact.Worse:
		return "Worse than " + ago + "."
	case m.sum == impact.Better:
		return "Better than " + ago + "."
	case len(m.worse)+len(m.better) > 0:
		return v.singleTrend(m, ago)
	}
	if len(v.hurt) == 0 || v.lost() > 0 || !m.same() || len(v.groups) == 0 || slices.ContainsFunc(v.groups, func(g status.Group) bool { return g.Bad() == 0 }) {
		return "" // beside what does not fail now "same" says the wrong thing
	}
	since := v.sameSince()
	span := v.Now.Sub(since)
	if span < leastSame || v.changedSince(since) || v.otherwiseBetween() {
		return ""
	}
	return "Same as " + text.Lately(span) + " ago."
}

// andBack reports whether the share moved the other way from the update before the one that is
// compared: it came and went meanwhile, and told of the one or the other the next update
// would say the opposite.
func (v view) andBack(trend impact.Trend) bool {
	told := v.inc.ToldBefore(v.before)
	if len(told) == 0 {
		return false
	}
	was := v.movedSince(told[0]).sum
	return was != impact.Same && was != trend
}

// changedSince reports whether something is told to have changed after an instant: the share
// by its test, or that most or all of a product fails.
func (v view) changedSince(at time.Time) bool {
	step, changed := v.inc.LastStep()
	return changed && step.Step.At.After(at) || slices.ContainsFunc(v.groups, func(g status.Group) bool { return (g.Down || g.Most) && g.Onset.After(at) })
}

// leastSame is from when on it is worth saying that nothing moved: who asks right
// after an update read "same as 0 s ago". Shorter spans have no whole minute to name.
const leastSame = time.Minute

// downTrend says how it moved where products went down, or are no longer. Nothing
// where the figures do not bear it: most of what fails came lately, and the window
// before had more.
func (v view) downTrend(m moved, ago string) string {
	s := "Better than " + ago + "."
	switch {
	case m.down > 0 && m.less && m.joined == 0 && !slices.ContainsFunc(v.hurt, status.ProductStatus.Dead), m.down < 0 && m.more:
		return ""
	case m.down > 0:
		s = "Worse than " + ago + "."
	}
	if m.joined > 0 && m.hurt > 0 {
		s += " Spreading: " + text.Count(m.joined) + " more."
	}
	return s
}

// singleTrend says which of several products moved where all together did not:
// "Worse on Mail than 10 min ago.".
func (v view) singleTrend(m moved, ago string) string {
	on := func(word string, list []status.ProductStatus) string {
		switch len(list) {
		case 0:
			return ""
		case 1:
			return word + " on " + nameOf(list[0])
		}
		return word + " on " + text.Count(len(list))
	}
	s := on("Worse", m.worse)
	switch better := on("better", m.better); {
	case s == "":
		s = text.Capital(better)
	case better != "":
		s += ", " + better + ","
	}
	return s + " than " + ago + "."
}

// sameSince is when the earliest update was told of those that, one after the
// other back in time, differ from now by no more than chance. One that had too
// few results to differ, or some of before the last change of the share that is
// known, is none of them.
func (v view) sameSince() time.Time {
	same := v.before.At
	step, changed := v.inc.LastStep()
	for _, e := range v.inc.ToldBefore(v.before) {
		was, now := v.hurtThen(figuresOf(e))
		if changed && e.At.Add(-v.Window).Before(step.Step.At) || 2*was.Tries < now.Tries || !v.movedSince(e).same() {
			break
		}
		same = e.At
	}
	return same
}

// otherwiseBetween reports whether an update after the one that is compared told it otherwise
// than it is now: behind that one nobody reads "same as 15 min ago" as it is meant.
func (v view) otherwiseBetween() bool {
	return slices.ContainsFunc(v.inc.ToldBetween(v.before, v.Now), func(e incident.Event) bool {
		m := v.movedSince(e)
		return m.seen && !m.same()
	})
}

// movedSince says what is otherwise than an update told it.
func (v view) movedSince(told incident.Event) moved {
	var m moved
	then := figuresOf(told)
	for _, p := range v.Products {
		was := then.level(p.ID)
		if !judged(was) || !judged(p.Level) {
			m.unseen += one(was.Hurt() || p.Level.Hurt())
			continue
		}
		down := one(p.Level == impact.Outage) - one(was == impact.Outage)
		m.down, m.hurt = m.down+down, m.hurt+one(was.Hurt())
		switch hurt := one(p.Level.Hurt()) - one(was.Hurt()); {
		case hurt > 0 && down <= 0:
			m.joined++
		case hurt < 0 && down == 0:
			m.left++
		}
		before, ok := then.alike(p)
		if !ok {
			continue
		}
		m.seen = true
		switch impact.Moved(before, troubled(p)) {
		case impact.Worse:
			m.worse = append(m.worse, p)
		case impact.Better:
			m.better = append(m.better, p)
		}
	}
	m.sum = impact.Moved(v.hurtThen(then))
	was, is := v.sums(then)
	m.more, m.less = was.Tries > 0 && is.Share() > was.Share(), is.Tries > 0 && is.Share() < was.Share()
	return m
}

// judged reports whether a level says how a product is.
func judged(l impact.Level) bool { return l != impact.Unknown && l != impact.Maintenance }

// hurtThen sums up the products that are hurt and were so in the same way when an
// update was told: as it had them, and as they are, with what has their trouble as
// failures.
func (v view) hurtThen(then figures) (before, now impact.Counts) {
	for _, p := range v.Products {
		if c, ok := then.alike(p); ok {
			is := troubled(p)
			before.Tries, before.Failures = before.Tries+c.Tries, before.Failures+c.Failures
			now.Tries, now.Failures = now.Tries+is.Tries, now.Failures+is.Failures
		}
	}
	return before, now
}

// sums are what an update told of all that was hurt then, and what is of all that
// is now.
func (v view) sums(then figures) (was, is impact.Counts) {
	for _, p := range v.Products {
		if x := then[p.ID]; then.level(p.ID).Hurt() {
			was.Tries, was.Failures = was.Tries+x.Tries, was.Failures+max(x.Failures, x.Slow)
		}
		if p.Level.Hurt() {
			is.Tries, is.Failures = is.Tries+p.Tries, is.Failures+p.Bad()
		}
	}
	return was, is
}

// troubled are a product's tries, with those that have its trouble as failures.
func troubled(p status.ProductStatus) impact.Counts {
	return impact.Counts{Tries: p.Tries, Failures: p.Bad()}
}

// figures are what an update told.
type figures map[string]incident.Figure // :: product id -> its figure

func figuresOf(told incident.Event) figures {
	f := make(figures, len(told.Figures))
	for _, x := range told.Figures {
		f[x.Product] = x
	}
	return f
}

// level is a product's: as usual where it was not known.
func (f figures) level(product string) impact.Level {
	if x, ok := f[product]; ok {
		return impact.Level(x.Level)
	}
	return impact.OK
}

// alike is what was told of a product that is hurt and was so then in the same
// way, with what had its trouble as failures; false of any other.
func (f figures) alike(p status.ProductStatus) (impact.Counts, bool) {
	x, ok := f[p.ID]
	if !ok || !p.Level.Hurt() || !impact.Level(x.Level).Hurt() || p.Impact.Slow != (x.Slow > 0) {
		return impact.Counts{}, false
	}
	if p.Impact.Slow {
		return impact.Counts{Tries: x.Tries, Failures: x.Slow}, true
	}
	return countsOf(x), true
}

// countsOf is what an update told of a product's window.
func countsOf(f incident.Figure) impact.Counts {
	return impact.Counts{Tries: f.Tries, Failures: f.Failures}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
