package format

import (
	"cmp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TimelineFacts is what a timeline is made of.
type TimelineFacts struct {
	Incident incident.Incident
	Desk     []incident.Event // what was muted from the incident's channel, oldest first
	Snapshot status.Snapshot  // of all products, for their names
	Quiet    News             // of the incident, by QuietNow; zero: it is not, or it does not matter
	Command  string
}

// Timeline tells everything that happened in an incident: who did what, what
// was posted, what changed and why. The newest is last; what does not fit is
// counted at the beginning.
func Timeline(f TimelineFacts) Message {
	inc := f.Incident
	c := clockOf(f.Snapshot.At, f.Snapshot.Timezone).counting(f.Snapshot.Window)
	events := incident.Merge(inc.Timeline(), f.Desk)
	sentence := timelineSentence(c, inc)
	lines := c.log(events, inc, f.Snapshot)
	kept, room := len(lines), roomy
	for kept > 0 {
		if room -= text.Units(lines[kept-1]) + 1; room < 0 {
			break
		}
		kept--
	}
	shown := lines[kept:]
	if kept > 0 {
		shown = append([]string{"… " + text.Count(kept) + " earlier"}, shown...)
	}
	if part := c.inPart(inc, inc.OpenedAt, f.Command); part != "" {
		shown = append([]string{part}, shown...)
	}
	blocks := sections(append([]string{"*" + sentence + "*"}, shown...))
	blocks = append(blocks, Block{Context: "As of " + c.Token(c.Now, false) + " · what changed lately: " + typed(f.Command, "since 2h")})
	return limited(Message{Text: sentence, Blocks: append(blocks, Block{Actions: again(valueTimeline)})})
}

// timelineSentence says of which incident a timeline is, and for how long that went on.
func timelineSentence(c clock, inc incident.Incident) string {
	sentence := "Timeline of incident " + text.Count(inc.Number)
	if t := text.Escape(inc.Title, 150); t != "" {
		sentence += " “" + t + "”"
	}
	if inc.Open() {
		sentence += ", open for " + text.Span(c.Now.Sub(inc.OpenedAt))
		if inc.Proving() {
			sentence += ", the recovery is being proven"
		}
		sentence += "."
	} else {
		sentence += ", ended after " + text.Span(inc.EndedAt.Sub(inc.OpenedAt)) + "."
	}
	return sentence
}

// inPart says that what happened in an incident since an instant is not all at
// hand, and where it is; empty where all is.
func (c clock) inPart(inc incident.Incident, since time.Time, command string) string {
	if inc.AtHandSince().IsZero() || inc.Reaches(since) {
		return ""
	}
	return "… Before " + c.When(inc.AtHandSince()) + " this is a part: the log is too long to be read at once. All of it: " + typed(command, "report")
}

// log is a line for each event; regular edits in a row are one line.
func (c clock) log(events []incident.Event, inc incident.Incident, s status.Snapshot) []string {
	var lines []string
	edits := 0 // regular ones in a row, that the last line tells
	var from incident.Event
	troubles := text.Troubles{}
	for _, e := range events {
		switch e.Kind {
		case incident.Level:
			e = troubles.Read(e)
		case incident.Entered:
			continue // what it tells has a line
		case incident.Update:
			if e.Post != e.N && !e.Replies() && (e.Why == incident.WhoLooks || e.Why == incident.WhatPeopleSay) {
				continue // what was said has a line
			}
		}
		if e.Kind == incident.Update && e.Post != e.N && e.Why == regular {
			if edits++; edits == 1 {
				from = e
				lines = append(lines, c.entry(e, inc, s))
			} else {
				lines[len(lines)-1] = c.When(from.At) + " to " + c.When(e.At) + " updates #" + text.Count(from.N) + " to #" + text.Count(e.N) +
					" edited in place (no news)"
			}
			continue
		}
		edits = 0
		lines = append(lines, c.entry(e, inc, s))
	}
	return lines
}

// regular is the reason of an update without news.
const regular = "regular update"

// Entry is the reply in an incident's thread that tells what somebody wrote down,
// as its timeline does.
func Entry(e incident.Event, inc incident.Incident, s status.Snapshot) Message {
	c := clockOf(s.At, s.Timezone).counting(s.Window)
	line := c.happened(e, inc, s)
	return limited(Message{Text: line, Blocks: sections([]string{line})})
}

// entry is the line of one event.
func (c clock) entry(e incident.Event, inc incident.Incident, s status.Snapshot) string {
	return c.When(e.At) + " " + c.happened(e, inc, s)
}

// happened tells an event: what became of the incident, or what somebody did.
func (c clock) happened(e incident.Event, inc incident.Incident, s status.Snapshot) string {
	by := "statusbot"
	if e.By != "" {
		by = called(cmp.Or(e.Name, inc.Called(e.By)))
	}
	why := ""
	if w := text.Escape(e.Why, 300); w != "" {
		why = ": " + w
	}
	product := aboutWhat(e, s)
	switch e.Kind {
	case incident.Opened:
		about := ""
		if len(e.Products) > 0 {
			about = ", about " + productNames(s, e.Products)
		}
		return by + " began updates " + incident.Paced(e.Every) + about + why
	case incident.Reopened:
		return by + " began updates again, the trouble came back" + why
	case incident.Resolved:
		return by + " ended updates" + why
	case incident.Proving:
		return "no product fails at the incident's rate any more; not proven yet: " + productNames(s, e.Products)
	case incident.Relapsed:
		if inc.AnotherAt(e) {
			return "another trouble" + why
		}
		return "failing again" + why
	case incident.Proven:
		return "recovery proven: " + productNames(s, e.Products) + why
	case incident.Flapping:
		return "*" + product + "* flaps" + why
	case incident.Steady:
		return "*" + product + "* flaps no more" + why
	case incident.Rate, incident.Quiet:
		return c.stepped(e) + why
	case incident.Level:
		return c.leveled(e, inc, product, why)
	case incident.Update:
		return updateSent(e, why)
	case incident.Redrawn:
		return "update #" + text.Count(e.N) + " told as of then: a crash had kept it back"
	case incident.Effect:
		return effectKnown(e, inc)
	case incident.Reminded:
		return "who began it was told that nobody writes anything down"
	}
	if m, ok := markOf(inc, e); ok {
		return c.marked(e, m, by)
	}
	return c.done(e, by, called(inc.Called(e.Proposer)), product, why)
}

// aboutWhat names what an event is about: a product, several of them, or a check of one.
func aboutWhat(e incident.Event, s status.Snapshot) string {
	product := productName(s, e.Product)
	if e.Product == "" && len(e.Products) > 0 {
		product = productNames(s, e.Products)
	}
	if e.Check != "" {
		product += " " + text.Code(e.Check, 60)
	}
	return product
}

// leveled tells that the level of a product changed, and since when it is so.
func (c clock) leveled(e incident.Event, inc incident.Incident, product, why string) string {
	line := "*" + product + "*: " + levelName(e.From, e.Failed, e.WasSlow) + " → " + levelName(e.To, e.Failed, e.Slow) + why
	if !e.Onset.IsZero() && impact.Level(e.To).Hurt() {
		line += " (began " + c.When(e.Onset) + ")"
	}
	if began := inc.BeganOf(e); !began.IsZero() {
		line += " (it had begun " + c.When(began) + ")"
	}
	return line
}

// updateSent tells how an update came to its readers.
func updateSent(e incident.Event, why string) string {
	number := "update #" + text.Count(e.N)
	switch {
	case e.Replies() && e.Loud:
		return number + " told in the thread and the channel" + why
	case e.Replies():
		return number + " told in the thread" + why
	case e.Post == e.N:
		return number + " posted" + why
	case e.Why == regular:
		why = " (no news)"
	}
	return number + " edited in place" + why
}

// effectKnown tells the verdict on a mark.
func effectKnown(e incident.Event, inc incident.Incident) string {
	said := ""
	for _, m := range inc.Marks {
		if m.Mark == e.Mark {
			said = quoted(m.Text) + " "
		}
	}
	v := text.Overall(e.Verdicts)
	return "effect of " + said + "known: " + text.Verdict(v) + " (" + text.Comparison(v) + ")"
}

// markOf is the mark that an event makes, corrects or withdraws.
func markOf(inc incident.Incident, e incident.Event) (incident.Marked, bool) {
	switch e.Kind {
	case incident.Mark, incident.Corrected, incident.Withdrawn:
		for _, m := range inc.Marks {
			if m.Mark == e.Mark {
				return m, true
			}
		}
		return incident.Marked{Event: e}, true
	}
	return incident.Marked{}, false
}

// marked tells what somebody did about a mark. One that was withdrawn is
// struck through; what it said first stays.
func (c clock) marked(e incident.Event, m incident.Marked, by string) string {
	number, when := " #"+text.Count(e.Mark)+" ", ""
	if !e.Done.IsZero() {
		when = ", done " + c.When(e.Done)
	}
	switch {
	case e.Kind == incident.Corrected:
		return by + " corrected mark" + number + "to " + quoted(e.Text) + when
	case e.Kind == incident.Withdrawn:
		return by + " withdrew mark" + number + quoted(e.Text)
	case !m.Stands():
		return by + " marked" + number + "~" + quoted(e.Text) + "~" + when + " (withdrawn)"
	}
	return by + " marked" + number + quoted(e.Text) + when
}

// done tells what a person did about an incident, or the bot in their stead.
func (c clock) done(e incident.Event, by, proposer, product, why string) string {
	if said := c.said(e, by); said != "" {
		return said
	}
	switch e.Kind {
	case incident.Cadence:
		return by + " set updates to " + incident.Paced(e.Every)
	case incident.Paused:
		return by + " paused updates"
	case incident.Resumed:
		return by + " let updates go on"
	case incident.Acked:
		return by + " looks into " + product
	case incident.Unacked:
		return by + " no longer looks into " + product
	case incident.Accepted:
		return by + " accepted the check " + product + ", proposed by " + proposer + "; it runs"
	case incident.Declined:
		return by + " declined the check " + product + ", proposed by " + proposer
	case incident.Removed:
		return by + " removed the check " + product + ", which was added here"
	case incident.Mute:
		if e.Begins.After(e.At) {
			return by + " planned maintenance of " + product + " from " + c.When(e.Begins) + " " + c.untilOn(e.Begins, e.Until) + why
		}
		if e.By == "" && e.Name == "" {
			return product + " went into maintenance until " + c.When(e.Until) + ", as configured" + why
		}
		return by + " muted " + product + " until " + c.When(e.Until) + why
	case incident.Unmute:
		if e.By == "" {
			return "the mute of " + product + " ended by itself"
		}
		return by + " ended the mute of " + product
	}
	return by + " did " + text.Code(string(e.Kind), 40) // of a later version
}

func productNames(s status.Snapshot, ids []string) string {
	const most = 5
	var out []string
	for _, id := range ids[:min(len(ids), most)] {
		out = append(out, productName(s, id))
	}
	line := strings.Join(out, ", ")
	if more := len(ids) - most; more > 0 {
		line += " and " + text.Count(more) + " more"
	}
	return line
}

// levelName is a stored level in words; failed is what failed of the tries in an
// outage, slow that a trouble is slowness.
func levelName(level string, failed *incident.Counts, slow bool) string {
	return text.Told(cmp.Or(impact.Level(level), impact.OK), failed, slow)
}

// NoIncident answers who asks for the story of a channel that has none: with the incidents
// that are open in others.
func NoIncident(s status.Snapshot, open []incident.Incident, command string) Message {
	const sentence = "This channel has had no incident yet."
	if len(open) == 0 {
		return say(sentence, "Begin one with "+typed(command, "start TITLE")+".")
	}
	var elsewhere []OpenIncident
	for _, inc := range open {
		elsewhere = append(elsewhere, OpenIncident{Incident: inc})
	}
	lines := look(s, incident.Incident{}, false).openIncidents(elsewhere)
	return say(sentence+" Elsewhere:", lines[1:]...)
}

// NotATime answers a time that could not be read, in the words of somebody who may have asked
// for something else.
func NotATime(command, said string, products []status.Product) Message {
	sentence := text.Code(said, 80) + " is not a time in the past."
	if strings.TrimSpace(said) == "" {
		sentence = "Say since when."
	}
	return say(sentence, "For example: "+typed(command, "since 01:30")+", "+typed(command, "since 2h")+", "+typed(command, "since yesterday 18:00")+", "+
		typed(command, "since my last message")+".", andHelp(command, products))
}

// NoLastMessage answers who asked since their last message, when it is not
// known. cannot: the bot may not read the channel.
func NoLastMessage(command string, cannot bool) Message {
	sentence := "You wrote nothing in this channel in the last 7 days that is to be found."
	if cannot {
		sentence = "statusbot may not look for your last message: its Slack app cannot read this conversation."
	}
	return say(sentence, "Say a time instead: "+typed(command, "since 2h")+".")
}
