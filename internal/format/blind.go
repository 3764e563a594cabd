package format

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// sighted says before everything else of a message that we cannot see, or, where
// was is a time in which we could not, that we see again.
func sighted(m Message, c clock, b status.Blindness, was incident.Blindness) Message {
	var bold string
	var rest func(write func(time.Time) string) string
	switch {
	case b.On():
		bold = "We cannot see, so failures below may be ours:"
		rest = func(write func(time.Time) string) string {
			return " " + controlsFail(b) + " since " + write(b.Since) + "."
		}
	case !was.Until.IsZero():
		bold = "We see again:"
		rest = func(write func(time.Time) string) string {
			return " the control checks pass. From " + write(was.Since) + " to " + write(was.Until) + " they did not, so failures of that time may be ours."
		}
	default:
		return m
	}
	m.Text = bold + rest(c.Plain) + " " + m.Text
	first := "*" + bold + "*" + rest(c.When)
	if n := len(m.Blocks); n > 0 && m.Blocks[0].Section != "" && text.Units(first)+1+text.Units(m.Blocks[0].Section) <= maxSection {
		m.Blocks = append([]Block{{Section: first + "\n" + m.Blocks[0].Section, Beside: m.Blocks[0].Beside}}, m.Blocks[1:]...)
	} else {
		m.Blocks = append([]Block{{Section: first}}, m.Blocks...)
	}
	return limited(m)
}

// sighted says it of an answer, which tells what is so now.
func (v view) sighted(m Message) Message { return sighted(m, v.clock, v.Blind, incident.Blindness{}) }

// controlsFail counts the control checks that fail: "2 of 3 control checks fail".
func controlsFail(b status.Blindness) string {
	if b.Controls == 1 {
		return "our control check fails"
	}
	n := len(b.Failing)
	return text.Count(n) + " of " + text.Plural(b.Controls, "control check") + verb(n, " fails", " fail")
}

// BlindTold is why it was written down that we cannot see: which control checks
// fail, what the first of them says, and what follows.
func BlindTold(b status.Blindness) string {
	s := controlsFail(b) + " (" + strings.Join(b.Failing[:min(len(b.Failing), namedAtMost)], ", ")
	if more := len(b.Failing) - namedAtMost; more > 0 {
		s += " and " + text.Count(more) + " more"
	}
	return s + ")" + after(": ", text.Cut(b.Reason, 200)) + "; it may be us, so what begins meanwhile opens no incident"
}

// SeesTold is why it was written down that we see again.
func SeesTold(b status.Blindness) string {
	if b.Controls == 0 {
		return "no control check is left"
	}
	return "the control checks pass again"
}
