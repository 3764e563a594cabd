package incident

import (
	"slices"
	"time"
)

// A maintenance that the configuration plans, or that somebody planned for each
// week, becomes a Mute by nobody when it begins, so that it is told, judged and kept
// as every other one.

// Planning returns the events by which the desk has, at an instant, what is
// planned for it: Unmute of what is no longer planned, Mute of what
// begins. What somebody ended, or took back, stays so until the next time, and what somebody
// muted is muted already.
func (d Desk) Planning(now time.Time, planned []Muting) []Event {
	var events []Event
	var stale []Muting
	for _, m := range d.MutesAt(now) {
		asPlanned := func(p Muting) bool { return p.of(m) && p.Until.Equal(m.Until) }
		begins := !now.Before(m.From) // else the clock was set back since, and what has begun goes on
		if m.By == "" && begins && !slices.ContainsFunc(planned, asPlanned) {
			stale = append(stale, m)
			events = append(events, Event{Incident: DeskID, At: now, Kind: Unmute, Product: m.Product, Check: m.Check})
		}
	}
	for _, p := range planned {
		covered := func(m Muting) bool {
			within := !m.Until.Before(p.From) || m.Begun && !m.From.Before(p.From)
			ended := m.EndedBy != "" && within && m.Until.Before(p.Until)
			return m.of(p) && (ended || m.On(now) && !slices.Contains(stale, m))
		}
		if p.On(now) && !d.Skipped(p) && !slices.ContainsFunc(d.Mutes, covered) {
			events = append(events, Event{Incident: DeskID, At: now, Kind: Mute, Name: p.Name, Channel: p.Channel, Product: p.Product, Check: p.Check, Until: p.Until, Why: bounded(p.Why)})
		}
	}
	return events
}

// of reports whether it is of the same product or check as another.
func (m Muting) of(other Muting) bool { return m.Product == other.Product && m.Check == other.Check }
