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

// proofs tell for each product that was hurt how it is known to be well.
func (b *builder) proofs() {
	for _, p := range b.r.Products {
		line := entry{Who: p.Name}
		s := p.stays[len(p.stays)-1]
		for _, e := range b.events {
			if e.Kind == incident.Level && e.Product == p.ID && impact.Level(e.To) == impact.OK {
				line.At, line.What = b.r.clock.at(e.At), because("as usual again", e.Why)
			}
		}
		if s.level != impact.OK && !s.ended {
			line.At, line.What = b.r.clock.at(s.to), "still "+s.word()+" when the updates ended"
			if b.inc.Open() {
				line.What = "still " + s.word()
			}
		}
		if f, ok := b.inc.Figure(p.ID); ok && f.Tries > 0 {
			line.What += "; the last update counted " + failedOf(f.Failures, f.Tries) + " failed"
			if f.Slow > 0 {
				line.What += ", " + failedOf(f.Slow, f.Tries) + " slow"
			}
		}
		b.r.Proofs = append(b.r.Proofs, line)
	}
	for _, e := range b.events {
		switch {
		case e.Kind == incident.Proven:
			b.r.Proofs = append(b.r.Proofs, entry{At: b.r.clock.at(e.At), Who: b.namesOf(e.Products), What: because("recovery proven", e.Why)})
		case e.Kind == incident.Resolved && len(e.Products) > 0:
			b.r.Proofs = append(b.r.Proofs, entry{At: b.r.clock.at(e.At), Who: b.namesOf(e.Products), What: "recovery not proven when the updates ended"})
		}
	}
}

// times are the instants that are asked for after an incident, and the lags
// between them.
func (b *builder) times() {
	add := func(what string, at time.Time, lag ...string) {
		b.r.Times = append(b.r.Times, moment{What: what, At: b.r.clock.at(at), Lag: strings.Join(text.NonEmpty(lag...), ", ")})
	}
	after := func(at, since time.Time, what string) string { // empty where it cannot be said
		if at.IsZero() || since.IsZero() || at.Before(since) {
			return ""
		}
		if at.Sub(since) < time.Second {
			return "at once"
		}
		return text.Span(at.Sub(since)) + " after " + what
	}
	detected := b.inc.OpenedAt
	how := "Detection"
	if !b.inc.Detected() {
		how = "Start by " + b.who(b.inc.OpenedBy)
	}
	add("Onset", b.onset)
	if !b.inc.Detected() && !b.detected.IsZero() && b.detected.After(detected) {
		add("First level seen", b.detected, after(b.detected, b.onset, "onset"))
	}
	add(how, detected, after(detected, b.onset, "onset"))
	t := b.turningPoints()
	add("First update", t.updated, after(t.updated, detected, text.Lower(how)), after(t.updated, b.onset, "onset"))
	if !t.acked.IsZero() {
		add("First acknowledged", t.acked, after(t.acked, detected, text.Lower(how)))
	}
	if !t.helped.IsZero() {
		add("Last action that helped", t.helped, after(t.helped, detected, text.Lower(how)), after(t.helped, b.onset, "onset"))
	}
	add("Mitigation", t.mitigated, after(t.mitigated, t.helped, "that action"), after(t.mitigated, detected, text.Lower(how)), after(t.mitigated, b.onset, "onset"))
	proven := after(t.recovered, t.mitigated, "mitigation")
	if t.recovered.Equal(t.mitigated) && !t.recovered.IsZero() {
		proven = "" // both steps at once
	}
	add("Recovery", t.recovered, proven, after(t.recovered, b.onset, "onset"))
	if b.inc.Open() {
		b.r.Times = append(b.r.Times, moment{What: "End of updates", At: "still open", Lag: "this report is as of " + b.r.clock.at(b.r.to)})
		return
	}
	add("End of updates", b.inc.EndedAt, after(b.inc.EndedAt, t.recovered, "recovery"), after(b.inc.EndedAt, b.onset, "onset"))
}

// turningPoints are what the times are about; zero where it did not happen.
type turningPoints struct {
	updated, acked time.Time // for the first time
	helped         time.Time // by the last action that did
	mitigated      time.Time
	recovered      time.Time
}

func (b *builder) turningPoints() (t turningPoints) {
	for _, e := range b.events {
		switch {
		case e.Kind == incident.Update && t.updated.IsZero():
			t.updated = e.At
		case e.Kind == incident.Acked && t.acked.IsZero():
			t.acked = e.At
		case e.Kind == incident.Level && impact.Level(e.To) == impact.OK && impact.Level(e.From).Hurt():
			t.mitigated, t.recovered = e.Over(), e.At // proven at once, if nothing below says otherwise
		case e.Kind == incident.Proving, e.Kind == incident.Resolved && len(e.Products) > 0:
			t.recovered = time.Time{}
		case e.Kind == incident.Proven:
			t.recovered = e.At
		}
	}
	for _, m := range b.r.Marks {
		if m.helped {
			t.helped = m.at
		}
	}
	for _, p := range b.r.Products {
		if s := p.stays[len(p.stays)-1]; s.level.Hurt() && !s.ended {
			t.mitigated, t.recovered = time.Time{}, time.Time{} // not of all of them
		}
	}
	return t
}

func (b *builder) sources() {
	of := map[string]int{}
	for _, c := range b.facts.Definition.Checks {
		p := b.product(c.Product)
		of[c.Product]++
		file := "not known"
		if c.Source.File != "" {
			file = clean(c.Source.File, 120)
			if c.Source.Line > 0 {
				file += ":" + fmt.Sprint(c.Source.Line)
			}
		}
		b.r.Sources = append(b.r.Sources, source{Product: p.Name, Owner: cmp.Or(p.Owner, "nobody named"), Check: clean(c.ID, 80),
			Kind: clean(c.Kind, 40), Every: incident.Every(c.Every), File: file})
	}
	for _, p := range b.facts.Definition.Products {
		if of[p.ID] == 0 {
			e := b.product(p.ID)
			b.r.Sources = append(b.r.Sources, source{Product: e.Name, Owner: cmp.Or(e.Owner, "nobody named"), Check: "no check", Kind: "", Every: "", File: ""})
		}
	}
}

func (b *builder) notes() {
	b.r.Notes = append(b.r.Notes,
		"All times are of "+b.r.Zone+". A product counts as hurt from the estimated onset until it no longer failed at the incident's rate or the updates ended. Mitigation is when the last product did so, recovery when that was proven for all.",
		"What could not be observed counts neither as passed nor as failed.")
	if b.sampled {
		b.r.Notes = append(b.r.Notes, "A part of the counts comes from windows that do not overlap: it leaves out what was between them.")
	} else {
		b.r.Notes = append(b.r.Notes, "Tries are counted by whole minutes, for each product while it was hurt; the charts show the whole incident.")
	}
	if len(b.facts.Definition.Products) == 0 {
		b.r.Notes = append(b.r.Notes, "No configuration was read: names, owners and files are not known.")
	}
	if missing := b.missing(); missing > 0 {
		b.r.Notes = append(b.r.Notes, text.Plural(missing, "product")+" of this incident are in the configuration no more.")
	}
}

// missing counts products that only the events know.
func (b *builder) missing() int {
	if len(b.facts.Definition.Products) == 0 {
		return 0
	}
	return len(b.products) - len(b.facts.Definition.Products)
}
