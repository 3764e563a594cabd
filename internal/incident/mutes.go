package incident

import (
	"slices"
	"time"
)

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
	Begun   bool   // said for at once: it goes on since its place in the log, and From only says when that was
	Ended   bool   // another event ended it before its time, or took its place
	Each    string // of one that is yet to begin and comes again: when, "every sat 22:00"
}

// On reports whether the maintenance goes on now, which is after all that the
// log says. What was said for at once goes on although the clock was set back since,
// and what was ended does not go on again; it ends, and what is planned begins, by
// the clock.
func (m Muting) On(now time.Time) bool {
	return !m.Ended && (m.Begun || !now.Before(m.From)) && now.Before(m.Until)
}

// Covers reports whether what was at an instant was in the maintenance.
func (m Muting) Covers(at time.Time) bool { return !at.Before(m.From) && at.Before(m.Until) }

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

// PlannedAt returns the maintenances that are yet to begin at an instant.
func (d Desk) PlannedAt(at time.Time) []Muting {
	var out []Muting
	for _, m := range d.Mutes {
		if m.planned(at) {
			out = append(out, m)
		}
	}
	return out
}

func (m Muting) planned(now time.Time) bool {
	return !m.Begun && !m.Ended && m.From.After(now) && m.Until.After(m.From)
}

// begins is when a Mute begins.
func (e Event) begins() time.Time {
	if e.Begins.After(e.At) {
		return e.Begins
	}
	return e.At
}

// muting is a list of mutes after one more, which takes the place of one of the
// same that goes on when it begins. What ended long ago goes.
func muting(list []Muting, e Event) []Muting {
	ended, atOnce := 0, !e.Begins.After(e.At)
	for _, m := range list {
		if !m.Until.After(e.At) {
			ended++
		}
	}
	out := make([]Muting, 0, len(list)+1)
	for _, m := range list {
		if !m.Until.After(e.At) {
			if ended--; ended >= mostMutes || e.At.Sub(m.Until) > keepMutes {
				continue
			}
		}
		if m.On(e.begins()) && m.Product == e.Product && m.Check == e.Check {
			m.Until, m.Ended = e.begins(), atOnce
		}
		out = append(out, m)
	}
	return append(out, Muting{Product: e.Product, Check: e.Check, From: e.begins(), Until: e.Until, By: e.By, Name: e.Name, Why: e.Why, Channel: e.Channel, Begun: atOnce})
}

// unmuting is a list of mutes after an Unmute: what goes on ends, or else what
// is planned.
func unmuting(list []Muting, e Event) []Muting {
	list = slices.Clone(list)
	of := func(m Muting) bool { return m.Product == e.Product && m.Check == e.Check }
	goesOn := slices.ContainsFunc(list, func(m Muting) bool { return of(m) && m.On(e.At) })
	for n, m := range list {
		if of(m) && (m.On(e.At) || !goesOn && m.planned(e.At)) {
			list[n].Until, list[n].EndedBy, list[n].Ended = e.At, e.By, true
		}
	}
	return list
}

// How much of what was said of mutes is at hand. The journal has the rest.
const (
	keepSaid = 8 * 24 * time.Hour // after its end, which is longer than most incidents
	mostSaid = 1000               // about 1 KB each
)

// saying is the desk after one more Mute or Unmute.
func (d Desk) saying(e Event) Desk {
	n := max(0, len(d.said)+1-mostSaid)
	for n < len(d.said) && e.At.Sub(over(d.said[n])) > keepSaid {
		n++
	}
	for _, old := range d.said[:n] {
		if at := over(old); at.After(d.gone) {
			d.gone = at
		}
	}
	d.said = append(slices.Clone(d.said[n:]), e)
	return d
}

// over is when a Mute ends by itself, and when an Unmute was said.
func over(e Event) time.Time {
	if e.Until.After(e.At) {
		return e.Until
	}
	return e.At
}

// Reaches reports whether all that was muted since an instant is at hand.
func (d Desk) Reaches(since time.Time) bool { return d.gone.IsZero() || since.After(d.gone) }

// Timeline is MutedIn of what is at hand.
func (d Desk) Timeline(channel string, from, to time.Time) []Event {
	return MutedIn(d.said, channel, from, to)
}

// MutedIn returns what was muted, and until when, from a channel in a span of
// time, by the desk's log or its end: events Mute and Unmute, and an Unmute by
// nobody where one ended by itself. Oldest first.
func MutedIn(log []Event, channel string, from, to time.Time) []Event {
	type what struct{ product, check string }
	next := map[what]time.Time{} // :: what is muted -> the earliest that was said of it later
	var said, ended []Event      // ended: by themselves
	add := func(list *[]Event, e Event) {
		if e.Channel == channel && !e.At.Before(from) && !e.At.After(to) {
			*list = append(*list, e)
		}
	}
	for _, e := range slices.Backward(log) {
		if e.Kind != Mute && e.Kind != Unmute {
			continue
		}
		add(&said, e)
		of := what{e.Product, e.Check}
		later, any := next[of]
		if e.Kind == Mute && (!any || !later.Before(e.Until)) {
			add(&ended, Event{Incident: DeskID, Kind: Unmute, At: e.Until, Product: e.Product, Check: e.Check, Channel: e.Channel})
		}
		if at := e.begins(); !any || at.Before(later) {
			next[of] = at
		}
	}
	slices.Reverse(said)
	slices.SortFunc(ended, func(x, y Event) int { return x.At.Compare(y.At) })
	return Merge(said, ended)
}

// ToMute is a maintenance that somebody asks for.
type ToMute struct {
	By, Channel string
	Product     string
	Check       string    // empty when the whole product is meant
	Begins      time.Time // when it is planned for; zero for at once
	For         time.Duration
	Why         string
}

// DoMute decides a maintenance.
func (l Log) DoMute(now time.Time, m ToMute) (Event, error) {
	switch {
	case m.For < minMute || m.For > maxMute:
		return Event{}, &Refusal{Sentence: "A mute ends by itself, after 1 min to 7 days.", Next: "For example: `mute PRODUCT for 2h moving the database`."}
	case m.Begins.Sub(now) > mostPlanned:
		return Event{}, &Refusal{Sentence: "A maintenance is planned at most 60 days ahead.", Next: "Say it again when it is nearer."}
	case m.Why == "":
		return Event{}, &Refusal{Sentence: "A mute says why: everybody sees it.", Next: "Say it again with the reason at its end, as in `mute PRODUCT for 2h moving the database`."}
	}
	e := Event{Incident: DeskID, At: now, Kind: Mute, By: m.By, Channel: m.Channel, Product: m.Product, Check: m.Check, Begins: m.Begins, Why: bounded(m.Why)}
	e.Until = e.begins().Add(m.For)
	return e, nil
}

// mostPlanned is how far ahead a maintenance may be planned.
const mostPlanned = 60 * 24 * time.Hour

// DoUnmute decides the end of a maintenance before its time, or of one that is
// planned, if none goes on.
func (l Log) DoUnmute(now time.Time, by, channel, product, check string) (Event, error) {
	for _, m := range append(l.Desk.MutesAt(now), l.Desk.PlannedAt(now)...) {
		if m.Product == product && m.Check == check {
			return Event{Incident: DeskID, At: now, Kind: Unmute, By: by, Channel: channel, Product: product, Check: check}, nil
		}
	}
	return Event{}, &Refusal{Sentence: "{} is not muted, and no maintenance of it is planned.", Next: "See what is: `maintenance`.", Of: ofOne(product, check)}
}
