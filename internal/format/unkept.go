package format

import (
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Unkept is that nothing of what is measured and told is written down: it is in
// memory only. The zero value is that all is.
type Unkept struct {
	Since time.Time
	Why   string // as "the disk is full"
}

// In says it under the first block of a message, with what to do.
func (u Unkept) In(m Message, now time.Time) Message {
	if u.Since.IsZero() {
		return m
	}
	c := clockOf(now, nil)
	return belowAs(m, u.line(c.When(u.Since)), u.line(c.Plain(u.Since)))
}

func (u Unkept) line(since string) string {
	return "In statusbot's memory only since " + since + ": " + text.Escape(u.Why, 100) +
		". A restart would lose it; with room on its disk it is written down by itself."
}
