package ways

import (
	"context"
	"errors"
	"time"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/publish"
)

// When says on which occasions a way tells.
type When string

const (
	Always    When = "always"     // whatever is news
	SlackDown When = "slack_down" // what Slack has not taken for a while
	Worse     When = "worse"      // that an incident began, got worse or came back, and its end
)

// Way is one other way out of the house.
type Way struct {
	Name string // unique; part of the receipts' names
	Kind string // for people: "mail", "webhook", ...
	To   string // for people, without any secret: "kim@example.com and 2 more"; may be empty
	When When
	All  bool // tells every update, not news alone

	After   time.Duration // SlackDown: for how long Slack has not taken an update
	Gap     time.Duration // least time between two messages about one incident; the newest is told then
	Timeout time.Duration // of one try
	Sender  Sender
}

// Sender brings one notice out.
type Sender interface {
	// Send brings it out, or says why not: nil, *Partly, *Refused, *Limited, or what may pass. Its
	// errors hold no secret. A try that ctx ended counts as one without an answer.
	Send(ctx context.Context, n Notice) error
	// Knows reports whether the receiver tells two notices with one ID for one, so that
	// what may or may not have come is sent again.
	Knows() bool
	// Examine looks whether the receiver is there, and sends nothing to people. What it
	// saw is a phrase without its full stop.
	Examine(ctx context.Context) (saw string, err error)
}

// Kind is what has happened, of a notice.
type Kind string

const (
	Began Kind = "began" // the way tells the incident for the first time
	Grew  Kind = "worse" // it got worse, or came back
	Goes  Kind = "update"
	Ended Kind = "ended"
	Back  Kind = "slack_back" // Slack takes the updates again, and the way rests
	Test  Kind = "test"
)

// Notice is one message of a way.
type Notice struct {
	ID      string // the same whenever the same is sent again
	Thread  string // the same for all of one incident
	First   bool   // of its thread
	Kind    Kind
	Way     string
	Company string
	N       int // number of the update
	At      time.Time
	Now     time.Time
	Zone    *time.Location // of times in words; nil: UTC
	About   publish.About
	Says    elsewhere.Message
	Title   string            // one sentence of it, without what leads it
	Trouble elsewhere.Trouble // that Slack does not have it; zero: it has, or nobody looked
}

// Refused is a receiver's no, which the same message gets again: somebody has to look.
type Refused struct{ Says string }

func (e *Refused) Error() string { return e.Says }

// Partly is that it is told, and not to everybody who should have it.
type Partly struct{ Says string }

func (e *Partly) Error() string { return e.Says }

// Limited is that a receiver wants nothing for a while.
type Limited struct{ After time.Duration }

func (e *Limited) Error() string {
	return "it limits how much it takes, for " + e.After.Round(time.Second).String()
}

// errUnanswered says that it is not known whether a notice came: it was sent, and no answer was.
var errUnanswered = errors.New("no answer")

// comes says what comes by a way on these occasions.
func (w When) comes() string {
	switch w {
	case Always:
		return "Impact updates come here whether Slack works or not."
	case Worse:
		return "What comes here is that an incident began, got worse or came back, and its end."
	}
	return "When Slack does not take them, impact updates come here."
}

// NewTest is a message that tries a way.
func NewTest(w Way, company string, now time.Time) Notice {
	says := elsewhere.Test(company, w.Name, w.When.comes())
	id := idOf(w.Name, "test", now.Format(time.RFC3339Nano))
	return Notice{ID: id, Thread: id, First: true, Kind: Test, Way: w.Name, Company: company, At: now, Now: now, Says: says, Title: says.Title()}
}
