package incident

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// DeskID is the subject of events that belong to no incident: who watches
// what, and what is muted.
const DeskID = "desk"

// Limits of what is kept on the desk.
const (
	MinMute     = time.Minute
	MaxMute     = 7 * 24 * time.Hour
	mostWatches = 100            // of one person
	keepMutes   = 24 * time.Hour // after their end
)

// Desk is the fold of the events that belong to no incident.
type Desk struct {
	Watches map[string][]string // :: Slack user id -> ids of the products that they watch, as they asked; never changed in place
	Levels  map[string]string   // :: product id -> level that its watchers were last told; never changed in place
	Told    map[string]int      // :: product id -> how often its watchers were told; never changed in place
	Mutes   []Muting            // in the order of their beginning; never changed in place
	LastSeq uint64
	last    *entry // its log, newest first
}

// Muting is one announced maintenance.
type Muting struct {
	Product string // id
	Check   string // id, when only that check is meant
	From    time.Time
	Until   time.Time // when it ends or ended
	By      string    // Slack user id
	Name    string    // what they are called; empty when it is not known
	Why     string
	Channel string // where it was said
	EndedBy string // who ended it before its time
}

// On reports whether the maintenance goes on at an instant.
func (m Muting) On(at time.Time) bool { return !at.Before(m.From) && at.Before(m.Until) }

// FoldDesk returns the desk after one more event. Events that it has already
// seen and events of unknown kinds change nothing else.
func FoldDesk(d Desk, e Event) Desk {
	if e.Seq != 0 && e.Seq <= d.LastSeq {
		return d
	}
	d.LastSeq = max(d.LastSeq, e.Seq)
	switch e.Kind {
	case Watch:
		if list := d.Watches[e.By]; !slices.Contains(list, e.Product) {
			d.Watches = with(d.Watches, e.By, append(slices.Clip(list), e.Product))
		}
		if e.To != "" { // the level as it was when the first person asked
			d.Levels = with(d.Levels, e.Product, e.To)
		}
	case Unwatch:
		var left []string
		if e.Product != "" {
			left = slices.DeleteFunc(slices.Clone(d.Watches[e.By]), func(p string) bool { return p == e.Product })
		}
		d.Watches = with(d.Watches, e.By, left)
		if len(left) == 0 {
			delete(d.Watches, e.By)
		}
		for product := range d.Levels {
			if len(d.WatchersOf(product)) == 0 {
				d.Levels = maps.Clone(d.Levels)
				delete(d.Levels, product)
			}
		}
	case Watched:
		d.Levels = with(d.Levels, e.Product, e.To)
		d.Told = with(d.Told, e.Product, d.Told[e.Product]+1)
	case Mute:
		mutes := slices.DeleteFunc(slices.Clone(d.Mutes), func(m Muting) bool { return e.At.Sub(m.Until) > keepMutes })
		for n, m := range mutes {
			if m.On(e.At) && m.Product == e.Product && m.Check == e.Check {
				mutes[n].Until = e.At // the new one takes its place
			}
		}
		mutes = append(mutes, Muting{Product: e.Product, Check: e.Check, From: e.At, Until: e.Until, By: e.By, Name: e.Name, Why: e.Why, Channel: e.Channel})
		d.Mutes = mutes
		d.last = &entry{before: d.last, event: e}
	case Unmute:
		d.Mutes = slices.Clone(d.Mutes)
		for n, m := range d.Mutes {
			if m.On(e.At) && m.Product == e.Product && m.Check == e.Check {
				d.Mutes[n].Until, d.Mutes[n].EndedBy = e.At, e.By
			}
		}
		d.last = &entry{before: d.last, event: e}
	}
	return d
}

// with returns the map with one more value, the old one unchanged.
func with[V any](m map[string]V, key string, v V) map[string]V {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]V{}
	}
	out[key] = v
	return out
}

// WatchersOf returns who watches a product, sorted.
func (d Desk) WatchersOf(product string) []string {
	var out []string
	for user, list := range d.Watches {
		if slices.Contains(list, product) {
			out = append(out, user)
		}
	}
	slices.Sort(out)
	return out
}

// MutesAt returns the maintenances that go on at an instant.
func (d Desk) MutesAt(at time.Time) []Muting {
	var out []Muting
	for _, m := range d.Mutes {
		if m.On(at) {
			out = append(out, m)
		}
	}
	return out
}

// Timeline returns what was muted, and until when, from a channel in a span of
// time: events Mute and Unmute, and an Unmute by nobody where one ended by
// itself. Oldest first.
func (d Desk) Timeline(channel string, from, to time.Time) []Event {
	var said, ended []Event // ended: by themselves
	add := func(list *[]Event, e Event) {
		if !e.At.Before(from) && !e.At.After(to) {
			*list = append(*list, e)
		}
	}
	for en := d.last; en != nil; en = en.before {
		e := en.event
		if e.Channel != channel {
			continue
		}
		add(&said, e)
		if e.Kind == Mute && !d.cutShort(e) {
			add(&ended, Event{Incident: DeskID, Kind: Unmute, At: e.Until, Product: e.Product, Check: e.Check, Channel: channel})
		}
	}
	slices.Reverse(said)
	slices.SortFunc(ended, func(x, y Event) int { return x.At.Compare(y.At) })
	return Merge(said, ended)
}

// cutShort reports whether another mute or an unmute of the same came before a
// mute's end.
func (d Desk) cutShort(mute Event) bool {
	for en := d.last; en != nil && en.event.Seq > mute.Seq; en = en.before {
		if e := en.event; e.Product == mute.Product && e.Check == mute.Check && e.At.Before(mute.Until) {
			return true
		}
	}
	return false
}

// DoWatch decides that somebody watches a product; level is the present one.
func (l Log) DoWatch(now time.Time, by, product, level string) (Event, error) {
	list := l.Desk.Watches[by]
	switch {
	case slices.Contains(list, product):
		return Event{}, &Refusal{Sentence: "You watch it already.", Next: "See what you watch with `watch`."}
	case len(list) >= mostWatches:
		return Event{}, &Refusal{Sentence: fmt.Sprintf("You watch %d products, and more is not kept.", len(list)), Next: "End one with `unwatch PRODUCT`."}
	}
	e := Event{Incident: DeskID, At: now, Kind: Watch, By: by, Product: product}
	if l.Desk.Levels[product] == "" {
		e.To = level
	}
	return e, nil
}

// DoUnwatch decides that somebody no longer watches a product, or any when
// product is empty.
func (l Log) DoUnwatch(now time.Time, by, product string) (Event, error) {
	list := l.Desk.Watches[by]
	if len(list) == 0 || product != "" && !slices.Contains(list, product) {
		return Event{}, &Refusal{Sentence: "You do not watch that.", Next: "See what you watch with `watch`."}
	}
	return Event{Incident: DeskID, At: now, Kind: Unwatch, By: by, Product: product}, nil
}

// ToMute is a maintenance that somebody asks for.
type ToMute struct {
	By, Channel string
	Product     string
	Check       string // empty when the whole product is meant
	For         time.Duration
	Why         string
}

// DoMute decides a maintenance.
func (l Log) DoMute(now time.Time, m ToMute) (Event, error) {
	switch {
	case m.For < MinMute || m.For > MaxMute:
		return Event{}, &Refusal{Sentence: "A mute ends by itself, after 1 min to 7 days.", Next: "For example: `mute PRODUCT for 2h moving the database`."}
	case m.Why == "":
		return Event{}, &Refusal{Sentence: "A mute says why: everybody sees it.", Next: "For example: `mute PRODUCT for 2h moving the database`."}
	}
	return Event{Incident: DeskID, At: now, Kind: Mute, By: m.By, Channel: m.Channel, Product: m.Product, Check: m.Check, Until: now.Add(m.For), Why: bounded(m.Why)}, nil
}

// DoUnmute decides the end of a maintenance before its time.
func (l Log) DoUnmute(now time.Time, by, channel, product, check string) (Event, error) {
	for _, m := range l.Desk.MutesAt(now) {
		if m.Product == product && m.Check == check {
			return Event{Incident: DeskID, At: now, Kind: Unmute, By: by, Channel: channel, Product: product, Check: check}, nil
		}
	}
	return Event{}, &Refusal{Sentence: "That is not muted.", Next: "See how it is without it: the summary names what is muted."}
}
