package incident

import (
	"slices"
	"time"
)

// mostEntries bounds the entries that wait to be told in an incident's thread: of
// more the oldest stand in the timeline alone.
const mostEntries = 20

// entered is what waits to be told in the incident's thread after one more event:
// what somebody marked or noted, and what they corrected or withdrew.
func entered(entries []Event, e Event) []Event {
	switch e.Kind {
	case Entered:
		return nil
	case Mark, Note, Corrected, Withdrawn:
		if e.By == "" {
			return entries
		}
		return append(slices.Clone(entries[max(0, len(entries)-mostEntries+1):]), e)
	}
	return entries
}

// writtenDown are the kinds by which people say what they do and know.
var writtenDown = []Kind{Mark, Note, Corrected, Withdrawn, Linked, Labelled, Acked, Unacked}

// saidAfter is when a person last wrote something down, after one more event.
func saidAfter(said time.Time, e Event) time.Time {
	if e.By != "" && !e.Outside() && slices.Contains(writtenDown, e.Kind) && e.At.After(said) {
		return e.At
	}
	return said
}

// Silence returns since when nobody has written anything down in an incident that
// somebody began; false where it recovers or is over, where updates rest, or where who
// began it was told so already.
func (i Incident) Silence() (since time.Time, ok bool) {
	since = i.OpenedAt
	for _, at := range []time.Time{i.SaidAt, i.ReopenedAt, i.RelapsedAt} {
		if at.After(since) {
			since = at
		}
	}
	return since, i.Open() && !i.Detected() && !i.Calm() && i.PausedAt.IsZero() && i.RemindedAt.Before(since)
}
