package format

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// UpdateFacts is what one numbered update is made of.
type UpdateFacts struct {
	N        int // number of the update, from 1
	Snapshot status.Snapshot
	Incident incident.Incident // its LastUpdate is the one to compare with, N 0 when there is none
	Next     time.Time         // when the next regular update comes; zero when the incident ended
	Ended    bool
	EndedBy  string // Slack user id; empty when statusbot found that all is well
	OpenedBy string // Slack user id; empty when statusbot detected the trouble
	First    bool   // nothing was told before
	News     News   // what it is posted for, where that is more than a level
}

// Update is the impact update of an incident's channel.
func Update(u UpdateFacts) Message {
	inc := u.Incident
	if u.First {
		inc.LastUpdate = incident.Event{}
	}
	v := look(u.Snapshot, inc, u.Ended || inc.Calm())
	overnight := !u.Incident.OpenedAt.IsZero() && !v.SameDay(u.Incident.OpenedAt, v.Now)
	for _, p := range v.hurt {
		overnight = overnight || !p.Onset.IsZero() && !v.SameDay(p.Onset, v.Now)
	}

	sentence := v.updateSentence(u)
	asOf, asOfPlain := "as of "+v.Token(v.Now, overnight), "As of "+v.UTC(v.Now, overnight)
	switch {
	case u.Ended:
	case !u.Incident.PausedAt.IsZero():
		asOf += " · updates are paused by " + text.Mention(u.Incident.PausedBy)
		asOfPlain += ", updates are paused"
	case !u.Next.IsZero():
		asOf += " · next " + v.When(u.Next)
		asOfPlain += ", next " + v.Plain(u.Next)
	}
	lines := append([]string{v.worst() + " *" + sentence + "*", asOf}, text.NonEmpty(v.figures())...)
	lines = append(lines, v.table()...)
	lines = append(lines, text.NonEmpty(v.cause(), v.lookedInto(u.Incident), v.lastMark(u.Incident))...)
	blocks := sections(lines)
	blocks = append(blocks, Block{Context: v.about(u)})
	blocks = append(blocks, Block{Actions: v.updateActions(u)})
	return limited(Message{Text: sentence + v.roll() + " " + asOfPlain + ".", Blocks: blocks})
}

// table is the part of a message that tells product by product.
func (v view) table() []string {
	lines := v.rows()
	lines = append(lines, v.recoveredRows()...)
	return append(lines, v.rest()...)
}

// updateSentence is the sentence that carries the meaning.
func (v view) updateSentence(u UpdateFacts) string {
	if u.Ended {
		return v.endSentence(u)
	}
	if u.Incident.Proving() && v.AllWell() && v.awaits() {
		what, beside := v.whatIsWell()
		return "No longer failing at the incident's rate: " + what + strings.TrimSuffix(beside, ",") + ". " + v.proving() + " (update #" + text.Count(u.N) + ")."
	}
	s := "Impact update #" + text.Count(u.N) + ": "
	if news := v.newsSentence(u.News); news != "" {
		return s + news
	}
	switch told := v.inc.LastUpdate; {
	case u.First:
	case len(v.hurt) > 0 && u.Incident.Since(told, incident.Relapsed):
		s += "failing again, "
	case u.Incident.Calm() && !u.Incident.ProvenAt.IsZero() && u.Incident.Since(told, incident.Proven):
		s += "recovered, "
	}
	s += v.headline(", ") + "."
	if t := v.trend(); t != "" {
		s += " " + t
	}
	return s
}

func (v view) endSentence(u UpdateFacts) string {
	by := "Updates end"
	if u.EndedBy != "" {
		by = "Updates ended by " + text.Mention(u.EndedBy)
	}
	number := " (update #" + text.Count(u.N) + ")."
	down, failing, slow := v.levels()
	switch {
	case down+failing+slow > 0:
		still := "still degraded"
		switch {
		case failing+slow == 0:
			still = "still down"
		case down > 0:
			still = "still down or degraded"
		case failing == 0:
			still = "still slow"
		}
		return by + "; " + still + ": " + names(v.hurt, nameOf) + number
	case len(v.usual)+len(v.recovered) == 0 || u.EndedBy != "" && (len(v.recovered) == 0 || v.awaits()):
		return by + "; " + v.headline(", ") + number
	case u.EndedBy != "":
		return by + "; recovered: " + v.wellLine(", ") + number
	}
	after := ""
	if opened := u.Incident.OpenedAt; !opened.IsZero() {
		ended := v.Now
		switch {
		case !u.Incident.ProvingAt.IsZero():
			ended = u.Incident.ProvingAt // the proof came later, of what was so already
		case !u.Incident.EndedAt.IsZero():
			ended = u.Incident.EndedAt
		}
		after = " after " + text.Span(ended.Sub(opened))
	}
	for _, p := range v.recovered {
		if p.Proof != nil && p.Proof.Accepted { // it did not end
			return "No product is worse than what is usual now" + after + ". Updates end" + number
		}
	}
	what, beside := v.whatIsWell()
	if after == "" {
		beside = strings.TrimSuffix(beside, ",")
	}
	if v.awaits() {
		return "No longer failing at the incident's rate: " + what + beside + after + ". " + v.closedUnproven(u) + number
	}
	return "Recovered: " + what + " as usual" + beside + after + ". Updates end" + number
}

// closedUnproven says that an incident ended without the proof of its
// recovery.
func (v view) closedUnproven(u UpdateFacts) string {
	s := "Closed"
	if !u.Incident.ProvingAt.IsZero() {
		s += " " + text.Span(u.Incident.EndedAt.Sub(u.Incident.ProvingAt)) + " later"
	}
	list := v.of(v.Unproven(v.inc))
	s += "; the recovery is not proven: " + names(list, nameOf)
	if p := list[0].Proof; len(list) == 1 && list[0].Level == impact.OK {
		verb := " failed since"
		if p.Slow {
			verb = " were slow since"
		}
		s += ", " + text.Count(p.Bad) + " of " + tries(p.Tries()) + verb
	}
	return s
}

// whatIsWell says of how many products all is well, where nothing is hurt, and
// how many are not measured.
func (v view) whatIsWell() (what, beside string) {
	what = "all " + text.Plural(len(v.Products), "product")
	if len(v.Products) == 1 {
		what = "the 1 product"
	}
	if n := len(v.unknown) + len(v.maintenance); n > 0 {
		what = text.Count(len(v.Products)-n) + " of " + text.Plural(len(v.Products), "product")
		if len(v.unknown) > 0 {
			beside = ", " + text.Count(len(v.unknown)) + " not measured,"
		}
	}
	return what, beside
}

// worst is the shape of the worst level that is known, or of unknown.
func (v view) worst() string {
	switch {
	case len(v.hurt) > 0:
		return shape(v.hurt[0].Level)
	case len(v.usual)+len(v.recovered) == 0 || len(v.unknown) > 0:
		return shape(impact.Unknown)
	default:
		return shape(impact.OK)
	}
}

// roll names the hurt products for a notification, after a space and with a
// full stop, such as " Billing 12 % fail (62/520), Search 6.1 % fail (29/476)".
func (v view) roll() string {
	if len(v.hurt) == 0 {
		return ""
	}
	return " " + names(v.hurt, func(p status.ProductStatus) string {
		s := text.Name(p.Name) + " "
		if p.Level == impact.Outage {
			s += "down, "
		}
		return s + figure(p.Impact)
	}) + "."
}

// about says what incident an update belongs to and why it comes.
func (v view) about(u UpdateFacts) string {
	inc := u.Incident
	var parts []string
	title := "Incident " + text.Count(inc.Number)
	if t := text.Escape(inc.Title, 150); t != "" {
		title += " “" + t + "”"
	}
	parts = append(parts, title)
	opened := "detected"
	if u.OpenedBy != "" {
		opened = "started by " + text.Mention(u.OpenedBy)
	}
	if !inc.OpenedAt.IsZero() {
		opened += " " + v.When(inc.OpenedAt)
	}
	if why := text.Escape(inc.Why, 200); why != "" && u.First {
		opened += ": " + why
	}
	parts = append(parts, opened)
	if !inc.ReopenedAt.IsZero() {
		line := "re-opened " + v.When(inc.ReopenedAt)
		if why := text.Escape(inc.Why, 200); why != "" && inc.Since(u.Incident.LastUpdate, incident.Reopened) {
			line += ": " + why
		}
		parts = append(parts, line)
	}
	if inc.AgainBy() == incident.Relapsed && !inc.Calm() && !u.Ended {
		parts = append(parts, "failed again "+v.When(inc.RelapsedAt))
	}
	if len(inc.Products) > 0 {
		parts = append(parts, "about "+productNames(u.Snapshot, inc.Products))
	}
	if !u.Ended && inc.Every > 0 {
		parts = append(parts, "updates every "+incident.Every(inc.Every))
	}
	switch {
	case inc.Proving() && inc.Detected():
		parts = append(parts, "ends when the recovery is proven, or "+v.When(v.ProofEnds(inc))+" if nothing fails again")
	case u.Ended && u.EndedBy == "" && v.awaits():
		parts = append(parts, "if the recovery is proven within a day, this message says so")
	}
	return strings.Join(append(parts, text.NonEmpty(text.Lower(v.learners()))...), " · ")
}

func (v view) updateActions(u UpdateFacts) []Action {
	actions := append(v.productSelect(), sourcesButton())
	if u.Ended {
		return actions
	}
	actions = append(actions, Action{ID: ActionMark, Label: "Mark an action"})
	every := u.Incident.Every
	if incident.Step(every, true) != every {
		actions = append(actions, Action{ID: ActionMore, Label: "More often"})
	}
	if incident.Step(every, false) != every {
		actions = append(actions, Action{ID: ActionLess, Label: "Less often"})
	}
	return actions
}

func sourcesButton() Action {
	return Action{ID: ActionSources, Label: "Where do these figures come from?"}
}

// productSelect lets people choose a product, the worst first; none when
// there is no product.
func (v view) productSelect() []Action {
	a := Action{ID: ActionProduct, Label: "Product…"}
	add := func(list []status.ProductStatus) {
		for _, p := range list {
			if p.ID == "" || text.Units(p.ID) > maxOption || len(a.Options) == maxOptions {
				continue // cannot be chosen here; the command still finds it
			}
			a.Options = append(a.Options, Option{Label: text.Plain(p.Name, maxLabel, "(no name)"), Value: p.ID})
		}
	}
	add(v.hurt)
	add(v.recovered)
	add(v.unknown)
	add(v.maintenance)
	add(v.usual)
	if len(a.Options) == 0 {
		return nil
	}
	return []Action{a}
}

// Late adds to a message that it comes late, and why: a sentence without its
// full stop, as "Slack did not answer".
func Late(m Message, due, now time.Time, why string) Message {
	line := text.Span(now.Sub(due)) + " late"
	if w := text.Escape(strings.TrimSuffix(why, "."), 300); w != "" {
		line += ": " + w
	}
	return below(m, line+".")
}

// below adds a line under the first block of a message.
func below(m Message, line string) Message {
	at := min(1, len(m.Blocks))
	blocks := append([]Block{}, m.Blocks[:at]...)
	blocks = append(blocks, Block{Context: line})
	return limited(Message{Text: m.Text + " " + line, Blocks: append(blocks, m.Blocks[at:]...)})
}

// Load is how statusbot kept up with its own schedule in the last minute.
type Load struct {
	Due     int // probes
	Late    int // that started late
	LeftOut int // that were not made
	Lost    int // results that could not be kept
}

// Overloaded says in a message that statusbot does not keep up; the zero Load
// says nothing.
func Overloaded(m Message, l Load) Message {
	var parts []string
	if l.Late > 0 {
		parts = append(parts, text.Count(l.Late)+" started late")
	}
	if l.LeftOut > 0 {
		parts = append(parts, text.Count(l.LeftOut)+" not made")
	}
	if l.Lost > 0 {
		parts = append(parts, text.Plural(l.Lost, "result")+" lost")
	}
	if len(parts) == 0 {
		return m
	}
	return below(m, "statusbot is overloaded: of "+text.Plural(l.Due, "probe")+" in the last minute "+strings.Join(parts, ", ")+". Figures may be older than usual.")
}
