package format

import (
	"fmt"
	"time"
)

// clock writes times as seen at an instant from the company's time zone.
type clock struct {
	now time.Time
	tz  *time.Location // decides when midnight passes; nil means UTC
}

func (c clock) zone() *time.Location {
	if c.tz == nil {
		return time.UTC
	}
	return c.tz
}

// sameDay reports whether two times are on one day in the company's zone.
func (c clock) sameDay(a, b time.Time) bool {
	ay, am, ad := a.In(c.zone()).Date()
	by, bm, bd := b.In(c.zone()).Date()
	return ay == by && am == bm && ad == bd
}

// at writes a time as a date token of Slack, with its date when it is not of
// the present day.
func (c clock) at(t time.Time) string { return c.token(t, !c.sameDay(t, c.now)) }

// token writes a date token: each reader sees their own zone; notifications
// and what cannot render it show UTC.
func (c clock) token(t time.Time, dated bool) string {
	form := "{time}"
	if dated {
		form = "{date_short_pretty} {time}"
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), form, c.utc(t, dated))
}

// utc writes a time in UTC: "10:05 UTC", with a date "Tue 19:32 UTC", and
// "3 Nov 19:32 UTC" when the weekday alone would not be clear.
func (c clock) utc(t time.Time, dated bool) string {
	away := c.now.Sub(t).Abs()
	t = t.UTC()
	switch {
	case !dated:
		return t.Format("15:04 UTC")
	case away < 6*24*time.Hour:
		return t.Format("Mon 15:04 UTC")
	case away < 180*24*time.Hour:
		return t.Format("2 Jan 15:04 UTC")
	default:
		return t.Format("2 Jan 2006 15:04 UTC")
	}
}

// plain writes a time for the top-level text.
func (c clock) plain(t time.Time) string { return c.utc(t, !c.sameDay(t, c.now)) }

// ago writes how long before now a time was: "4 s ago".
func (c clock) ago(t time.Time) string { return span(c.now.Sub(t)) + " ago" }
