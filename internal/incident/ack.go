package incident

import (
	"slices"
	"time"
)

// Ack is that somebody looks into a product, until they say otherwise or it has
// recovered: what gets worse is still theirs, and so is what comes back within
// FlapApart; what fails later is not.
type Ack struct {
	By string    // Slack user id
	At time.Time // since when
}

// acked is who looks into what, after an event of kind Acked or Unacked.
func acked(acks map[string][]Ack, e Event) map[string][]Ack {
	of := e.Products
	if e.Product != "" {
		of = []string{e.Product}
	}
	for _, p := range of {
		list, by := acks[p], func(a Ack) bool { return a.By == e.By }
		switch {
		case e.Kind == Unacked:
			acks = with(acks, p, slices.DeleteFunc(slices.Clone(list), by))
		case !slices.ContainsFunc(list, by):
			acks = with(acks, p, append(slices.Clip(list), Ack{By: e.By, At: e.At}))
		}
	}
	return acks
}

// stillAcked is who looks into what after a change of level: nobody of before into
// what was as usual for FlapApart, and fails now.
func stillAcked(acks map[string][]Ack, turns []Event, e Event) map[string][]Ack {
	n := len(turns)
	if e.To == usual || n == 0 || turns[n-1].To != usual || e.At.Sub(turns[n-1].At) <= FlapApart || len(acks[e.Product]) == 0 {
		return acks
	}
	well := turns[n-1].At
	return with(acks, e.Product, slices.DeleteFunc(slices.Clone(acks[e.Product]), func(a Ack) bool { return a.At.Before(well) }))
}

// without is who looks into what after some products have recovered.
func without(acks map[string][]Ack, products []string) map[string][]Ack {
	for _, p := range products {
		if len(acks[p]) > 0 {
			acks = with(acks, p, nil)
		}
	}
	return acks
}

// LooksInto reports whether a person looks into a product, and since when.
func (i Incident) LooksInto(by, product string) (time.Time, bool) {
	for _, a := range i.Acks[product] {
		if a.By == by {
			return a.At, true
		}
	}
	return time.Time{}, false
}

// Ack decides that somebody looks into products; of those into which they look
// already nothing more is written.
func (l Log) Ack(now time.Time, by, channel string, products ...string) (Event, error) {
	inc, ok := l.In(channel)
	about := slices.DeleteFunc(slices.Clone(products), func(p string) bool { return !inc.About(p) })
	left := slices.DeleteFunc(slices.Clone(about), func(p string) bool {
		_, already := inc.LooksInto(by, p)
		return already
	})
	switch {
	case !ok:
		return Event{}, nothingToMark()
	case len(products) == 0:
		return Event{}, &Refusal{Sentence: "Nothing is hurt now, so there is nothing to look into.", Next: "Name a product all the same: `ack PRODUCT`."}
	case len(about) == 0:
		return Event{}, &Refusal{Sentence: "The incident of this channel is not about {}.", Next: "See what it is about with `timeline`.", Of: products}
	case len(left) == 0:
		return Event{}, &Refusal{Sentence: "It is written down already that you look into {}.", Next: "Say what you find with `note TEXT`, or hand it back with `unack`.", Of: about}
	}
	return ofProducts(Event{Incident: inc.ID, At: now, Kind: Acked, By: by}, left), nil
}

// Unack decides that somebody no longer looks into products: those that are
// named, or all.
func (l Log) Unack(now time.Time, by, channel string, products ...string) (Event, error) {
	inc, ok := l.In(channel)
	if !ok {
		return Event{}, nothingToMark()
	}
	var mine []string
	for p := range inc.Acks {
		if _, is := inc.LooksInto(by, p); is && (len(products) == 0 || slices.Contains(products, p)) {
			mine = append(mine, p)
		}
	}
	if len(mine) == 0 {
		r := &Refusal{Sentence: "It is not written down that you look into {}.", Next: "Who looks into what stands in the update and the `timeline`.", Of: products}
		if len(products) == 0 {
			r.Sentence = "It is not written down that you look into anything here."
		}
		return Event{}, r
	}
	slices.Sort(mine)
	return ofProducts(Event{Incident: inc.ID, At: now, Kind: Unacked, By: by}, mine), nil
}

// ofProducts is an event of one product, or of several.
func ofProducts(e Event, products []string) Event {
	if len(products) == 1 {
		e.Product = products[0]
		return e
	}
	e.Products = products
	return e
}
