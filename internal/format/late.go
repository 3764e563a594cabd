package format

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Lateness is how late a message comes, and why.
type Lateness struct {
	Due   time.Time // of the first that nobody saw
	Now   time.Time
	Why   string    // a sentence without its full stop, as "Slack did not answer"
	Until time.Time // that this was so, from Due on; zero where that is not known
}

// In says it as the first words of the line of a message's first section that
// says as of when it is: "3 min late (Slack did not answer 10:02-10:05) · as of
// ...". A section without such a line gets one more. It is cut at what Slack takes of
// a section, and a message would be refused for.
func (l Lateness) In(section string) string {
	c := clockOf(l.Now, nil)
	words := l.words(c.When)
	lines := strings.Split(section, "\n")
	for i, line := range lines {
		if i > 0 && strings.Contains(text.Lower(text.Breaking(line)), "as of <!date^") {
			lines[i] = words + " · " + text.Lower(line)
			return text.Cut(strings.Join(lines, "\n"), maxSection)
		}
	}
	words = "\n" + words + "."
	return text.Cut(section, maxSection-text.Units(words)) + words
}

// After says it behind the plain text of a message.
func (l Lateness) After(plain string) string {
	c := clockOf(l.Now, nil)
	return text.Cut(strings.TrimSpace(plain+" "+l.words(c.Plain)+"."), maxText)
}

func (l Lateness) words(write func(time.Time) string) string {
	s := text.Span(l.Now.Sub(l.Due)) + " late"
	why := text.Escape(strings.TrimSuffix(l.Why, "."), 300)
	if why == "" {
		return s
	}
	if !l.Until.IsZero() && l.Until.Sub(l.Due) >= time.Minute {
		why += " " + strings.TrimSuffix(write(l.Due), " UTC") + "-" + write(l.Until)
	}
	return s + " (" + why + ")"
}
