package format

import (
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

// clock writes what has times in it, as seen at an instant from the company's
// time zone.
type clock struct{ text.Clock }

func clockOf(now time.Time, tz *time.Location) clock { return clock{text.Clock{Now: now, TZ: tz}} }

// counting is the clock of what is watched in a window: one of seconds where that is
// counted in less than a minute.
func (c clock) counting(window time.Duration) clock {
	c.Fine = impact.EffectUnit(window) < time.Minute
	return c
}

// untilOn says when a span ends of which the begin stands before it: without its
// date where that is the same.
func (c clock) untilOn(from, to time.Time) string {
	return "until " + c.Token(to, !c.SameDay(from, to) && !c.SameDay(to, c.Now))
}
