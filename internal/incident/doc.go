// Package incident keeps the log of an incident and decides what may be added
// to it. An incident is nothing but its events, folded; the events are
// appended to the journal under the incident's id, each with an expected
// sequence, so that two writers cannot both be right. Fold is pure and total:
// it takes any sequence of events, also of later versions.
//
// An event is written before its effect on the outside world happens. An
// event of kind "update" says that a numbered update is due and how it is to
// be delivered; the poster then sees to it, and a crash between the two is
// mended from the event.
//
// Log is what decisions look at, a value: its methods return the event that may
// follow, or a Refusal that says why not and what would do. Book is the log as
// events come in; of what ended long ago it has heads only. The Desk is what
// belongs to no incident: who watches what, and what is muted. Plan says how the
// next update goes out.
package incident
