package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// Change is one product whose level differs from what was last said.
type Change struct {
	Product  ProductStatus
	From, To impact.Level
	Was      string // From as people read it
	Worse    bool
	Answers  bool // it was down, and answers
}

// Changes compares a snapshot with what an update told. A product that the
// update did not know is compared with "ok": a new product in trouble is a
// change, a healthy one is not.
func Changes(told []incident.Figure, next Snapshot) []Change {
	was := make(map[string]incident.Figure, len(told))
	for _, f := range told {
		was[f.Product] = f
	}
	var out []Change
	for _, p := range next.Products {
		figure, known := was[p.ID]
		from := impact.Level(figure.Level)
		if !known {
			from = impact.OK
		}
		if from == p.Level || (!known && p.Level == impact.Unknown) {
			continue
		}
		out = append(out, Change{Product: p, From: from, To: p.Level, Was: levelled(from, figure.Failures, figure.Tries), Worse: p.Level.Severity() > from.Severity() && p.Level.Hurt(),
			Answers: from == impact.Outage && p.Level.Hurt() && p.Answers != nil})
	}
	return out
}

// Delivery sums an incident's changes up for incident.Plan. Of what flaps each is
// one more turn, and no news; nor is that a few more are hurt by what hurts many.
func (s Snapshot) Delivery(changes []Change, inc incident.Incident) incident.Change {
	var c incident.Change
	var said []string
	joined := len(changes) > 0 && s.expected(changes, inc)
	if joined {
		c.Levels = incident.ManyJoined
	}
	for _, ch := range changes {
		if inc.OnlyFlaps([]string{ch.Product.ID}) && !inc.FirstDown(ch.Product.ID) {
			c.Swung = true
			continue
		}
		if !joined {
			c.Levels = max(c.Levels, ch.levels())
		}
		if ch.Answers {
			said = append(said, ch.Product.Name+" "+incident.AnswersAgain)
			continue
		}
		said = append(said, fmt.Sprintf("%s is %s (was %s)", ch.Product.Name, levelled(ch.To, ch.Product.Failures, ch.Product.Tries), ch.Was))
	}
	c.Reason = strings.Join(said, ", ")
	return c
}

// levels is how a change of one level presses.
func (ch Change) levels() incident.Levels {
	switch {
	case ch.Worse:
		return incident.OneWorse
	case ch.Answers:
		return incident.OneAnswers
	}
	return incident.LevelsMoved
}

// levelled is a level as people read it. Down is said where practically all tries
// failed.
func levelled(l impact.Level, failures, tries int) string {
	if l == impact.Outage && !(impact.Down{Failures: failures, Tries: tries}).Dead() {
		return "mostly failing"
	}
	return inWords(l)
}

// inWords is a level as people read it.
func inWords(l impact.Level) string {
	switch l {
	case impact.OK:
		return "as usual"
	case impact.Outage:
		return "down"
	case impact.Unknown:
		return "not measured"
	case impact.Maintenance:
		return "in maintenance"
	default:
		return string(l)
	}
}

// HurtSince returns the hurt products for which an incident is to be opened, after
// the one that ended last in a channel: what was already so then opens none.
//
// The end is stamped by the process in which somebody said it, and a level by the
// result that changed it: which came first, their clocks do not tell. A product
// that the log calls well at the end was not hurt then, whatever they say.
func (s Snapshot) HurtSince(ended incident.Incident) []ProductStatus {
	var out []ProductStatus
	for _, p := range s.Products {
		if p.Level.Hurt() && (p.Changed.After(ended.EndedAt) || endedWell(ended, p.ID)) && !knownTo(ended, p) {
			out = append(out, p)
		}
	}
	return out
}

// endedWell reports whether a product was as usual by what was last written down
// of it before an incident ended. Of what is folded, or was never looked at, that is
// not known.
func endedWell(ended incident.Incident, product string) bool {
	return !ended.Folded && ended.LastUpdate.N > 0 && (len(ended.Products) == 0 || slices.Contains(ended.Products, product)) &&
		cmp.Or(impact.Level(ended.Levels[product]), impact.OK) == impact.OK
}

// knownTo reports whether a product's trouble began before an incident's last word
// and is no worse than that told: who ended the updates of an outage is not to
// be told that it is now a mere degradation.
func knownTo(ended incident.Incident, p ProductStatus) bool {
	told, ok := ended.Figure(p.ID)
	return ok && !p.Onset.After(later(ended.EndedAt, ended.LastUpdate.At)) && p.Level.Severity() <= impact.Level(told.Level).Severity()
}

// Unproven returns the products that were hurt in an incident and of whose
// recovery only the first step is reached: they do not fail at the trouble's
// rate any more, and that they are near what is usual is not proven.
func (s Snapshot) Unproven(inc incident.Incident) []string {
	var out []string
	for _, p := range s.Products {
		if _, told := inc.Levels[p.ID]; p.Awaited() && (told || p.Proof.Recovered.After(inc.OpenedAt)) {
			out = append(out, p.ID)
		}
	}
	return out
}

// Proven reports whether the proof that was missing at an incident's end is
// there: for every product that ended without it. False when none did, or while
// one of them is in trouble again or not seen.
func (s Snapshot) Proven(inc incident.Incident) bool {
	return len(inc.Unproven) > 0 && len(s.proven(inc)) == len(inc.Unproven)
}

// Awaited reports whether a product's recovery is not proven yet. One that is
// not seen meanwhile has not recovered by that.
func (p ProductStatus) Awaited() bool {
	return (p.Level == impact.OK || p.Level == impact.Unknown) && p.Proof != nil && !p.Proof.Accepted && p.Proof.Proven.IsZero()
}

// Proving is told of a product in place of its level, to who watches it, while its
// recovery is not proven.
const Proving = "proving"

// Told is what who watches a product is told: its level, or Proving.
func (p ProductStatus) Told() string {
	if p.Level == impact.OK && p.Awaited() {
		return Proving
	}
	return string(p.Level)
}

// AllWell reports whether no product is hurt and at least one was measured. A
// product that was hurt when it was last measured is not well.
func (s Snapshot) AllWell() bool {
	measured := false
	for _, p := range s.Products {
		if p.Level.Hurt() || (p.Level == impact.Unknown && !p.Onset.IsZero()) {
			return false
		}
		measured = measured || p.Level == impact.OK
	}
	return measured
}
