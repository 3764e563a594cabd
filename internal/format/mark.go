package format

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// maxQuote bounds what a person said where it stands in a line.
const maxQuote = 200

func quoted(text string) string { return "“" + escape(text, maxQuote) + "”" }

// MarkFacts is what the reply about one mark is made of.
type MarkFacts struct {
	Mark     incident.Marked // with its verdicts
	Marks    []incident.Marked
	Snapshot status.Snapshot
}

// MarkEffect tells what became of an action.
func MarkEffect(f MarkFacts) Message {
	c := clock{now: f.Snapshot.At, tz: f.Snapshot.Timezone}
	sentence := quoted(f.Mark.Text) + ": " + verdictWord(first(f.Mark.Verdicts)) + "."
	lines := []string{"*" + sentence + "*"}
	which := "The " + count(len(f.Mark.Products)) + " products that were hurt, together: "
	if len(f.Mark.Products) == 1 {
		which = productName(f.Snapshot, f.Mark.Products[0]) + ": "
	}
	lines = append(lines, which+comparison(first(f.Mark.Verdicts))+".")
	for _, v := range f.Mark.Verdicts[min(1, len(f.Mark.Verdicts)):] {
		line := "    " + productName(f.Snapshot, v.Product) + ": " + verdictWord(v) + " (" + comparison(v) + ")"
		if len(lines) == compactRows {
			lines = append(lines, "    and "+count(len(f.Mark.Products)-compactRows+2)+" more")
			break
		}
		lines = append(lines, line)
	}
	if o := c.overlaps(f.Mark, f.Marks); o != "" {
		lines = append(lines, o)
	}
	return limited(Message{Text: sentence, Blocks: append(sections(lines),
		Block{Context: "Marked by " + mention(f.Mark.By) + " " + c.at(f.Mark.At) + " · the first minute after it is left out · intervals hold 95 %"})})
}

// overlaps names the marks whose time of measurement a mark shares.
func (c clock) overlaps(m incident.Marked, all []incident.Marked) string {
	var near []string
	for _, o := range all {
		if d := o.At.Sub(m.At).Abs(); o.Mark != m.Mark && d < impact.EffectAfter {
			near = append(near, quoted(o.Text)+" ("+c.at(o.At)+")")
		}
	}
	const most = 3
	if len(near) == 0 {
		return ""
	}
	more := ""
	if len(near) > most {
		near, more = near[:most], " and "+count(len(near)-most)+" more"
	}
	return "Overlaps with " + strings.Join(near, ", ") + more + ": what is measured may be the doing of either. Minutes after a later mark are not counted."
}

func first(list []incident.Verdict) incident.Verdict {
	if len(list) == 0 {
		return incident.Verdict{}
	}
	return list[0]
}

// verdictWord is one of the three verdicts, or that there is none.
func verdictWord(v incident.Verdict) string {
	if v.Verdict == "" || v.Before.Tries == 0 || v.After.Tries == 0 {
		return "too little was measured to say"
	}
	return v.Verdict
}

// comparison says the figures of a verdict: "6.9 % -> 6.6 % (104/1,586 before,
// 98/1,480 after), difference -0.3 ± 1.6 points".
func comparison(v incident.Verdict) string {
	if v.Before.Tries == 0 || v.After.Tries == 0 {
		return fraction(v.Before) + " before, " + fraction(v.After) + " after"
	}
	s := arrow(v) + " (" + fraction(v.Before) + " before, " + fraction(v.After) + " after), " + difference(v)
	if v.Verdict == string(impact.NoEffect) {
		s += "; an effect up to " + points(hidden(v), v) + " points could hide"
	}
	return s
}

func fraction(c incident.Counts) string { return count(c.Failures) + "/" + count(c.Tries) }

func arrow(v incident.Verdict) string {
	return percent(v.Before.Share(), v.Before.Tries) + " -&gt; " + percent(v.After.Share(), v.After.Tries)
}

func difference(v incident.Verdict) string {
	return "difference " + points(v.Diff(), v) + " ± " + points(v.Margin, v) + " points"
}

// hidden is how large an effect could be there unseen.
func hidden(v incident.Verdict) float64 { return math.Abs(v.Diff()) + v.Margin }

// points writes a difference of shares in percentage points, with as many
// decimals as the fewer tries support.
func points(x float64, v incident.Verdict) string {
	d := decimals(min(math.Abs(x), v.Margin), min(v.Before.Tries, v.After.Tries))
	s := strconv.FormatFloat(100*x, 'f', d, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// lastMark is the line of an update about what was tried last.
func (v view) lastMark(inc incident.Incident) string {
	if len(inc.Marks) == 0 {
		return ""
	}
	m := inc.Marks[len(inc.Marks)-1]
	return "Last mark: " + v.at(m.At) + " " + quoted(m.Text) + " by " + mention(m.By) + ": " + outcome(m, v.now) + v.notForLong(m, inc) + "."
}

// notForLong says of a mark that helped that it failed again since.
func (v view) notForLong(m incident.Marked, inc incident.Incident) string {
	again := inc.AgainAt()
	if first(m.Verdicts).Verdict != string(impact.Helped) || !again.After(m.At) {
		return ""
	}
	return "; it failed again " + v.at(again)
}

// outcome says in a few words what became of a mark.
func outcome(m incident.Marked, now time.Time) string {
	switch {
	case len(m.Verdicts) > 0 && verdictWord(m.Verdicts[0]) == m.Verdicts[0].Verdict:
		return m.Verdicts[0].Verdict + " (" + arrow(m.Verdicts[0]) + ", " + difference(m.Verdicts[0]) + ")"
	case len(m.Verdicts) > 0:
		return verdictWord(m.Verdicts[0])
	case len(m.Products) == 0:
		return "nothing was hurt then, so nothing is compared"
	case now.Sub(m.At) < impact.EffectAfter:
		return "its effect is told when it is known, at the latest " + span(m.At.Add(impact.EffectAfter).Sub(now)) + " from now"
	default:
		return "its effect is not known"
	}
}

// Marked tells the person who marked an action what follows.
func Marked(text string, hurt int, command string) Message {
	next := "Whether it helped is told in the thread of the update as soon as the figures allow, within 30 min."
	if hurt == 0 {
		next = "Nothing is hurt now, so there is nothing to compare."
	}
	return say("Marked: "+quoted(text)+".", next, "All that was done: "+typed(command, "timeline"))
}

// Noted tells the person who wrote a note that it is kept.
func Noted(text, command string) Message {
	return say("Noted: "+quoted(text)+".", "It is on the "+typed(command, "timeline")+" of this channel's incident.")
}

// Acked tells the person who looks into a product that it is known.
func Acked(product, command string) Message {
	return say("Written down: you look into "+name(product)+". The next update says so.", "What you try: "+typed(command, "mark TEXT")+" · what you find: "+typed(command, "note TEXT"))
}

// Paused tells the person who asked that updates rest, or go on.
func Paused(paused bool, command string) Message {
	if paused {
		return say("Updates of this channel are paused; worsening is not told either.", "Go on with "+typed(command, "resume")+". The end is told all the same.")
	}
	return say("Updates of this channel go on, the next one at once.", "Let them rest with "+typed(command, "pause")+".")
}

// HowToMark says what to type, where no form can be opened.
func HowToMark(command string) Message {
	return say("Type what was done: "+typed(command, "mark restarted lb-3")+".", "Whether it helped is told when the figures allow, within 30 min.")
}

func productName(s status.Snapshot, id string) string {
	for _, p := range s.Products {
		if p.ID == id {
			return name(p.Name)
		}
	}
	return name(id)
}

// FormMark is the callback_id of the form in which an action is marked.
const FormMark = ActionMark

// MarkForm asks what was done; metadata comes back with what was typed, done is
// what the input holds at first.
func MarkForm(metadata, done string) Form {
	return Form{ID: FormMark, Title: "Mark an action", Submit: "Mark", Metadata: metadata, Inputs: []Input{{ID: "what", Label: "What was done?",
		Hint:        "The minutes before and after it are compared; whether it helped is told within 30 min.",
		Placeholder: "restarted lb-3", Initial: plainText(done, maxMarked, "")}}}
}

// maxMarked is how much of a message a mark takes over, in characters.
const maxMarked = 300
