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
	minMute     = time.Minute
	maxMute     = 7 * 24 * time.Hour
	mostWatches = 100            // of one person
	keepMutes   = 24 * time.Hour // after their end
	mostMutes   = 200            // that have ended
)

// Desk is the fold of the events that belong to no incident.
type Desk struct {
	Watches  map[string][]string // :: Slack user id -> ids of the products that they watch, as they asked; never changed in place
	Levels   map[string]string   // :: product id -> level that its watchers were last told; never changed in place
	Told     map[string]int      // :: product id -> how often its watchers were told; never changed in place
	Flaps    map[string]bool     // :: product id -> its watchers were told that it flaps, and not since that it is steady; never changed in place
	Mutes    []Muting            // in the order of their beginning; never changed in place
	Standing []Standing          // what people planned for each week; never changed in place
	Skips    []Skip              // times of what is planned that were taken back; never changed in place
	Blind    Blindness           // the last that there was
	Outside  []Event             // what other systems told lately, of kinds Changed and Told, oldest first; never changed in place
	LastSeq  uint64
	turns    map[string][]Event // :: product id that is watched -> its last changes of level, oldest first; never changed in place
	said     []Event            // of kinds Mute and Unmute, oldest first, as long as saying keeps them; never changed in place
	gone     time.Time          // up to when something of it is no longer at hand; zero: nothing
}

// Blindness is a time in which most of the control checks failed.
type Blindness struct {
	Seen  time.Time `json:"seen,omitzero"`  // up to when we saw for certain before it
	Since time.Time `json:"since,omitzero"` // zero when there was none
	Until time.Time `json:"until,omitzero"` // when it was certain that we see again; zero while it goes on
}

// On reports whether it goes on.
func (b Blindness) On() bool { return !b.Since.IsZero() && b.Until.IsZero() }

// Hides reports whether what began at that instant may have been ours.
func (b Blindness) Hides(onset time.Time) bool {
	return !b.Since.IsZero() && onset.After(b.Seen) && (b.Until.IsZero() || onset.Before(b.Until))
}

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
				d.Levels, d.Flaps, d.turns = but(d.Levels, product), but(d.Flaps, product), but(d.turns, product)
			}
		}
	case Watched:
		d.Levels, d.turns = with(d.Levels, e.Product, e.To), watchedTurns(d.turns, e)
		if !e.Swing {
			d.Told = with(d.Told, e.Product, d.Told[e.Product]+1)
		}
	case Flapping:
		d.Flaps, d.Told = with(d.Flaps, e.Product, true), with(d.Told, e.Product, d.Told[e.Product]+1)
	case Steady:
		d.Flaps, d.Told = but(d.Flaps, e.Product), with(d.Told, e.Product, d.Told[e.Product]+1)
	case Changed, Told:
		d = d.told(e)
	case Untold:
		d.Outside = slices.DeleteFunc(slices.Clone(d.Outside), func(o Event) bool { return o.Seq == e.Taken && o.By == e.By })
	case Blind:
		d.Blind = Blindness{Seen: e.Begins, Since: e.Onset}
	case Sees:
		d.Blind.Until = e.At
	case Mute:
		d.Mutes = muting(d.Mutes, e)
		d = d.saying(e)
	case Unmute:
		d.Mutes = unmuting(d.Mutes, e)
		d = d.saying(e)
	default:
		d = d.planned(e)
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

// but returns the map without a key, the old one unchanged.
func but[V any](m map[string]V, key string) map[string]V {
	if _, ok := m[key]; !ok {
		return m
	}
	out := maps.Clone(m)
	delete(out, key)
	return out
}

// FlapOf returns the spells of a watched product that follow each other closely,
// as Incident.FlapOf does.
func (d Desk) FlapOf(product string) (Flap, bool) { return flapOf(d.turns[product], nil, product) }

// watchedTurns is the last changes of level of each product that is watched after
// one more: those from which it may still be seen to flap.
func watchedTurns(turns map[string][]Event, e Event) map[string][]Event {
	e.Seq = 0 // in the stored form there is none
	if list := turns[e.Product]; len(list) > 0 && e.At.Sub(list[len(list)-1].At) > 2*FlapApart {
		return with(turns, e.Product, []Event{e})
	}
	return withTurn(turns, e)
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

// DoWatch decides that somebody watches a product; level is the present one.
func (l Log) DoWatch(now time.Time, by, product, level string) (Event, error) {
	list := l.Desk.Watches[by]
	switch {
	case slices.Contains(list, product):
		return Event{}, &Refusal{Sentence: "You watch {} already.", Next: "See what you watch with `watch`.", Of: ofOne(product, "")}
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
		if product == "" {
			return Event{}, &Refusal{Sentence: "You watch no product.", Next: "Watch one with `watch PRODUCT`."}
		}
		return Event{}, &Refusal{Sentence: "You do not watch {}.", Next: "See what you watch with `watch`.", Of: ofOne(product, "")}
	}
	return Event{Incident: DeskID, At: now, Kind: Unwatch, By: by, Product: product}, nil
}
