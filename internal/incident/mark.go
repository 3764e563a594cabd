package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Marked is an action that somebody tried, with what became of it.
type Marked struct {
	Event              // the mark; At is when it was done
	Verdicts []Verdict // empty while nothing is written down
	JudgedAt time.Time // zero while nothing is written down
	// WithdrawnAt is when its maker said that it was not done; zero if it was.
	// It stays in the list, and nothing is measured of it.
	WithdrawnAt time.Time
}

// Stands reports whether the mark was not withdrawn.
func (m Marked) Stands() bool { return m.WithdrawnAt.IsZero() }

// marking is a mark as of when it was done.
func marking(e Event) Marked {
	if !e.Done.IsZero() {
		e.At = e.Done
	}
	return Marked{Event: e}
}

// remarked returns the marks after what became of one of them.
func remarked(marks []Marked, e Event) []Marked {
	out := slices.Clone(marks)
	for n := range out {
		if out[n].Mark != e.Mark {
			continue
		}
		switch e.Kind {
		case Effect:
			out[n].Verdicts, out[n].JudgedAt = e.Verdicts, e.At
		case Withdrawn:
			out[n].WithdrawnAt = e.At
		case Corrected:
			out[n].Text = e.Text
			if !e.Done.IsZero() {
				out[n].At = e.Done
			}
		}
	}
	return out
}

// maxText bounds what a person says with a mark or a note, in bytes: it is
// kept for good and shown in every timeline.
const maxText = 1000

// ToMark is an action that somebody says was tried.
type ToMark struct {
	By, Channel string
	Text        string
	Done        time.Time // when; zero means now
	Thread      string    // ts of the message that it was said with; may be empty
	Products    []string  // ids of those that were hurt then
	Since       time.Time // from when the minutes before it are to be compared
}

// Bounds of when a mark may be made, and of what.
const (
	MarkAfter  = time.Hour // after the end: whoever did it was busy
	markBefore = time.Hour // before the opening: trouble is older than its detection
)

// DoMark decides a mark.
func (l Log) DoMark(now time.Time, m ToMark) (Event, error) {
	inc, ok := l.MarkIn(now, m.Channel)
	switch {
	case !ok:
		return Event{}, inc.noMarkIn()
	case m.Text == "":
		return Event{}, &Refusal{Sentence: "A mark says what was done.", Next: "For example: `mark restarted lb-3`, or `mark 13:50 restarted lb-3`."}
	}
	if err := inc.mayBeDone(now, m.Done); err != nil {
		return Event{}, err
	}
	products := slices.DeleteFunc(slices.Clone(m.Products), func(p string) bool { return !inc.About(p) })
	return Event{Incident: inc.ID, At: now, Kind: Mark, By: m.By, Mark: inc.marked + len(inc.Marks) + 1, Text: bounded(m.Text), Done: m.Done,
		Thread: m.Thread, Products: products, Onset: m.Since}, nil
}

// MarkIn returns the incident of a channel that can be marked: open, or ended a
// short while ago.
func (l Log) MarkIn(now time.Time, channel string) (Incident, bool) {
	inc, ok := l.Last(channel)
	return inc, ok && (inc.Open() || !inc.Folded && now.Sub(inc.EndedAt) <= MarkAfter)
}

// mayBeDone refuses a time that is none of the incident.
func (i Incident) mayBeDone(now, done time.Time) error {
	switch {
	case done.IsZero():
		return nil
	case done.After(now):
		return &Refusal{Sentence: "That is still to come.", Next: "Mark it when it is done: `mark restarted lb-3`."}
	case done.Before(i.OpenedAt.Add(-markBefore)):
		return &Refusal{Sentence: "That was more than an hour before this incident began: " + asSaid(done, now) + ".", Next: "Write it down without a measurement: `note TEXT`."}
	}
	return nil
}

// asSaid writes an instant that somebody named in the zone that it was read in, beside
// what it is there now: "Sun 29 Nov 13:50 EST, and now it is Mon 30 Nov 13:38". A time of
// day that was written too early is yesterday's, which nobody sees who is not told so.
func asSaid(at, now time.Time) string {
	const day = "Mon 2 Jan 15:04"
	zone, _ := at.Zone()
	if zone == "" || strings.ContainsAny(zone[:1], "+-") { // an offset alone, or a zone that has no letters
		zone = at.Format("UTC-07:00")
	}
	form := day
	if at.Year() != now.In(at.Location()).Year() {
		form = "Mon 2 Jan 2006 15:04"
	}
	return at.Format(form) + " " + zone + ", and now it is " + now.In(at.Location()).Format(day)
}

// mine is a mark that somebody made and that stands: of a number, or their
// last when it is 0. One that another system made is anybody's.
func (i Incident) mine(by string, number int) (Marked, error) {
	for _, m := range slices.Backward(i.Marks) {
		switch {
		case number == 0 && m.By == by && m.Stands(), number != 0 && m.Mark == number && (m.By == by || m.Outside()) && m.Stands():
			return m, nil
		case number != 0 && m.Mark == number && m.By != by && !m.Outside():
			return Marked{}, &Refusal{Sentence: "That mark is another person's.", Next: "Who made it can change it; say what you know with `note TEXT`."}
		}
	}
	return Marked{}, &Refusal{Sentence: "There is no such mark of yours.", Next: "All marks, with their numbers: `timeline`."}
}

// DoWithdraw decides that a mark was wrong: their last, or that of a number.
func (l Log) DoWithdraw(now time.Time, by, channel string, number int) (Event, error) {
	inc, ok := l.MarkIn(now, channel)
	if !ok {
		return Event{}, inc.noMarkIn()
	}
	m, err := inc.mine(by, number)
	if err != nil {
		return Event{}, err
	}
	return Event{Incident: inc.ID, At: now, Kind: Withdrawn, By: by, Mark: m.Mark, Text: m.Text}, nil
}

// DoCorrect decides that a mark says something else: their last, or that of a
// number; with another time only while nothing was measured of it.
func (l Log) DoCorrect(now time.Time, c ToMark, number int) (Event, error) {
	inc, ok := l.MarkIn(now, c.Channel)
	switch {
	case !ok:
		return Event{}, inc.noMarkIn()
	case c.Text == "":
		return Event{}, &Refusal{Sentence: "A mark says what was done.", Next: "For example: `correct restarted lb-4`."}
	}
	m, err := inc.mine(c.By, number)
	if err != nil {
		return Event{}, err
	}
	if !c.Done.IsZero() && len(m.Verdicts) > 0 {
		return Event{}, &Refusal{Sentence: "Its effect was measured already, so its time stays.", Next: "Withdraw it with `unmark`, and mark it again."}
	}
	if err := inc.mayBeDone(now, c.Done); err != nil {
		return Event{}, err
	}
	return Event{Incident: inc.ID, At: now, Kind: Corrected, By: c.By, Mark: m.Mark, Text: bounded(c.Text), Done: c.Done}, nil
}

// DoNote decides a note.
func (l Log) DoNote(now time.Time, by, channel, text string) (Event, error) {
	inc, ok := l.In(channel)
	switch {
	case !ok:
		return Event{}, nothingToMark()
	case text == "":
		return Event{}, &Refusal{Sentence: "A note says something.", Next: "For example: `note the vendor is on the call`."}
	}
	return Event{Incident: inc.ID, At: now, Kind: Note, By: by, Text: bounded(text)}, nil
}

// Pause decides that a channel's updates rest, or go on.
func (l Log) Pause(now time.Time, by, channel string, pause bool) (Event, error) {
	inc, ok := l.In(channel)
	switch {
	case !ok:
		return Event{}, nothingHere()
	case pause && !inc.PausedAt.IsZero():
		return Event{}, &Refusal{Sentence: "Updates of this channel are paused already.", Next: "Go on with `resume`, or end them with `stop`."}
	case !pause && inc.PausedAt.IsZero():
		return Event{}, &Refusal{Sentence: "Updates of this channel are not paused.", Next: "Let them rest with `pause`."}
	}
	kind := Resumed
	if pause {
		kind = Paused
	}
	return Event{Incident: inc.ID, At: now, Kind: kind, By: by}, nil
}

// noMarkIn says why a channel has no incident for marks, of which this is the last;
// one without a number where there was none.
func (i Incident) noMarkIn() *Refusal {
	if i.Number == 0 {
		return nothingToMark()
	}
	return &Refusal{Sentence: fmt.Sprintf("Incident %d ended more than an hour ago, and what was done can be marked until an hour after the end. Its marks stay as they are.", i.Number),
		Next: "All of them: `timeline`. Begin a new incident with `start TITLE`."}
}

func nothingToMark() *Refusal {
	return &Refusal{Sentence: "This channel has no incident now, so there is nothing to write it to.", Next: "Begin one with `start TITLE`."}
}

func bounded(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
