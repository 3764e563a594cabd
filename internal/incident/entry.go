package incident

import "slices"

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
