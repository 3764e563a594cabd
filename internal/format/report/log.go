package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// marks are the actions tried, each with the last that was measured of it.
func (b *builder) marks() {
	for _, e := range b.events {
		switch e.Kind {
		case incident.Mark:
			b.r.Marks = append(b.r.Marks, &mark{No: len(b.r.Marks) + 1, number: e.Mark, at: doneAt(e), At: b.r.clock.at(doneAt(e)), Who: b.who(e.By), Text: said(e)})
		case incident.Corrected:
			if m := b.marked(e); m != nil {
				m.Text = said(e)
				if !e.Done.IsZero() {
					m.at, m.At = e.Done, b.r.clock.at(e.Done)
				}
			}
		case incident.Withdrawn:
			if m := b.marked(e); m != nil {
				m.Effect, m.Short = "withdrawn by who made it", "withdrawn"
			}
		case incident.Effect:
			if m := b.marked(e); m != nil {
				m.judged, m.helped = true, helped(e)
				m.Effect, m.Short = effectTold(e), effectShort(e)
			}
		}
	}
}

// doneAt is when what a mark says was done.
func doneAt(e incident.Event) time.Time {
	if e.Done.IsZero() {
		return e.At
	}
	return e.Done
}

// marked finds the mark that an effect is of.
func (b *builder) marked(e incident.Event) *mark {
	for _, m := range b.r.Marks {
		if m.number == e.Mark {
			return m
		}
	}
	return nil
}

func helped(e incident.Event) bool { return text.Overall(e.Verdicts).Verdict == string(impact.Helped) }

// effectTold says a verdict with its figures, as plain text.
func effectTold(e incident.Event) string {
	v := text.Overall(e.Verdicts)
	return strings.ReplaceAll(text.Verdict(v)+" ("+text.Comparison(v)+")", "&gt;", ">")
}

// said is what a person wrote.
func said(e incident.Event) string { return clean(cmp.Or(e.Text, e.Title, e.Why), 300) }

// effectShort says a verdict with its shares: "no discernible effect, 6.9 -> 6.6 %".
func effectShort(e incident.Event) string {
	v := text.Overall(e.Verdicts)
	if v.Before.Tries == 0 || v.After.Tries == 0 {
		return text.Verdict(v)
	}
	return text.Verdict(v) + ", " + strings.ReplaceAll(text.Change(v), "&gt;", ">")
}

// causes are the likely causes, each from when it was first told until another
// was. The counts behind one change with every update: they do not make it
// another. That none is told any more at the end is how an incident ends.
func (b *builder) causes() {
	var last string
	var none time.Time // since when no cause was told; zero: one is
	for _, e := range b.events {
		if e.Kind != incident.Update {
			continue
		}
		who := blamed(e.Cause)
		switch {
		case who == "":
			if none.IsZero() && b.cause != "" {
				none = e.At
			}
			continue
		case who == last && none.IsZero():
			continue
		case !none.IsZero():
			b.r.Causes = append(b.r.Causes, entry{At: b.r.clock.at(none), What: "no likely cause"})
			none = time.Time{}
		}
		b.r.Causes = append(b.r.Causes, entry{At: b.r.clock.at(e.At), What: b.componentsIn(clean(e.Cause, 400))})
		if who != last {
			b.cause, b.blamedAt = b.componentsIn(who), e.At
			b.changes++
		}
		last = who
	}
}

// componentsIn calls the components of a told cause as the messages do: by their
// names. The log has their ids.
func (b *builder) componentsIn(told string) string {
	words := strings.Split(told, " ")
	for i, w := range words {
		id := strings.TrimRight(w, ".,:;")
		for _, c := range b.facts.Definition.Components {
			if c.ID == id && c.Name != "" {
				words[i] = clean(c.Name, 80) + w[len(id):]
			}
		}
	}
	return strings.Join(words, " ")
}

// blamed is who a told cause names: "edge-lb-2" of "Most likely shared cause:
// edge-lb-2. 41 of the 43 failing checks use it".
func blamed(told string) string {
	s := clean(told, 400)
	for _, begins := range []string{"Most likely ", "Likely "} {
		s = strings.TrimPrefix(s, begins)
	}
	for _, begins := range []string{"shared cause: ", "cause: "} {
		s = strings.TrimPrefix(s, begins)
	}
	s, _, _ = strings.Cut(s, ". ")
	s, _, _ = strings.Cut(s, ": ")
	return strings.TrimSuffix(s, ".")
}

// updates tells every update, in one line each.
func (b *builder) updates() {
	for _, e := range b.events {
		if e.Kind != incident.Update {
			continue
		}
		how := "post"
		if e.Replies() {
			how = "reply"
		} else if e.Post != e.N {
			how = "edit of " + text.Count(e.Post)
		}
		b.r.Updates = append(b.r.Updates, update{N: e.N, At: b.r.clock.at(e.At), How: how, Line: b.updateLine(e)})
	}
}

func (b *builder) updateLine(e incident.Event) string {
	n, down := map[impact.Level]int{}, 0
	var worst incident.Figure
	for _, f := range e.Figures {
		l := impact.Level(f.Level)
		n[l]++
		if l == impact.Outage && text.Dead(&incident.Counts{Failures: f.Failures, Tries: f.Tries}) {
			down++
		}
		if l.Hurt() && (worst.Product == "" || l.Severity() > impact.Level(worst.Level).Severity() ||
			l == impact.Level(worst.Level) && badOf(f).Share() > badOf(worst).Share()) {
			worst = f
		}
	}
	line := fmt.Sprintf("%s of %s degraded, %s down", text.Count(n[impact.Degraded]), text.Plural(len(e.Figures), "product"), text.Count(down))
	if mostly := n[impact.Outage] - down; mostly > 0 {
		line += ", " + text.Count(mostly) + " mostly failing"
	}
	if n[impact.Degraded]+n[impact.Outage] == 0 {
		line = text.Plural(n[impact.OK], "product") + " as usual"
	}
	if n[impact.Unknown] > 0 {
		line += ", " + text.Count(n[impact.Unknown]) + " not measured"
	}
	if worst.Product != "" {
		line += "; worst " + b.product(worst.Product).Name + " " + figureTold(worst)
	}
	if late := e.At.Sub(e.Due); !e.Due.IsZero() && late > 30*time.Second {
		line += "; " + text.Span(late) + " late"
	}
	return line
}

// badOf are the tries of what was told of a product that were its trouble.
func badOf(f incident.Figure) incident.Counts {
	if f.Slow > 0 {
		return incident.Counts{Failures: f.Slow, Tries: f.Tries}
	}
	return incident.Counts{Failures: f.Failures, Tries: f.Tries}
}

// figureTold is what an update told of a product that is hurt.
func figureTold(f incident.Figure) string {
	c := badOf(f)
	if f.Slow > 0 {
		return failedOf(c.Failures, c.Tries) + " slow"
	}
	return failedOf(c.Failures, c.Tries)
}

// timeline tells every other event.
func (b *builder) timeline() {
	troubles := text.Troubles{}
	for _, e := range b.events {
		if e.Kind == incident.Level {
			e = troubles.Read(e)
		}
		what := b.eventTold(e)
		if what == "" {
			continue
		}
		b.r.Timeline = append(b.r.Timeline, entry{At: b.r.clock.at(e.At), Who: b.who(e.By), What: what})
	}
}

func because(s, why string) string {
	if why = clean(why, 300); why != "" {
		s += ": " + why
	}
	return s
}

func (b *builder) eventTold(e incident.Event) string {
	switch e.Kind {
	case incident.Update:
		if e.Post == e.N {
			return "update " + text.Count(e.N) + " posted: " + b.updateLine(e)
		}
		return "" // an edit; the list of updates has it
	case incident.Entered:
		return "" // what it tells has a line
	case incident.Redrawn:
		return "update " + text.Count(e.N) + " told as of then, a crash had kept it back: " + b.updateLine(e)
	case incident.Opened:
		if e.By == "" {
			return because("detected", e.Why)
		}
		return because("started", e.Title)
	case incident.Reopened:
		return because("opened again", e.Why)
	case incident.Resolved:
		return because("updates ended", e.Why)
	case incident.Proving:
		return "no product fails at the incident's rate any more; not proven yet: " + b.namesOf(e.Products)
	case incident.Relapsed:
		return because(b.returned(e), e.Why)
	case incident.Proven:
		return because("recovery proven", e.Why)
	case incident.Flapping:
		return because(b.product(e.Product).Name+" flaps", e.Why)
	case incident.Steady:
		return because(b.product(e.Product).Name+" flaps no more", e.Why)
	case incident.Rate:
		return because("the share that fails changed", e.Why)
	case incident.Quiet:
		return because("quiet", e.Why)
	case incident.Cadence:
		return "updates " + incident.Paced(e.Every)
	case incident.Level:
		s := b.product(e.Product).Name + " " + text.Told(impact.Level(e.To), e.Failed, e.Slow) + " (was " + text.Told(impact.Level(e.From), e.Failed, e.WasSlow) + ")"
		if impact.Level(e.To).Hurt() && !e.Onset.IsZero() {
			s += " since " + b.r.clock.at(e.Onset)
		}
		if began := b.inc.BeganOf(e); !began.IsZero() {
			s += "; it had begun " + b.r.clock.at(began)
		}
		return because(s, e.Why)
	case incident.Effect:
		return because("effect", effectTold(e))
	default:
		return b.doneByPeople(e)
	}
}

// doneByPeople tells what somebody did.
func (b *builder) doneByPeople(e incident.Event) string {
	switch e.Kind {
	case incident.Mark:
		if e.Outside() {
			return because("changed", said(e))
		}
		return because("tried", said(e))
	case incident.Corrected:
		return because("corrected what was tried", said(e))
	case incident.Withdrawn:
		return because("withdrawn, was not tried", said(e))
	case incident.Note:
		return because("note", said(e))
	case incident.Reminded:
		return "reminded who began it to write down what is done"
	case incident.Linked:
		return because("link "+said(e), clean(e.URL, 300))
	case incident.Unlinked:
		return "link " + said(e) + " taken away"
	case incident.Labelled:
		if e.Text == "" {
			return "severity taken back"
		}
		return "severity " + said(e)
	case incident.Acked:
		return because("acknowledged "+b.named(e), said(e))
	case incident.Unacked:
		return because("withdrew the acknowledgement of "+b.named(e), said(e))
	case incident.Accepted:
		return "accepted the check " + clean(e.Check, 60) + " of " + b.named(e)
	case incident.Declined:
		return "declined the check " + clean(e.Check, 60) + " of " + b.named(e)
	case incident.Removed:
		return "removed the check " + clean(e.Check, 60) + " of " + b.named(e)
	case incident.Mute:
		if e.Begins.After(e.At) {
			return because("planned maintenance of "+b.named(e), said(e))
		}
		return because("muted "+b.named(e), said(e))
	default:
		return because(clean(strings.TrimSpace(string(e.Kind)+" "+b.named(e)), 100), said(e))
	}
}

func (b *builder) named(e incident.Event) string {
	if e.Product == "" {
		return b.namesOf(e.Products)
	}
	return b.product(e.Product).Name
}

func (b *builder) namesOf(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, b.product(id).Name)
	}
	return strings.Join(out, ", ")
}

// returned says whether what came after nothing was hurt was the same again.
func (b *builder) returned(e incident.Event) string {
	if b.inc.AnotherAt(e) {
		return "another trouble"
	}
	return "failing again"
}
