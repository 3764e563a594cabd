package incident

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What other systems tell, such as a deploy that is done or an alert that fires, is
// written on the desk first, whether an incident is open or not. From there the
// leader takes into each incident what belongs to it: a change as a mark, the effect
// of which is measured, anything else as a note.

// Limits of what other systems tell.
const (
	outsideAfter  = 6 * time.Hour   // how old it may be when it comes, and how long the desk keeps it
	outsideAhead  = 5 * time.Minute // how far another system's clock may be ahead of ours
	mostOutside   = 200             // that the desk keeps
	mostAtOnce    = 30              // of one system within atOnce
	atOnce        = 10 * time.Minute
	mostBefore    = 10 // from before an incident's opening that it takes
	outsidePrefix = "hook:"
)

// ErrTold is that the desk has it already.
var ErrTold = errors.New("that was told before")

// ErrTooMany is that one system tells too much at once.
var ErrTooMany = fmt.Errorf("more than %d within %d minutes are not taken from one system", mostAtOnce, atOnce/time.Minute)

// fromOutside is the By of what another system tells, of its name in the
// configuration.
func fromOutside(name string) string { return outsidePrefix + name }

// Outside reports whether another system told it, and no person; what may be asked
// of people, such as what they are called in Slack, is not asked then.
func (e Event) Outside() bool { return strings.HasPrefix(e.By, outsidePrefix) }

// OutsideName is the name of another system in the By of what it tells.
func OutsideName(by string) (name string, ok bool) { return strings.CutPrefix(by, outsidePrefix) }

// Telling is what another system tells.
type Telling struct {
	From     string // its name in the configuration
	Text     string // without secrets
	Key      string // the same thing told again has the same; empty: nothing is
	At       time.Time
	Change   bool     // something was done that may help or harm; otherwise something is so
	Products []string // ids of those that it is about; none: it does not say
}

// DoTell decides that the desk has what another system tells. ErrTold when it has,
// ErrTooMany, or a *Refusal.
func (l Log) DoTell(now time.Time, t Telling) (Event, error) {
	by := fromOutside(t.From)
	if t.Key != "" && slices.ContainsFunc(l.Desk.Outside, func(e Event) bool { return e.By == by && e.Key == t.Key }) {
		return Event{}, ErrTold
	}
	lately := 0
	for _, e := range l.Desk.Outside {
		if e.By == by && now.Sub(e.At) < atOnce {
			lately++
		}
	}
	at := t.At
	if at.IsZero() || at.After(now) && at.Sub(now) <= outsideAhead {
		at = now
	}
	switch {
	case strings.TrimSpace(t.Text) == "":
		return Event{}, &Refusal{Sentence: "It does not say what was done.", Next: `Send a text, such as "restarted lb-3".`}
	case at.After(now):
		return Event{}, &Refusal{Sentence: "That is still to come: " + asSaid(at, now) + ".", Next: "Tell it when it is done; are the clocks right?"}
	case now.Sub(at) > outsideAfter:
		return Event{}, &Refusal{Sentence: fmt.Sprintf("That was more than %d hours ago: %s.", outsideAfter/time.Hour, asSaid(at, now)), Next: "What was just done needs no time; in Slack a note can say what is older: `note TEXT`."}
	case lately >= mostAtOnce:
		return Event{}, ErrTooMany
	}
	kind := Told
	if t.Change {
		kind = Changed
	}
	return Event{Incident: DeskID, At: now, Kind: kind, By: by, Name: t.From, Text: bounded(t.Text), Done: at, Key: t.Key, Products: t.Products}, nil
}

// DoUntell decides that what one system told last is taken back: no incident takes
// it any more. A *Refusal where the desk has nothing of it.
func (l Log) DoUntell(now time.Time, from string) (Event, error) {
	by := fromOutside(from)
	for _, o := range slices.Backward(l.Desk.Outside) {
		if o.By == by {
			return Event{Incident: DeskID, At: now, Kind: Untold, By: by, Name: from, Text: o.Text, Taken: o.Seq}, nil
		}
	}
	return Event{}, &Refusal{Sentence: fmt.Sprintf("Nothing that %s told in the last %d hours is there to be taken back.", from, outsideAfter/time.Hour),
		Next: "In Slack, `unmark #2` takes a mark back by its number."}
}

// DoStrike decides that an incident's mark which was taken from the desk is withdrawn,
// since who told it took it back. Not ok where there is no such mark that stands, or
// it is too late.
func (l Log) DoStrike(now time.Time, id string, untold Event) (e Event, ok bool) {
	inc, found := l.Find(id)
	if !found || !inc.Open() && (inc.Folded || now.Sub(inc.EndedAt) > MarkAfter) {
		return Event{}, false
	}
	for _, m := range inc.Marks {
		if m.Taken == untold.Taken && m.By == untold.By && m.Stands() {
			return Event{Incident: inc.ID, At: now, Kind: Withdrawn, By: untold.By, Name: untold.Name, Mark: m.Mark, Text: m.Text}, true
		}
	}
	return Event{}, false
}

// told is the desk after one more thing that another system told.
func (d Desk) told(e Event) Desk {
	kept := make([]Event, 0, len(d.Outside)+1)
	for _, o := range append(slices.Clip(d.Outside), e) {
		if e.At.Sub(o.At) <= outsideAfter {
			kept = append(kept, o)
		}
	}
	d.Outside = kept[max(0, len(kept)-mostOutside):]
	return d
}

// Untaken is what the desk has that belongs into an incident which has not taken it
// yet, in the order in which it came: from an hour before its opening to its end, of
// what was before the opening the newest alone.
func (l Log) Untaken(inc Incident) []Event {
	var out []Event
	before := 0
	for _, e := range slices.Backward(l.Desk.Outside) {
		if e.Seq <= inc.taken {
			break // what came before it was taken, or did not belong
		}
		early := e.Done.Before(inc.OpenedAt)
		switch {
		case e.Done.Before(inc.OpenedAt.Add(-markBefore)), !inc.Open() && e.Done.After(inc.EndedAt):
			continue
		case len(e.Products) > 0 && !slices.ContainsFunc(e.Products, inc.About):
			continue
		case early && before == mostBefore:
			continue
		}
		if early {
			before++
		}
		out = append(out, e)
	}
	slices.Reverse(out)
	return out
}

// Take is the event by which an incident takes what the desk has of another system.
// Hurt are the products that were hurt when it was done, and since is from when the
// minutes before it are to be compared.
func (i Incident) Take(now time.Time, e Event, hurt []string, since time.Time) Event {
	out := Event{Incident: i.ID, At: now, Kind: Note, By: e.By, Name: e.Name, Text: e.Text, Taken: e.Seq}
	if d := now.Sub(e.Done); d >= time.Minute {
		out.Done = e.Done
	}
	if e.Kind != Changed {
		return out
	}
	out.Kind, out.Mark, out.Done = Mark, i.marked+len(i.Marks)+1, e.Done
	for _, p := range hurt {
		if i.About(p) && (len(e.Products) == 0 || slices.Contains(e.Products, p)) {
			out.Products = append(out.Products, p)
		}
	}
	if len(out.Products) > 0 {
		out.Onset = since
	}
	return out
}

// Bears reports whether a mark may have changed what is measured of another: what
// another system did to products that the other is not compared in has not.
func (m Marked) Bears(other Marked) bool {
	return !m.Outside() || slices.ContainsFunc(m.Products, func(p string) bool { return slices.Contains(other.Products, p) })
}

// Before reports whether it was done before the incident was opened and nothing was
// hurt then: it helped nothing, and may be what began it.
func (m Marked) Before(i Incident) bool {
	return m.Outside() && len(m.Products) == 0 && m.At.Before(i.OpenedAt)
}
