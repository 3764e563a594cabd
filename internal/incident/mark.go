package incident

import (
	"slices"
	"strings"
	"time"
)

// Marked is an action that somebody tried, with what became of it.
type Marked struct {
	Event              // the mark
	Verdicts []Verdict // empty while nothing is written down
	JudgedAt time.Time // zero while nothing is written down
}

// effected returns the marks with the verdicts of one of them.
func effected(marks []Marked, e Event) []Marked {
	out := slices.Clone(marks)
	for n := range out {
		if out[n].Mark == e.Mark {
			out[n].Verdicts, out[n].JudgedAt = e.Verdicts, e.At
		}
	}
	return out
}

// maxText bounds what a person says with a mark or a note, in bytes: it is
// kept for good and shown in every timeline.
const maxText = 1000

// DoMark decides a mark. products are those of the incident that are hurt, and
// since is from when the minutes before the mark are to be compared.
func (l Log) DoMark(now time.Time, by, channel, text string, products []string, since time.Time) (Event, error) {
	inc, ok := l.In(channel)
	switch {
	case !ok:
		return Event{}, nothingToMark()
	case text == "":
		return Event{}, &Refusal{Sentence: "A mark says what was done.", Next: "For example: `mark restarted lb-3`."}
	}
	products = slices.DeleteFunc(slices.Clone(products), func(p string) bool { return !inc.About(p) })
	return Event{Incident: inc.ID, At: now, Kind: Mark, By: by, Mark: inc.marked + len(inc.Marks) + 1, Text: bounded(text), Products: products, Onset: since}, nil
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

// Ack decides that somebody looks into a product.
func (l Log) Ack(now time.Time, by, channel, product string) (Event, error) {
	inc, ok := l.In(channel)
	switch {
	case !ok:
		return Event{}, nothingToMark()
	case !inc.About(product):
		return Event{}, &Refusal{Sentence: "The incident of this channel is not about that product.", Next: "See what it is about with `timeline`."}
	case inc.Acks[product] == by:
		return Event{}, &Refusal{Sentence: "It is written down already that you look into it.", Next: "Say what you find with `note TEXT`."}
	}
	return Event{Incident: inc.ID, At: now, Kind: Acked, By: by, Product: product}, nil
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

func nothingToMark() *Refusal {
	return &Refusal{Sentence: "This channel has no incident now, so there is nothing to write it to.", Next: "Begin one with `start TITLE`."}
}

func bounded(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
