package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Late is a message that comes late as the poster makes it: by the text of its first
// block, if that is a section, and by its own.
func Late(m Message, l Lateness) Message {
	if len(m.Blocks) > 0 && m.Blocks[0].Section != "" {
		m.Blocks = append([]Block{{Section: l.In(m.Blocks[0].Section), Beside: m.Blocks[0].Beside}}, m.Blocks[1:]...)
	}
	m.Text = l.After(m.Text)
	return m
}

// TestALateSectionFits: a section that is as long as Slack takes has room for that it is
// late, and why, or the whole message would be refused.
func TestALateSectionFits(t *testing.T) {
	t.Parallel()
	due := time.Unix(0, 0)
	l := Lateness{Due: due, Now: due.Add(11 * time.Minute), Why: strings.Repeat("Slack did not answer ", 20), Until: due.Add(time.Hour)}
	long := strings.Repeat("x", maxSection)
	dated := "Impact update #1\nAs of <!date^0^{time}|00:00 UTC>\n" + long
	for _, section := range []string{long, text.Cut(dated, maxSection), "short"} {
		got := l.In(section)
		if n := text.Units(got); n > maxSection || !strings.Contains(got, "11 min late (Slack did not answer") {
			t.Errorf("%d units of at most %d: %.80q", n, maxSection, got)
		}
	}
}
