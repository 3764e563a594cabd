package incident

import (
	"maps"
	"slices"
	"time"
)

// entry is one event of a log that only grows: incidents are values, and those
// of different age share what they have in common.
type entry struct {
	before *entry
	event  Event
}

// told is what the timeline keeps of an event: an update's figures are
// thousands of bytes, and only the newest are looked at again.
func told(e Event) Event {
	e.Figures = nil
	return e
}

// Timeline returns every event of the incident that is at hand, oldest first;
// updates without their figures. See Reaches.
func (i Incident) Timeline() []Event {
	var out []Event
	for e := i.last; e != nil; e = e.before {
		out = append(out, e.event)
	}
	slices.Reverse(out)
	return out
}

// Since reports whether an event of one of some kinds came after an update or
// a mark, in the order of the log; at any time when it is none of the log.
func (i Incident) Since(e Event, kinds ...Kind) bool {
	for en := i.last; en != nil; en = en.before {
		switch at := en.event; {
		case at.Kind == e.Kind && at.N == e.N && at.Mark == e.Mark:
			return false
		case slices.Contains(kinds, at.Kind):
			return true
		}
	}
	return false
}

// Spell returns the events since it last failed again, oldest first, with those
// before that belong to the same step: they have its instant. All of them when
// it never did. Of a long log the level with the earliest onset is among them, and
// not each older one.
func (i Incident) Spell() []Event {
	var out []Event
	i.spell(func(e *entry) { out = append(out, e.event) })
	slices.Reverse(out)
	return out
}

// spell gives each of them, newest first.
func (i Incident) spell(each func(*entry)) {
	begun := false
	for en := i.last; en != nil; en = en.before {
		if begun && !en.event.At.Equal(i.again.At) {
			break
		}
		begun = begun || en.event.Kind == i.again.Kind
		each(en)
	}
}

// Merge puts two lists of events together, each of which is in order: by the
// journal's sequence, and by time where one was not written down.
func Merge(x, y []Event) []Event {
	out := make([]Event, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		first := x[0].At.Compare(y[0].At) <= 0
		if x[0].Seq != 0 && y[0].Seq != 0 {
			first = x[0].Seq < y[0].Seq
		}
		if first {
			out, x = append(out, x[0]), x[1:]
		} else {
			out, y = append(out, y[0]), y[1:]
		}
	}
	return append(append(out, x...), y...)
}

// LevelsAt returns the levels that were written down up to an instant, by
// product id. See Reaches.
func (i Incident) LevelsAt(at time.Time) map[string]string {
	out := map[string]string{}
	for _, e := range i.Timeline() {
		if e.Kind == Level && !e.At.After(at) {
			out[e.Product] = e.To
		}
	}
	return out
}

// harm is in which span of time products were hurt, as the levels that were
// written down say.
type harm struct {
	began time.Time            // the earliest that was told; zero before any was
	ended time.Time            // when the last one of those that are over was over
	goes  map[string]bool      // :: id of a product that was hurt -> it goes on; never changed in place
	told  map[string]time.Time // :: its id -> since when it was told to be hurt; likewise
	whole map[string]time.Time // :: its id -> since when it was by its whole course, where that is before; likewise
}

// earliest returns the earlier of two instants of which the second may be zero.
func earliest(x, y time.Time) time.Time {
	if y.IsZero() || x.Before(y) {
		return x
	}
	return y
}

// begins is when the harm began: as it was told, or before, where the whole course of every second product that was
// hurt says so. Each of these instants may be minutes early, and the earliest of forty is a quarter of an hour early.
func (h harm) begins() time.Time {
	all := maps.Clone(h.told)
	maps.Copy(all, h.whole)
	if len(all) == 0 {
		return h.began
	}
	sorted := slices.SortedFunc(maps.Values(all), time.Time.Compare)
	if half := sorted[(len(sorted)-1)/2]; half.Before(h.began) {
		return half
	}
	return h.began
}

// after is the harm after one more change of level.
func (h harm) after(e Event) harm {
	switch {
	case e.To == "degraded" || e.To == "outage":
		from := e.At
		if !e.Onset.IsZero() && e.Onset.Before(from) {
			from = e.Onset
		}
		if h.began.IsZero() || from.Before(h.began) {
			h.began = from
		}
		if told, ok := h.told[e.Product]; !ok || from.Before(told) {
			h.told = with(h.told, e.Product, from)
		}
		h.goes = with(h.goes, e.Product, true)
	case h.goes[e.Product]:
		h.goes = with(h.goes, e.Product, false)
		if known := earliest(h.told[e.Product], h.whole[e.Product]); !e.Began.IsZero() && e.Began.Before(known) {
			h.whole = with(h.whole, e.Product, e.Began)
		}
		if over := e.Over(); over.After(h.ended) {
			h.ended = over
		}
	}
	return h
}

// Impact returns from when to when any product was hurt, as the levels that were
// written down say, and how many were. Zero while one of them goes on, or when
// none was.
func (i Incident) Impact() (began, ended time.Time, products int) {
	for _, on := range i.harm.goes {
		if on {
			return time.Time{}, time.Time{}, 0
		}
	}
	return i.harm.begins(), i.harm.ended, len(i.harm.goes)
}

// Hurt returns the ids of the products that were hurt in an incident, in order.
func (i Incident) Hurt() []string { return slices.Sorted(maps.Keys(i.harm.goes)) }

// HurtBefore reports whether a product was hurt in the incident before an instant, as far
// as its last changes of level are at hand; where none is, or they begin in the middle since only a
// head was at hand, it is taken to have been.
func (i Incident) HurtBefore(product string, at time.Time) bool {
	turns := i.turns[product]
	return i.Folded || len(turns) == 0 || len(turns) == keepTurns || slices.ContainsFunc(turns, func(e Event) bool {
		return e.At.Before(at) && (e.To == "degraded" || e.To == "outage")
	})
}

// Another reports whether what came last after nothing was hurt was another trouble.
func (i Incident) Another() bool { return i.AnotherAt(i.again) }

// AnotherAt reports whether what a Relapsed says is hurt again was not hurt before it: another
// trouble than the first.
func (i Incident) AnotherAt(relapsed Event) bool {
	return relapsed.Kind == Relapsed && len(relapsed.Products) > 0 &&
		!slices.ContainsFunc(relapsed.Products, func(id string) bool { return i.HurtBefore(id, relapsed.At) })
}

// HurtSince returns when the first product was hurt in an incident, as far as is known; zero
// while none was.
func (i Incident) HurtSince() time.Time { return i.harm.begins() }

// BeganOf returns since when a product was hurt that no longer is, by its whole course, as the event of its
// recovery says it, but not before the incident's impact began; zero where that is not known or no news.
func (i Incident) BeganOf(e Event) time.Time {
	if e.Began.IsZero() {
		return e.Began
	}
	switch begins := i.harm.begins(); {
	case !e.Began.Before(begins):
		return e.Began
	case begins.Before(i.harm.told[e.Product]):
		return begins
	}
	return time.Time{}
}

// Harm is a stretch of time in which a product was hurt.
type Harm struct {
	Product  string
	From, To time.Time
}

// Harms are the stretches of Impact, each product's in order; false while one goes
// on, where none was, and where the levels of that time are not all at hand.
func (i Incident) Harms() ([]Harm, bool) {
	began, _, _ := i.Impact()
	if began.IsZero() || !i.Reaches(i.OpenedAt) {
		return nil, false
	}
	from, over := map[string]time.Time{}, map[string]time.Time{} // :: product id -> since when it is hurt; when it was last over
	var out []Harm
	for _, e := range i.Timeline() {
		if e.Kind != Level {
			continue
		}
		since, on := from[e.Product]
		switch hurt := e.To == "degraded" || e.To == "outage"; {
		case hurt && !on:
			at := e.At
			if !e.Onset.IsZero() && e.Onset.Before(at) {
				at = e.Onset
			}
			if at.Before(over[e.Product]) {
				at = over[e.Product]
			}
			from[e.Product] = at
		case on && !hurt:
			delete(from, e.Product)
			e.Began = i.BeganOf(e)
			since = e.HurtSince(since, over[e.Product])
			if over[e.Product] = e.Over(); e.Over().After(since) {
				out = append(out, Harm{e.Product, since, e.Over()})
			}
		}
	}
	return out, len(from) == 0 && len(out) > 0
}

// About reports whether the incident is about a product.
func (i Incident) About(product string) bool {
	return len(i.Products) == 0 || slices.Contains(i.Products, product)
}
