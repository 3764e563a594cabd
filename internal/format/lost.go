package format

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Lost is what a damaged file has taken, as it was found at a start. The zero value is that nothing is.
type Lost struct {
	Found   time.Time
	Events  int // of incidents
	Batches int // of results
	Others  int // messages of the rest: mutes, marks of what was posted
}

// lostFor is how long it is said in answers. It stays in the log.
const lostFor = 24 * time.Hour

// In says it under the first block of a message, for a day.
func (l Lost) In(m Message, now time.Time) Message {
	if l.Events+l.Batches+l.Others == 0 || now.Sub(l.Found) > lostFor {
		return m
	}
	c := clockOf(now, nil)
	return belowAs(m, l.line(c.When(l.Found)), l.line(c.Plain(l.Found)))
}

func (l Lost) line(found string) string {
	var parts []string
	if l.Events > 0 {
		parts = append(parts, text.Plural(l.Events, "event")+" of incidents")
	}
	if l.Batches > 0 {
		parts = append(parts, text.Plural(l.Batches, "bundle")+" of results")
	}
	if l.Others > 0 {
		parts = append(parts, text.Plural(l.Others, "other record"))
	}
	return "A file of statusbot's was damaged when it started, " + found + ". Lost: " + strings.Join(parts, ", ") + ". The rest is there; statusbot's log has more."
}
