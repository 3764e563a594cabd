package incident

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// storedVersion is that of a Book's stored form and of how events are folded
// into heads and the desk. It grows with every change of either: what an other
// version stored is not read, and then the events are.
const storedVersion = 10

// storedBefore is the oldest version that is read as well. Version 3 has no incidents
// that are at hand, since their events were read again, all of them; who wrote version
// 4 knew of no links and no severity, and had no such events; what was muted at once
// follows in version 5 from what was said; nothing was told from outside before version 7, and nothing
// of it taken back before version 8, no recovery said when a trouble had begun before version 9,
// and of an incident's impact was kept when it began, and not of which product, before version 10.
const storedBefore = 3

// storedBook is the stored form of a Book: what no longer follows from the
// events that are read again. Most incidents that are at hand do, and are not in
// it.
type storedBook struct {
	Version int              `json:"version"`
	Read    Position         `json:"read"` // all events up to this one are in it
	From    uint64           `json:"from"` // with this sequence begins what is to be read again
	Heads   []head           `json:"heads,omitempty"`
	Long    []storedIncident `json:"long,omitempty"`
	Desk    storedDesk       `json:"desk"`
}

// Position is one event by what tells it from every other one: another journal has
// another at its sequence.
type Position struct {
	Seq      uint64    `json:"seq"`
	Incident string    `json:"incident"`
	Kind     Kind      `json:"kind"`
	At       time.Time `json:"at"`
}

// PositionOf returns the position of an event.
func PositionOf(e Event) Position {
	return Position{Seq: e.Seq, Incident: e.Incident, Kind: e.Kind, At: e.At}
}

// Is reports whether an event is the one that is meant.
func (p Position) Is(e Event) bool {
	return p.Seq == e.Seq && p.Incident == e.Incident && p.Kind == e.Kind && p.At.Equal(e.At)
}

type storedDesk struct {
	Watches  map[string][]string `json:"watches,omitempty"`
	Levels   map[string]string   `json:"levels,omitempty"`
	Told     map[string]int      `json:"told,omitempty"`
	Flaps    map[string]bool     `json:"flaps,omitempty"`
	Turns    map[string][]Event  `json:"turns,omitempty"`
	Mutes    []storedMute        `json:"mutes,omitempty"`
	LastSeq  uint64              `json:"last_seq,omitempty"`
	Said     []storedSaid        `json:"said,omitempty"`
	Gone     time.Time           `json:"gone,omitzero"`
	Blind    Blindness           `json:"blind,omitzero"`
	Standing []Standing          `json:"standing,omitempty"`
	Skips    []Skip              `json:"skips,omitempty"`
	Outside  []storedSaid        `json:"outside,omitempty"`
}

// storedMute is a Muting.
type storedMute struct {
	Product string    `json:"product"`
	Check   string    `json:"check,omitempty"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	By      string    `json:"by,omitempty"`
	Name    string    `json:"name,omitempty"`
	Why     string    `json:"why,omitempty"`
	Channel string    `json:"channel,omitempty"`
	EndedBy string    `json:"ended_by,omitempty"`
	Begun   bool      `json:"begun,omitempty"`
	Ended   bool      `json:"ended,omitempty"`
	Each    string    `json:"-"` // it is only of what is yet to come
}

// storedSaid is an event with its sequence, which its own stored form has not.
type storedSaid struct {
	Seq   uint64 `json:"seq"`
	Event Event  `json:"event"`
}

// Frozen is a Book as it was, to be encoded while that goes on.
type Frozen struct {
	heads     []head
	desk      Desk
	incidents []Incident
}

// Freeze returns the book as it is. It copies the heads, and the list of what is at
// hand.
func (b *Book) Freeze() Frozen {
	f := Frozen{desk: b.log.Desk, incidents: slices.Clone(b.log.Incidents)}
	if p := b.log.past; p != nil {
		p.mu.RLock()
		f.heads = make([]head, 0, len(p.heads))
		for _, h := range p.heads {
			f.heads = append(f.heads, h)
		}
		p.mu.RUnlock()
	}
	return f
}

// mostAgain is how many events are read again at most for an incident whose log is
// not long: those of others are among them.
const mostAgain = 4096

// again returns with which sequence the events begin that are to be read again, up
// to read, and the incidents for which none are.
func (f Frozen) again(read uint64) (from uint64, long []storedIncident) {
	from = read + 1
	for _, i := range f.incidents {
		first := i.first()
		if !i.gone.IsZero() || first+mostAgain < read {
			long = append(long, storedOf(i))
			continue
		}
		from = min(from, first)
	}
	return from, long
}

// first is the sequence of the oldest event that is at hand.
func (i Incident) first() uint64 {
	seq := uint64(0)
	for e := i.last; e != nil; e = e.before {
		seq = e.event.Seq
	}
	return seq
}

// Encode returns the stored form. Up to read the book has all events of the
// journal; it may have newer ones, which its own process wrote.
func (f Frozen) Encode(read Position) ([]byte, error) {
	slices.SortFunc(f.heads, func(x, y head) int { return cmp.Compare(x.Number, y.Number) })
	d := f.desk
	from, long := f.again(read.Seq)
	s := storedBook{Version: storedVersion, Read: read, From: from, Heads: f.heads, Long: long,
		Desk: storedDesk{Watches: d.Watches, Levels: d.Levels, Told: d.Told, Flaps: d.Flaps, Turns: d.turns, LastSeq: d.LastSeq, Gone: d.gone, Blind: d.Blind, Standing: d.Standing, Skips: d.Skips}}
	for _, m := range d.Mutes {
		s.Desk.Mutes = append(s.Desk.Mutes, storedMute(m))
	}
	for _, e := range d.said {
		s.Desk.Said = append(s.Desk.Said, storedSaid{e.Seq, e})
	}
	s.Desk.Outside = each(d.Outside, saidOf)
	return json.Marshal(s)
}

// Restored is a stored Book.
type Restored struct {
	Read Position // all events up to this one need not be read, but for
	From uint64   // those from here on, which are to be added again
	book Book
}

// ReadBook reads a stored form; an error when it is none, or of another
// version.
func ReadBook(data []byte) (Restored, error) {
	var s storedBook
	if err := json.Unmarshal(data, &s); err != nil {
		return Restored{}, fmt.Errorf("read the log of incidents: %w", err)
	}
	if s.Version < storedBefore || s.Version > storedVersion {
		return Restored{}, fmt.Errorf("read the log of incidents: stored in version %d, this is %d", s.Version, storedVersion)
	}
	r := Restored{Read: s.Read, From: s.From}
	for _, h := range s.Heads {
		r.book.remember(h)
	}
	r.book.log.Incidents = each(s.Long, storedIncident.incident)
	d := Desk{Watches: s.Desk.Watches, Levels: s.Desk.Levels, Told: s.Desk.Told, Flaps: s.Desk.Flaps, turns: s.Desk.Turns, LastSeq: s.Desk.LastSeq, gone: s.Desk.Gone, Blind: s.Desk.Blind, Standing: s.Desk.Standing, Skips: s.Desk.Skips}
	for _, e := range s.Desk.Said {
		d.said = append(d.said, e.event())
	}
	d.Outside = each(s.Desk.Outside, storedSaid.event)
	for _, m := range s.Desk.Mutes {
		if s.Version < 6 {
			m.Ended = m.EndedBy != ""
			m.Begun = slices.ContainsFunc(d.said, func(e Event) bool {
				return e.Kind == Mute && e.Product == m.Product && e.Check == m.Check && e.At.Equal(m.From)
			})
		}
		d.Mutes = append(d.Mutes, Muting(m))
	}
	r.book.log.Desk = d
	return r, nil
}

// Book returns the book, without what is to be added again.
func (r Restored) Book() Book { return r.book }
