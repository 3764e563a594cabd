package text

import (
	"fmt"
	"time"
)

// Clock writes times as seen at an instant from the company's time zone.
type Clock struct {
	Now time.Time
	TZ  *time.Location // decides when midnight passes; nil means UTC
	// Fine is set where things are counted in less than a minute: times of within an
	// hour of now have their seconds then, or all would be the same.
	Fine bool
}

// fine reports whether a time is written with its seconds.
func (c Clock) fine(t time.Time) bool { return c.Fine && c.Now.Sub(t).Abs() < time.Hour }

// Zone is the company's time zone.
func (c Clock) Zone() *time.Location {
	if c.TZ == nil {
		return time.UTC
	}
	return c.TZ
}

// SameDay reports whether two times are on one day in the company's zone.
func (c Clock) SameDay(a, b time.Time) bool {
	ay, am, ad := a.In(c.Zone()).Date()
	by, bm, bd := b.In(c.Zone()).Date()
	return ay == by && am == bm && ad == bd
}

// When writes a time as a date token of Slack, with its date when it is not of
// the present day.
func (c Clock) When(t time.Time) string { return c.Token(t, !c.SameDay(t, c.Now)) }

// Token writes a date token: each reader sees their own zone; notifications
// and what cannot render it show UTC.
func (c Clock) Token(t time.Time, dated bool) string {
	form := "{time}"
	if c.fine(t) {
		form = "{time_secs}"
	}
	if dated {
		form = "{date_short_pretty} " + form
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), form, c.UTC(t, dated))
}

// UTC writes a time in UTC: "10:05 UTC", with a date "Tue 19:32 UTC", and
// "3 Nov 19:32 UTC" when the weekday alone would not be clear.
func (c Clock) UTC(t time.Time, dated bool) string {
	away := c.Now.Sub(t).Abs()
	fine := c.fine(t)
	t = t.UTC()
	switch {
	case fine && dated:
		return t.Format("Mon 15:04:05 UTC")
	case fine:
		return t.Format("15:04:05 UTC")
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

// Plain writes a time for the top-level text.
func (c Clock) Plain(t time.Time) string { return c.UTC(t, !c.SameDay(t, c.Now)) }

// Ago writes how long before now a time was: "4 s ago".
func (c Clock) Ago(t time.Time) string { return Span(c.Now.Sub(t)) + " ago" }

// Seconds writes a time of today or lately with its seconds, as a date token
// of Slack: for what was seen at one instant.
func (c Clock) Seconds(t time.Time) string {
	form := "{time_secs}"
	if !c.SameDay(t, c.Now) {
		form = "{date_short_pretty} " + form
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), form, c.PlainSeconds(t))
}

// PlainSeconds writes a time with its seconds for the top-level text.
func (c Clock) PlainSeconds(t time.Time) string {
	if !c.SameDay(t, c.Now) {
		return t.UTC().Format("Mon 15:04:05 UTC")
	}
	return t.UTC().Format("15:04:05 UTC")
}
