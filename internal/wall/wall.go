// Package wall reads times by the clock on the wall of a zone, which is put forward
// and back: one rule for what the configuration plans and for what people type.
package wall

import "time"

// Of is what the clock shows at an instant, in its zone, as that time in UTC.
func Of(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// First is the first instant at which the clock of a zone shows a time, or is put
// forward over it: what is planned begins then.
func First(shows time.Time, zone *time.Location) time.Time {
	at := time.Date(shows.Year(), shows.Month(), shows.Day(), shows.Hour(), shows.Minute(), shows.Second(), shows.Nanosecond(), zone)
	begins, ends := at.ZoneBounds() // of the time that is kept then: summer's, winter's
	switch shown := Of(at); {
	case shown.After(shows):
		return begins
	case shown.Before(shows):
		return ends
	case begins.IsZero():
		return at
	}
	_, now := at.Zone()
	_, before := begins.Add(-time.Second).Zone()
	if first := at.Add(-time.Duration(before-now) * time.Second); before > now && first.Before(begins) {
		return first
	}
	return at
}

// Last is the last such instant that is not after another: when something was that
// somebody tells of. First, where none is.
func Last(shows time.Time, zone *time.Location, by time.Time) time.Time {
	first := First(shows, zone)
	_, ends := first.ZoneBounds()
	if ends.IsZero() {
		return first
	}
	_, now := first.Zone()
	_, after := ends.Zone()
	if again := first.Add(time.Duration(now-after) * time.Second); now > after && Of(again).Equal(Of(first)) && !again.After(by) {
		return again
	}
	return first
}
