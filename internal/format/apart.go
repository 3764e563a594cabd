package format

import (
	"fmt"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Apart is that the statusbot which answers is cut off from the journal that it
// shares with others. The zero value is that it is not.
type Apart struct {
	Since   time.Time // when it last heard from who leads
	Reached int       // of the others
	Others  int       // how many there are; 0: the journal is a cluster that somebody else runs
}

// In says it under the first block of a message.
func (a Apart) In(m Message, now time.Time) Message {
	if a.Since.IsZero() {
		return m
	}
	c := clockOf(now, nil)
	return belowAs(m, a.line(c.When(a.Since), now), a.line(c.Plain(a.Since), now))
}

func (a Apart) line(since string, now time.Time) string {
	return "Cut off since " + since + " (" + text.Span(now.Sub(a.Since)) + "): " + a.Why() +
		". It measures and posts nothing, and what it says is as of then. Ask again: another one may answer."
}

// Why is what it does not reach, as the end of a sentence.
func (a Apart) Why() string {
	switch {
	case a.Others == 0:
		return "this statusbot does not reach its journal"
	case a.Reached == 0:
		return fmt.Sprintf("this statusbot reaches none of the %d others", a.Others)
	}
	return fmt.Sprintf("this statusbot reaches %d of the %d others, and they do not agree who leads", a.Reached, a.Others)
}
