package report

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// levels makes the times at which each product was not as usual. They begin at
// the onset and end with the last failure, not when that was noticed; and all of
// them end with the updates.
func (b *builder) levels() {
	troubles := text.Troubles{}
	l := stays{b, map[string]*stay{}, map[string]stay{}}
	for _, e := range b.events {
		switch e.Kind {
		case incident.Level:
			l.changed(troubles.Read(e))
		case incident.Resolved:
			for _, p := range b.products {
				l.shut(p.ID, e.At, false)
			}
		case incident.Reopened:
			for _, p := range b.products {
				if n := len(p.stays); n > 0 && !p.stays[n-1].ended {
					l.open[p.ID] = &stay{level: p.stays[n-1].level, from: e.At, failed: p.stays[n-1].failed, slow: p.stays[n-1].slow}
				}
			}
		}
	}
	for _, p := range b.products {
		l.shut(p.ID, b.r.to, false)
		for _, s := range p.stays {
			d := s.to.Sub(s.from)
			switch {
			case s.down():
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
	over := e.Over()
	if s := l.open[e.Product]; s != nil && to == impact.Outage && e.Onset.After(s.from) && e.Onset.Before(over) {
		from, over = e.Onset, e.Onset // it was down before that was certain
	}
	if to != impact.OK && e.Over().Before(from) {
		from = e.Over() // what is left of it goes on from its end
	}
	if s := l.open[e.Product]; s != nil && s.level == impact.Outage {
		s.failed = e.Failed
	}
	if from := l.earlier(e); !from.IsZero() {
		l.began(from)
	}
	l.shut(e.Product, over, true)
	if to.Hurt() {
		l.began(from)
		if l.detected.IsZero() {
			l.detected = e.At
		}
	}
	if e.Slow {
		l.product(e.Product).on = true
	}
	if to != impact.OK {
		l.open[e.Product] = &stay{level: to, from: from, failed: e.Failed, slow: e.Slow}
	}
}

// began notes that a product was hurt from an instant on.
func (l *stays) began(at time.Time) {
	if l.onset.IsZero() || at.Before(l.onset) {
		l.onset = at
	}
}

// earlier draws the first stay of a trouble that is over back to when it began by its whole
// course, which it returns; zero where that is not before what was told.
func (l *stays) earlier(e incident.Event) time.Time {
	first := l.open[e.Product]
	if e.Began = l.inc.BeganOf(e); first == nil || e.Began.IsZero() {
		return time.Time{}
	}
	before := l.product(e.Product).stays
	for len(before) > 0 && before[len(before)-1].level.Hurt() && before[len(before)-1].to.Equal(first.from) {
		first, before = &before[len(before)-1], before[:len(before)-1]
	}
	var over time.Time
	if len(before) > 0 {
		over = before[len(before)-1].to
	}
	from := e.HurtSince(first.from, over)
	if !from.Before(first.from) {
		return time.Time{}
	}
	first.from = from
	return from
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
	if n := len(p.stays); n == 0 || !own || s.to.After(s.from) { // what ended with the outage before it is no stay
		p.stays = append(p.stays, *s)
	}
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
			if at.From.IsZero() {
				at.From = b.inc.OpenedAt
				if !b.onset.IsZero() && b.onset.Before(at.From) {
					at.From = b.onset
				}
			}
			p.told(f, at)
			if at.Tries <= 0 || at.Failures < 0 || at.Failures > at.Tries {
				continue
			}
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

// count adds up what was counted while a product was hurt. A stretch belongs to
// that time when its middle does: it ends with an update, not with the impact.
func (b *builder) count() {
	told := b.harmed()
	for _, p := range b.products {
		if f, ok := told[p.ID]; ok {
			p.Tries, p.Failures, p.slow = f.NewTries, f.NewFailures, f.NewSlow
		}
		for _, x := range p.points {
			if told != nil {
				break // it is counted to the minute, as the last update told it
			}
			if b.sampled || p.hurtAt(x.From.Add(x.To.Sub(x.From)/2)) {
				p.Tries, p.Failures = p.Tries+x.Tries, p.Failures+x.Failures
			}
		}
		for _, x := range p.slowness.points {
			if told == nil && p.hurtAt(x.From.Add(x.To.Sub(x.From)/2)) {
				p.slow += x.Failures
			}
		}
		p.Worst = worstOf(p)
	}
}

// harmed is what each product that was hurt gave meanwhile, as it was counted when
// the incident ended; nil where it was not.
func (b *builder) harmed() map[string]incident.Figure {
	if b.inc.Open() || b.inc.Harmed.Tries == 0 {
		return nil
	}
	for _, e := range slices.Backward(b.events) {
		if e.Kind == incident.Resolved && len(e.Figures) > 0 {
			out := map[string]incident.Figure{}
			for _, f := range e.Figures {
				out[f.Product] = f
			}
			return out
		}
	}
	return nil // unreachable: Harmed is of such an event
}

// worstOf is the share of a product's worst ten minutes. Of a shorter trouble it is the
// share of all of it: the stretches around that are no part of it.
func worstOf(p *product) string {
	w, all := worst(p.points, 10*time.Minute), text.Share(p.Failures, p.Tries)
	switch {
	case p.Tries == 0:
		return ""
	case p.Failures == 0 && p.slowShare() != "":
		c, most := p.slowOf(), worst(p.slowness.points, 10*time.Minute)
		if most.Share() > c.Share() {
			c = incident.Counts{Failures: most.Failures, Tries: most.Tries}
		}
		return text.Percent(c.Share(), c.Tries) + " slow"
	case w.Share() < all, w.Tries == 0: // nothing failed in any
		return text.Percent(all, p.Tries)
	}
	return text.Percent(w.Share(), w.Tries)
}

func (p *product) hurtAt(at time.Time) bool {
	return slices.ContainsFunc(p.stays, func(s stay) bool { return s.level.Hurt() && !at.Before(s.from) && at.Before(s.to) })
}

// worst is the stretch of at least so long with the largest share: of points
// that follow each other, which are in order of time. Where fewer were counted, all of them.
func worst(points []picture.Point, length time.Duration) picture.Point {
	var most, run picture.Point
	first := 0
	for i, x := range points {
		if i > first && gap(points[i-1], x) { // nothing goes over it
			first, run = i, picture.Point{}
		}
		run.Tries, run.Failures = run.Tries+x.Tries, run.Failures+x.Failures
		for first < i && x.To.Sub(points[first+1].From) >= length {
			run.Tries, run.Failures = run.Tries-points[first].Tries, run.Failures-points[first].Failures
			first++
		}
		run.From, run.To = points[first].From, x.To
		if whole := run.To.Sub(run.From) >= length; (whole || most.Tries == 0 || most.To.Sub(most.From) < length) && run.Share() > most.Share() ||
			whole && most.To.Sub(most.From) < length {
			most = run
		}
	}
	return most
}

// gap reports whether two points that follow each other are of two stretches.
func gap(before, x picture.Point) bool { return x.From.Sub(before.To) > time.Minute }

// runs are the stretches without a gap, each as one point.
func runs(points []picture.Point) (out []picture.Point) {
	for i, x := range points {
		if i == 0 || gap(points[i-1], x) {
			out = append(out, picture.Point{From: x.From})
		}
		run := &out[len(out)-1]
		run.To, run.Tries, run.Failures = x.To, run.Tries+x.Tries, run.Failures+x.Failures
	}
	return out
}

// sums adds the products that were hurt up, stretch by stretch.
func (b *builder) sums() {
	b.r.sum = summed(b.r.Products, func(p *product) []picture.Point { return p.points })
}

// summed adds what some products gave up, stretch by stretch.
func summed(list []*product, of func(*product) []picture.Point) (sum []picture.Point) {
	type span struct{ from, to time.Time }
	at := map[span]int{}
	for _, p := range list {
		for _, x := range of(p) {
			k := span{x.From, x.To}
			i, ok := at[k]
			if !ok {
				i = len(sum)
				at[k] = i
				sum = append(sum, picture.Point{From: x.From, To: x.To})
			}
			sum[i].Tries += x.Tries
			sum[i].Failures += x.Failures
		}
	}
	slices.SortStableFunc(sum, func(x, y picture.Point) int { return x.To.Compare(y.To) })
	return sum
}
