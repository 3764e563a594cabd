package report

import (
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// levels makes the times at which each product was not as usual. They begin at
// the onset, not when it was noticed, and end with the updates.
func (b *builder) levels() {
	l := stays{b, map[string]*stay{}, map[string]stay{}}
	for _, e := range b.events {
		switch e.Kind {
		case incident.Level:
			l.changed(e)
		case incident.Resolved:
			for _, p := range b.products {
				l.shut(p.ID, e.At, false)
			}
		case incident.Reopened:
			for _, p := range b.products {
				if n := len(p.stays); n > 0 && !p.stays[n-1].ended {
					l.open[p.ID] = &stay{level: p.stays[n-1].level, from: e.At, why: e.Why}
				}
			}
		}
	}
	for _, p := range b.products {
		l.shut(p.ID, b.r.to, false)
		for _, s := range p.stays {
			d := s.to.Sub(s.from)
			switch {
			case s.level == impact.Outage:
				p.Down += d
			case s.level.Hurt():
				p.Degraded += d
			case s.level == impact.Unknown:
				p.Blind += d
			}
		}
	}
}

// stays are made of the events, one after the other.
type stays struct {
	*builder
	open map[string]*stay // :: product id -> its stay under way
	last map[string]stay  // :: product id -> its last stay that ended
}

// changed begins and ends stays by a change of level.
func (l *stays) changed(e incident.Event) {
	l.product(e.Product)
	from, to := e.At, impact.Level(e.To)
	if to.Hurt() && l.open[e.Product] == nil && !e.Onset.IsZero() && e.Onset.Before(from) {
		from = e.Onset
	}
	if before := l.last[e.Product]; from.Before(before.to) {
		from = before.to
	}
	l.shut(e.Product, e.At, true)
	if to.Hurt() {
		if l.onset.IsZero() || from.Before(l.onset) {
			l.onset = from
		}
		if l.detected.IsZero() {
			l.detected = e.At
		}
	}
	if to != impact.OK {
		l.open[e.Product] = &stay{level: to, from: from, why: e.Why}
	}
}

// shut ends a product's stay; own says that it was by a level of its own.
func (l *stays) shut(id string, at time.Time, own bool) {
	s := l.open[id]
	if s == nil {
		return
	}
	s.to, s.ended = at, own
	if s.to.Before(s.from) {
		s.to = s.from
	}
	p := l.product(id)
	p.stays = append(p.stays, *s)
	l.last[id] = *s
	delete(l.open, id)
}

// figures adds up what the updates counted. Updates of an older version have
// windows only: of those, some are taken that do not overlap.
func (b *builder) figures() {
	window := b.facts.Definition.Window
	if window <= 0 {
		window = impact.DefaultWindow
	}
	var counted, taken time.Time
	for _, e := range b.events {
		if e.Kind != incident.Update {
			continue
		}
		for _, f := range e.Figures {
			p := b.product(f.Product)
			at := picture.Point{From: counted, To: e.Counted, Tries: f.NewTries, Failures: f.NewFailures}
			if e.Counted.IsZero() {
				if !taken.IsZero() && e.At.Sub(taken) < window {
					continue
				}
				b.sampled = true
				at = picture.Point{From: e.At.Add(-window), To: e.At, Tries: f.Tries, Failures: f.Failures}
			}
			if at.Tries <= 0 || at.Failures < 0 || at.Failures > at.Tries {
				continue
			}
			if at.From.IsZero() {
				at.From = b.inc.OpenedAt
				if !b.onset.IsZero() && b.onset.Before(at.From) {
					at.From = b.onset
				}
			}
			p.Tries += at.Tries
			p.Failures += at.Failures
			p.points = append(p.points, at)
		}
		switch {
		case !e.Counted.IsZero():
			counted = e.Counted
		case taken.IsZero() || e.At.Sub(taken) >= window:
			taken = e.At
			counted = e.At
		}
	}
}
