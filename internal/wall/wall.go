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

// Next is the first such instant after another: when something will be that somebody
// plans. First, where none is.
func Next(shows time.Time, zone *time.Location, after time.Time) time.Time {
	if first := First(shows, zone); first.After(after) {
		return first
	}
	return Last(shows, zone, after.Add(24*time.Hour)) // clocks are put back by less
}

// Until is when the clock of a zone shows an end, for what begins at an instant and was
// planned for when it shows a beginning. Where it is put forward over both, or back between
// them, it lasts as long as ever.
func Until(end, begins, shows time.Time, zone *time.Location) time.Time {
	if at := First(end, zone); at.After(begins) {
		return at
	}
	return begins.Add(end.Sub(shows))
}
