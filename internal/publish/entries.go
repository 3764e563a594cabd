package publish

import (
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
)

// entryForgotten is how old an entry may be that is still told in the incident's
// thread: one that nobody could be told in time stands in the timeline.
const entryForgotten = 15 * time.Minute

// outside takes into an incident what other systems told that belongs into it.
func (s *step) outside(id string) {
	for _, e := range s.log.Untaken(s.incident(id)) {
		inc := s.incident(id)
		var levels map[string]string
		if inc.Reaches(e.Done) {
			levels = inc.LevelsAt(e.Done)
		}
		hurt, since := s.seen.HurtAt(e.Done, levels)
		s.decide(Decision{Why: "another system told of it", Event: inc.Take(s.seen.At, e, hurt, since)})
	}
}

// entries tells in the incident's thread what somebody marked or noted, each as a
// reply of its own that pings nobody. While updates rest, and before the first one,
// it waits.
func (s *step) entries(id string) {
	inc := s.incident(id)
	if len(inc.Entries) == 0 || inc.LastUpdate.N == 0 || inc.Open() && !inc.PausedAt.IsZero() {
		return
	}
	var replies []Telling
	for _, e := range inc.Entries {
		if s.seen.At.Sub(e.At) > entryForgotten {
			continue
		}
		t := once(inc.Channel, entryKey(id, e.Seq), s.seen.At, format.Entry(e, inc, s.seen.Snapshot))
		t.ThreadOf = UpdatesKey(id)
		replies = append(replies, t)
	}
	s.decide(Decision{Why: "something was written down", First: replies, Event: incident.Event{Incident: id, At: s.seen.At, Kind: incident.Entered}})
}

// remind tells who began an incident, by one direct message, that nobody has written
// anything down for long. It ends with whatever somebody writes down.
func (s *step) remind(id string) {
	inc := s.incident(id)
	since, silent := inc.Silence()
	if s.rules.RemindAfter <= 0 || !silent || s.seen.At.Sub(since) < s.rules.RemindAfter || s.seen.Waking {
		return
	}
	m := format.Reminder(inc, s.seen.At.Sub(since), s.command())
	s.decide(Decision{Why: "nobody has written anything down for long", First: []Telling{once(inc.OpenedBy, remindKey(id, since), s.seen.At, m)},
		Event: incident.Event{Incident: id, At: s.seen.At, Kind: incident.Reminded}})
}
