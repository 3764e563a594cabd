package incident

import (
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

// Timeline returns every event of the incident, oldest first; updates without
// their figures.
func (i Incident) Timeline() []Event {
	var out []Event
	for e := i.last; e != nil; e = e.before {
		out = append(out, e.event)
	}
	slices.Reverse(out)
	return out
}

// LevelsAt returns the levels that were written down up to an instant, by
// product id.
func (i Incident) LevelsAt(at time.Time) map[string]string {
	out := map[string]string{}
	for _, e := range i.Timeline() {
		if e.Kind == Level && !e.At.After(at) {
			out[e.Product] = e.To
		}
	}
	return out
}

// About reports whether the incident is about a product.
func (i Incident) About(product string) bool {
	return len(i.Products) == 0 || slices.Contains(i.Products, product)
}
