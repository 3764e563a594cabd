package format

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// maxQuote bounds what a person said where it stands in a line.
const maxQuote = 200

func quoted(said string) string { return "“" + text.Escape(said, maxQuote) + "”" }

// MarkFacts is what the reply about one mark is made of.
type MarkFacts struct {
	Mark     incident.Marked // with its verdicts
	Marks    []incident.Marked
	Snapshot status.Snapshot
}

// MarkEffect tells what became of an action.
func MarkEffect(f MarkFacts) Message {
	c := clockOf(f.Snapshot.At, f.Snapshot.Timezone).counting(f.Snapshot.Window)
	sentence := quoted(f.Mark.Text) + ": " + text.Verdict(text.Overall(f.Mark.Verdicts)) + together(f.Mark.Verdicts) + "."
	lines := []string{"*" + sentence + "*"}
	which := "The " + text.Count(len(f.Mark.Products)) + " products that were hurt, together: "
	if len(f.Mark.Products) == 1 {
		which = productName(f.Snapshot, f.Mark.Products[0]) + ": "
	}
	figures := which + text.Comparison(text.Overall(f.Mark.Verdicts)) + "."
	switch impact.EffectVerdict(text.Verdict(text.Overall(f.Mark.Verdicts))) {
	case impact.WorseSince:
		figures += " It may be chance of timing."
	case impact.BetterSince:
		figures += " It may have come by itself."
	}
	lines = append(lines, figures)
	lines = append(lines, eachVerdict(f)...)
	if o := c.overlaps(f.Mark, f.Marks, f.Snapshot.Window); o != "" {
		lines = append(lines, o)
	}
	return limited(Message{Text: sentence, Blocks: append(sections(lines),
		Block{Context: "Marked by " + called(cmp.Or(f.Mark.Name, f.Mark.By)) + " " + c.When(f.Mark.At) + " · the first " + unitOf(f.Snapshot.Window) + " after it is left out · intervals hold 95 %"})})
}

// together says that no effect is discernible on all, where on one of them it is and said below.
func together(list []incident.Verdict) string {
	if text.Overall(list).Verdict != string(impact.NoEffect) {
		return ""
	}
	for _, v := range list[min(1, len(list)):] {
		if text.Judged(v) && text.Judged(list[0]) && text.Verdict(v) != text.Verdict(list[0]) {
			return " on the " + text.Plural(len(list)-1, "product") + " together"
		}
	}
	return ""
}

// eachVerdict tells the products one by one: those of the same verdict in one
// line, with figures where it has only one.
func eachVerdict(f MarkFacts) []string {
	const most = 5 // names in a line
	var order []string
	of := map[string][]incident.Verdict{}
	for _, v := range f.Mark.Verdicts[min(1, len(f.Mark.Verdicts)):] {
		word := text.Verdict(v)
		if len(of[word]) == 0 {
			order = append(order, word)
		}
		of[word] = append(of[word], v)
	}
	var lines []string
	for _, word := range order {
		list := of[word]
		if len(list) == 1 {
			lines = append(lines, "    "+productName(f.Snapshot, list[0].Product)+": "+word+" ("+text.Comparison(list[0])+")")
			continue
		}
		var names []string
		for _, v := range list[:min(len(list), most)] {
			names = append(names, productName(f.Snapshot, v.Product)+" "+text.Change(v))
		}
		line := "    " + strings.Join(names, ", ")
		if more := len(list) - len(names); more > 0 {
			line += " and " + text.Count(more) + " more"
		}
		lines = append(lines, line+": "+word)
	}
	return lines
}

// unitOf is what effects are counted in, after "the first".
func unitOf(window time.Duration) string {
	if u := impact.EffectUnit(window); u < time.Minute {
		return text.Span(u)
	}
	return "minute"
}

// overlaps names the marks whose time of measurement a mark shares: those a little before it,
// which may work on, and the one after it, from which on nothing is counted.
func (c clock) overlaps(m incident.Marked, all []incident.Marked, window time.Duration) string {
	var near []string
	next := ""
	for _, o := range all {
		if d := o.At.Sub(m.At); o.Mark == m.Mark || !o.Stands() || !o.Bears(m) || d.Abs() >= impact.EffectWithin(window) {
			continue
		} else if what := quoted(o.Text) + " (" + c.When(o.At) + ")"; d <= 0 {
			near = append(near, what)
		} else if next == "" {
			next = "What came after " + what + " is not counted."
		}
	}
	const most = 3
	if len(near) == 0 {
		return next
	}
	more := ""
	if len(near) > most {
		near, more = near[:most], " and "+text.Count(len(near)-most)+" more"
	}
	return strings.Join(text.NonEmpty("A little before it came "+strings.Join(near, ", ")+more+": what is measured may be the doing of either.", next), " ")
}

// maxTried bounds an action in the line of an update.
const maxTried = 80

// lastMark is the line of an update about what was tried last: "Tried: 20:56
// “restarted edge-lb-2” (Ana): no discernible effect (8.3 % -> 8.6 %, ...)".
func (v view) lastMark(inc incident.Incident) string {
	m, ok := lastStanding(inc.Marks)
	if !ok {
		return ""
	}
	what := v.When(m.At) + " “" + text.Escape(m.Text, maxTried) + "” (" + called(inc.Called(m.By)) + ")"
	line := "Tried: " + what + ": " + outcome(m, v.Now, v.Window) + v.notForLong(m, inc)
	switch {
	case m.Before(inc):
		line = "Changed before it: " + what + ", " + text.Span(inc.OpenedAt.Sub(m.At)) + " before this incident began"
	case m.Outside():
		line = "Changed: " + strings.TrimPrefix(line, "Tried: ")
	}
	if n := standing(inc.Marks) - 1; n > 0 {
		line += "; " + text.Count(n) + " before that"
	}
	return line + "."
}

// standing counts the marks that were not withdrawn.
func standing(marks []incident.Marked) int {
	n := 0
	for _, m := range marks {
		n += one(m.Stands())
	}
	return n
}

// lastStanding is the mark of what was done last and not withdrawn. What another
// system did while nothing of it was hurt is told only where nothing else is.
func lastStanding(marks []incident.Marked) (last incident.Marked, ok bool) {
	aside := func(m incident.Marked) bool { return m.Outside() && len(m.Products) == 0 }
	for _, m := range marks {
		switch {
		case !m.Stands(), ok && aside(m) && !aside(last):
		case !ok, aside(last) && !aside(m), !m.At.Before(last.At):
			last, ok = m, true
		}
	}
	return last, ok
}

// notForLong says of a mark that helped that it failed again since.
func (v view) notForLong(m incident.Marked, inc incident.Incident) string {
	if text.Overall(m.Verdicts).Verdict != string(impact.Helped) || !inc.Since(m.Event, incident.Relapsed, incident.Reopened) || inc.Another() {
		return ""
	}
	return "; it failed again " + v.When(inc.AgainAt())
}

// outcome says in a few words what became of a mark.
func outcome(m incident.Marked, now time.Time, window time.Duration) string {
	switch {
	case !m.Stands():
		return "withdrawn"
	case len(m.Verdicts) > 0 && text.Judged(m.Verdicts[0]):
		return text.Verdict(m.Verdicts[0]) + " (" + text.Change(m.Verdicts[0]) + ", " + text.Difference(m.Verdicts[0]) + ")"
	case len(m.Verdicts) > 0:
		return text.Verdict(m.Verdicts[0])
	case len(m.Products) == 0:
		return "nothing was hurt then, so nothing is compared"
	case now.Sub(m.At) < impact.EffectWithin(window):
		return "its effect is told when it is known, at the latest " + text.Span(m.At.Add(impact.EffectWithin(window)).Sub(now)) + " from now"
	default:
		return "its effect is not known"
	}
}

// MarkedFacts is a mark as it was just written down.
type MarkedFacts struct {
	Mark     incident.Event
	Now      time.Time
	Timezone *time.Location
	Command  string
	Window   time.Duration // as status.Snapshot has it
	Until    time.Time     // until when it can still be marked, after the end; zero while the incident goes on
}

// Marked tells the person who marked an action what follows.
func Marked(f MarkedFacts) Message {
	when := ""
	if !f.Mark.Done.IsZero() {
		when = ", done " + clockOf(f.Now, f.Timezone).When(f.Mark.Done)
	}
	where := "in the thread of the update"
	if f.Mark.Thread != "" {
		where = "in the thread where you said it"
	}
	next := "Whether it helped is told " + where + " as soon as the figures allow, within " + text.Span(impact.EffectWithin(f.Window)) + "."
	if len(f.Mark.Products) == 0 {
		next = "Nothing was hurt then, so there is nothing to compare."
	}
	if !f.Until.IsZero() {
		next += " The incident is over; what was done can be marked until " + clockOf(f.Now, f.Timezone).When(f.Until) + "."
	}
	return say("Marked: "+quoted(f.Mark.Text)+when+".", next, "Not so? "+typed(f.Command, "correct "+markNo(f.Mark.Mark)+" TEXT")+" or "+typed(f.Command, "unmark "+markNo(f.Mark.Mark))+" · all that was done: "+typed(f.Command, "timeline"))
}

// markNo is a mark's number as it is typed.
func markNo(n int) string { return "#" + strconv.Itoa(n) }

// MarkWhat asks what was done at a time.
func MarkWhat(command, when string) Message {
	return say("Say as well what was done "+text.Code(when, 40)+". Nothing was written down.", "For example: "+typed(command, "mark "+when+" restarted lb-3"))
}

// MarkWhen asks for the time of what was done where what was said of it is none
// that the minutes before and after can be compared at.
func MarkWhen(command, verb, when, what string) Message {
	return say(text.Code(when, 40)+" is no time that I can measure at, so nothing was written down.",
		"Say the minute, as near as you know it: "+typed(command, verb+" 13:50 "+text.Cut(what, 60))+"; or without a measurement: "+typed(command, "note TEXT"))
}

// Unmarked tells the person who withdrew a mark that it is.
func Unmarked(number int, said, command string) Message {
	return say("Withdrawn: " + quoted(said) + ". It stays on the " + typed(command, "timeline") + " as " + markNo(number) + ", struck through, and its effect is not told.")
}

// Corrected tells the person who corrected a mark what it says now.
func Corrected(f MarkedFacts) Message {
	when := ""
	if !f.Mark.Done.IsZero() {
		when = ", done " + clockOf(f.Now, f.Timezone).When(f.Mark.Done)
	}
	return say("Corrected: it now says " + quoted(f.Mark.Text) + when + ". What it said before stays on the " + typed(f.Command, "timeline") + ", at " + markNo(f.Mark.Mark) + ".")
}

// HowToUnmark answers a withdrawal that names no mark.
func HowToUnmark(command string) Message {
	return say("Say which mark by its number: "+typed(command, "unmark #2")+", or "+typed(command, "unmark")+" for your last.", "All marks, with their numbers: "+typed(command, "timeline"))
}

// Noted tells the person who wrote a note that it is kept.
func Noted(text, command string) Message {
	return say("Noted: "+quoted(text)+".", "It is on the "+typed(command, "timeline")+" of this channel's incident.")
}

// Paused tells the person who asked that updates rest, or go on.
func Paused(paused bool, command string) Message {
	if paused {
		return say("Updates of this channel are paused; worsening is not told either.", "Go on with "+typed(command, "resume")+". The end is told all the same.")
	}
	return say("Updates of this channel go on, the next one at once.", "Let them rest with "+typed(command, "pause")+".")
}

// HowToMark says what to type, where no form can be opened.
func HowToMark(command string, window time.Duration) Message {
	return say("Type what was done: "+typed(command, "mark restarted lb-3")+".", "Whether it helped is told when the figures allow, within "+text.Span(impact.EffectWithin(window))+".")
}

func productName(s status.Snapshot, id string) string {
	for _, p := range s.Products {
		if p.ID == id {
			return text.Name(p.Name)
		}
	}
	return text.Name(id)
}

// FormMark is the callback_id of the form in which an action is marked.
const FormMark = ActionMark

// MarkForm asks what was done; metadata comes back with what was typed, done is
// what the input holds at first, window what effects are measured in.
func MarkForm(metadata, done string, window time.Duration) Form {
	return Form{ID: FormMark, Title: "Mark an action", Submit: "Mark", Metadata: metadata, Inputs: []Input{{ID: "what", Label: "What was done?",
		Hint:        "What was before and after it is compared; whether it helped is told within " + text.Span(impact.EffectWithin(window)) + ".",
		Placeholder: "restarted lb-3", Initial: text.Plain(done, maxMarked, "")}}}
}

// maxMarked is how much of a message a mark takes over, in characters.
const maxMarked = 300
