package elsewhere

import (
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Fault says whose fault it is that Slack does not have an update.
type Fault string

const (
	Unclear Fault = "unclear" // Slack does not answer, and nothing tells why
	Slack   Fault = "slack"   // it does not answer, and our network works
	Network Fault = "network" // our own network fails
	Token   Fault = "token"   // Slack answers and does not take our token
	Channel Fault = "channel" // Slack answers and refuses what is posted there
	Rate    Fault = "rate"    // Slack answers that we post too much
)

// Trouble is that Slack does not have an update, since when, and why. The zero value
// is that it has.
type Trouble struct {
	Since    time.Time
	Fault    Fault
	Says     string // what Slack says, or the control checks; may be empty
	Controls int    // control checks that pass
}

// On reports whether Slack lacks the update.
func (t Trouble) On() bool { return !t.Since.IsZero() }

// Sentence says it in plain words, as seen at an instant.
func (t Trouble) Sentence(now time.Time, zone *time.Location) string {
	if !t.On() {
		return ""
	}
	return "Told here because Slack has not taken it since " + clock(t.Since, now, zone) + " (" + text.Span(now.Sub(t.Since)) + "): " + t.Why() + "."
}

// Why says whose fault it is, as the end of a sentence without its full stop.
func (t Trouble) Why() string {
	said := ""
	if s := text.OneLine(strings.TrimSuffix(t.Says, "."), 200); s != "" {
		said = " (" + text.Clip(s, 200) + ")"
	}
	switch t.Fault {
	case Slack:
		return "it does not answer" + said + ". It is Slack and not our network: " + controls(t.Controls)
	case Network:
		return "our own network fails" + said
	case Token:
		return "it does not take our token" + said + ". Slack works; our app has to be looked at"
	case Channel:
		return "it refuses what is posted in that channel" + said + ". Slack works"
	case Rate:
		return "it limits how much we post" + said
	}
	return "it does not answer" + said + ". It may be Slack or our own network: no control check says which"
}

// Was says it as of what is over: "Slack did not answer". Empty where nothing is known.
func (t Trouble) Was() string {
	switch t.Fault {
	case Slack, Unclear:
		return "Slack did not answer"
	case Network:
		return "our own network failed"
	case Token:
		return "Slack did not take our token"
	case Channel:
		return "Slack refused what was posted here"
	case Rate:
		return "Slack limited how much we post"
	}
	return ""
}

// controls says how many control checks pass.
func controls(n int) string {
	if n == 1 {
		return "our control check passes"
	}
	return "our " + strconv.Itoa(n) + " control checks pass"
}

// Back says that Slack has the updates again, for whoever was told elsewhere.
func Back(at, now time.Time, zone *time.Location) string {
	return "Slack takes updates again since " + clock(at, now, zone) + "; they go on there."
}

// Test is what a message says that tries a way; comes says on which occasions it is used,
// as a sentence.
func Test(company, way, comes string) Message {
	if company != "" {
		company = " of " + company
	}
	return Message{Lines: []Line{{Spans: []Span{{Text: "This is a test of the way " + strconv.Quote(way) + " by statusbot" + company + ". Nothing has happened.", Bold: true}}},
		{Spans: []Span{{Text: "Somebody ran "}, {Text: "statusbot doctor --send", Code: true}, {Text: ". " + comes}}}}}
}

// clock writes a time, with its date when it is not of the same day.
func clock(t, now time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	t, now = t.In(zone), now.In(zone)
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04 MST")
	}
	return t.Format("Mon 2 Jan 15:04 MST")
}
