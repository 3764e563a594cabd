package format

import (
	"cmp"
	"slices"
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
	EndedBy  string             // Slack user id; empty when statusbot found that all is well
	OpenedBy string             // Slack user id; empty when statusbot detected the trouble
	First    bool               // nothing was told before
	News     News               // what it is posted for, where that is more than a level
	Command  string             // name of the slash command, with its slash, for hints; empty: /statusbot
	Unkept   Unkept             // what is told is in memory only
	Was      incident.Blindness // we could not see, see again, and no update has said so; zero otherwise
	Page     string             // address of the page in a browser, without a slash at its end; empty: there is none
	Reply    bool               // it stands in a thread, whose first message has the newest update
}

// Update is the impact update of an incident's channel: at most eight lines,
// and what is behind its buttons.
func Update(u UpdateFacts) Message {
	inc := u.Incident
	if u.First {
		inc.LastUpdate = incident.Event{}
	}
	v := look(u.Snapshot, inc, u.Ended || inc.Calm())
	v = v.telling(u.News)
	if len(u.News.Answers) > 0 {
		v = v.besideAnswers(u.News.Answers)
	}
	sentence := v.updateSentence(u)
	asOf, asOfPlain := v.asOf(u)
	s, quiet := v.screenOf(u.News, asOf)
	s.tried = strings.Join(text.NonEmpty(v.lastMark(u.Incident), v.lookedInto(u.Incident)), " ")
	within := v
	within.inBlock = true
	lines := append([]string{v.worst() + " *" + within.updateSentence(u) + "*"}, text.NonEmpty(within.quietLine(u.News))...)
	if quiet == "" && (u.Ended || len(v.groups) == 0 || len(u.News.Flaps) > 0) {
		lines = append(lines, text.NonEmpty(v.proofLine(u))...)
	}
	blocks := sections(append(lines, s.under(len(lines)+1)...))
	if u.Reply {
		blocks = append(blocks, Block{Context: v.underFirst(u)})
	} else {
		blocks = append(append(blocks, Block{Context: v.about(u)}), append(links(u.Incident), Block{Actions: v.updateActions(u)})...)
	}
	m := Message{Text: strings.Join(text.NonEmpty(sentence, quiet, v.causeInShort(), asOfPlain), " "), Blocks: blocks}
	return sighted(u.Unkept.In(m, v.Now), v.clock, u.Snapshot.Blind, u.Was)
}

// asOf says as of when an update is and when the next one comes, as it is shown
// and in plain text.
func (v view) asOf(u UpdateFacts) (shown, plain string) {
	overnight := v.overnight(u.Incident)
	shown, plain = "as of "+v.Token(v.Now, overnight), "As of "+v.UTC(v.Now, overnight)
	next, nextPlain := v.When(u.Next), v.Plain(u.Next)
	if every := u.Incident.Every; every > 0 && every < time.Minute { // minutes would all be the same
		shown, plain = "as of "+v.Seconds(v.Now), "As of "+v.PlainSeconds(v.Now)
		next, nextPlain = v.Seconds(u.Next), v.PlainSeconds(u.Next)
	}
	switch {
	case u.Ended, u.Reply: // the first message of the thread says when the next comes
	case !u.Incident.PausedAt.IsZero():
		shown += " · updates are paused by " + called(u.Incident.Called(u.Incident.PausedBy))
		plain += ", updates are paused"
	case !u.Next.IsZero():
		shown += " · next " + next
		plain += ", next " + nextPlain
	}
	return shown, plain + "."
}

// overnight reports whether an incident, or what is hurt, is of another day.
func (v view) overnight(inc incident.Incident) bool {
	return !inc.OpenedAt.IsZero() && !v.SameDay(inc.OpenedAt, v.Now) ||
		slices.ContainsFunc(v.hurt, func(p status.ProductStatus) bool { return !p.Onset.IsZero() && !v.SameDay(p.Onset, v.Now) })
}

// updateSentence is the sentence that carries the meaning.
func (v view) updateSentence(u UpdateFacts) string {
	if u.Ended {
		return v.endSentence(u)
	}
	s := "Impact update #" + text.Count(u.N) + severity(u.Incident) + ": "
	if flaps := v.flapSentence(u.News.Flaps); flaps != "" {
		s += flaps + " "
	}
	if news := v.newsSentence(u.News); news != "" {
		return s + sentenceAfter(s, news)
	}
	rested := ""
	switch told := v.inc.LastUpdate; {
	case u.First, len(u.News.Flaps) > 0: // which says more
	case len(v.hurt) > 0 && u.Incident.Since(told, incident.Relapsed):
		rested = v.afterQuiet(u.Incident)
		if inc := u.Incident; inc.Since(incident.Event{Kind: incident.Update, N: inc.LastPost.N - 1}, incident.Relapsed) { // as long as the post that told it is the newest
			s += v.returned() + rested + ". "
		}
	case u.Incident.Calm() && !u.Incident.ProvenAt.IsZero() && u.Incident.Since(told, incident.Proven):
		s += "recovered. "
	}
	s += sentenceAfter(s, v.headline()) + "."
	if t := v.trend(); t != "" && len(u.News.Flaps) == 0 && rested == "" { // what was quiet a moment ago was neither more nor fewer
		s += " " + t
	}
	return s
}

// returned says what came after nothing was hurt: what was hurt before is again, or it is
// another trouble, which is no return of the first. A quiet is of what fails.
func (v view) returned() string {
	slow := !slices.ContainsFunc(v.groups, func(g status.Group) bool { return !g.Slow })
	switch {
	case v.another(), slow && v.afterQuiet(v.inc) != "":
		return "another trouble"
	case slow:
		return "slow again"
	}
	return "failing again"
}

// another reports whether nothing that is hurt was so in the incident before it came back.
func (v view) another() bool {
	return len(v.hurt) > 0 && !slices.ContainsFunc(v.hurt, func(p status.ProductStatus) bool { return v.inc.HurtBefore(p.ID, v.inc.AgainAt()) })
}

// afterQuiet says for how long it was quiet before it failed again, after a
// space; nothing where that was not told.
func (v view) afterQuiet(inc incident.Incident) string {
	for _, e := range slices.Backward(inc.Steps) {
		if e.Kind == incident.Quiet && e.Step.At.Before(inc.RelapsedAt) {
			return " after " + text.Span(inc.RelapsedAt.Sub(e.Step.At))
		}
		break
	}
	return ""
}

// sentenceAfter begins with a capital after a full stop.
func sentenceAfter(before, s string) string {
	if strings.HasSuffix(before, ". ") {
		return text.Capital(s)
	}
	return s
}

// lately are the products whose recovery is not proven yet, else all that
// recovered.
func (v view) lately() []status.ProductStatus {
	list := slices.DeleteFunc(slices.Clone(v.recovered), func(p status.ProductStatus) bool { return !p.Awaited() })
	if len(list) == 0 && !v.inc.ProvingAt.IsZero() { // at the end: those that failed until it was waited for
		list = slices.DeleteFunc(slices.Clone(v.recovered), func(p status.ProductStatus) bool { return p.Proof == nil || p.Proof.Proven.Before(v.inc.ProvingAt) })
	}
	if len(list) == 0 {
		return v.recovered
	}
	return list
}

// recoveredSum names or counts the products that were hurt in the incident and
// are not, with their results since the last bad one: "all 14 products that
// were hurt, 1 of 1,349 tries failed". Since when is told beside.
func (v view) recoveredSum() string {
	n, bad, made, slow := 0, 0, 0, true
	lately, mixed := byFailures(v.lately())
	for _, p := range lately {
		pr := p.Proof
		if pr == nil || pr.Accepted {
			continue
		}
		n, bad, made, slow = n+1, bad+pr.Bad, made+pr.N, slow && pr.Slow
	}
	who := "all " + text.Plural(len(v.recovered), "product") + " that were hurt"
	if len(v.recovered) <= namedAtMost {
		who = listing(v.recovered)
	}
	if n == 0 {
		return who
	}
	what := " failed"
	if slow {
		what = verb(made, " was slow", " were slow")
	}
	counts := text.Count(bad) + " of " + tries(made) + what
	switch {
	case n == len(v.recovered):
		return who + ", " + counts
	}
	when, is := " proven last ", verb(n, " was", " were")
	if slices.ContainsFunc(lately, status.ProductStatus.Awaited) {
		when, is = " not proven yet ", verb(n, " is", " are")
	}
	switch {
	case mixed && len(v.lately()) == len(v.recovered):
		when = " that failed "
	case mixed:
		when = " that failed and" + is + when
	}
	return who + "; on the " + text.Cardinal(n) + when + counts
}

// proofLine says how far the proof of a recovery is.
func (v view) proofLine(u UpdateFacts) string {
	switch {
	case !u.Ended && len(u.News.Flaps) > 0:
		return steadyLine(u.News.Flaps)
	case !u.Ended && v.AllWell() && v.awaits():
		return v.proving() + ". I say when it is proven, or at once if it returns."
	case u.Ended && u.EndedBy == "" && len(v.hurt) == 0 && len(v.recovered) > 0 && !v.awaits():
		return v.impactOf(u)
	case u.Ended && !u.Incident.OpenedAt.IsZero() && v.awaits() && u.EndedBy == "":
		return v.shows() + "I watch on and re-open it if it returns; if it is proven within a day this message says so."
	}
	return ""
}

// shows says what an unproven recovery does show, of the product that is named
// first.
func (v view) shows() string {
	list := v.of(v.Unproven(v.inc))
	if len(list) == 0 || list[0].Proof.Tries() == 0 {
		return ""
	}
	p := list[0].Proof
	s := ""
	if share := p.Shows(); share > p.Limit {
		s = "That shows below " + rate(share) + " with 99 % confidence. "
	}
	return s
}

// impactOf says from when to when clients were hurt in an incident, and where the
// rest is to be had: "Impact: Mon 19:32 to Tue 10:31 (14 h 59 min) on 14 products.
// Report: `/status report`".
func (v view) impactOf(u UpdateFacts) string {
	began, ended, products := u.Incident.Impact()
	if began.IsZero() || !ended.After(began) {
		return ""
	}
	report := ". Report: " + typed(cmp.Or(u.Command, "/statusbot"), "report")
	if ended.Sub(began) < time.Minute { // what a whole minute gave says little of it
		return "Impact: " + v.When(began) + ", " + lessThanAMinute + ", on " + text.Plural(products, "product") + report
	}
	on, counts := " on ", ""
	if c, slow := harmed(u.Incident); c.Tries > 0 && (slow || !slices.ContainsFunc(v.recovered, func(p status.ProductStatus) bool { return p.Proof != nil && p.Proof.Slow })) {
		of := " of tries on "
		if slow {
			of = " of answers slow on "
		}
		on, counts = ", "+shareOf(c)+of, " ("+text.Count(c.Failures)+" of "+text.Count(c.Tries)+")"
	}
	return "Impact: " + v.When(began) + " to " + v.When(ended) + " (" + text.Span(ended.Sub(began)) + ")" + on + text.Plural(products, "product") + counts + report
}

// harmed is what an incident that ended cost: what failed of the tries, or what was slow where
// that is more.
func harmed(inc incident.Incident) (c incident.Counts, slow bool) {
	if c = inc.Harmed; inc.HarmedSlow > c.Failures {
		return incident.Counts{Failures: inc.HarmedSlow, Tries: c.Tries}, true
	}
	return c, false
}

// lessThanAMinute is how a short impact is told: to the second nobody knows it.
const lessThanAMinute = "less than a minute"

// lasted writes how long clients were hurt.
func lasted(d time.Duration) string {
	if d < time.Minute {
		return lessThanAMinute
	}
	return text.Span(d)
}

func (v view) endSentence(u UpdateFacts) string {
	number := " (" + numbered(u) + ")."
	switch {
	case u.EndedBy != "" && len(v.hurt) > 0:
		return "Updates ended by " + called(u.Incident.Called(u.EndedBy)) + " while it goes on. " + text.Capital(v.headline()) + number
	case u.EndedBy != "":
		return "Updates ended by " + called(u.Incident.Called(u.EndedBy)) + ". " + text.Capital(v.headline()) + number
	case len(v.hurt) > 0 || len(v.usual)+len(v.recovered) == 0:
		return "Updates end. " + text.Capital(v.headline()) + number
	}
	for _, p := range v.recovered {
		if p.Proof != nil && p.Proof.Accepted { // it did not end
			return "No product is worse than what is usual now" + v.lasted(u.Incident) + ". Updates end" + number
		}
	}
	if v.awaits() {
		return v.closedUnproven() + ". " + text.Capital(numbered(u)) + "."
	}
	if len(v.recovered) == 0 {
		return "Updates end. " + text.Capital(v.headline()) + number
	}
	return "Recovered" + v.lasted(u.Incident) + ": " + v.recoveredSum() + v.provenBelow() + ". Updates end" + number
}

// provenBelow says what share is excluded of all that recovered: of slow answers another one
// than of failures, which count where there are any.
func (v view) provenBelow() string {
	if slices.ContainsFunc(v.recovered, func(p status.ProductStatus) bool { return p.Proof == nil || p.Proof.Proven.IsZero() }) {
		return ""
	}
	limit := 0.0
	list, mixed := byFailures(v.recovered)
	for _, p := range list {
		limit = max(limit, p.Proof.Limit)
	}
	each := ""
	switch {
	case mixed:
		each = "each that failed "
	case len(v.recovered) > 1:
		each = "each "
	}
	return "; " + each + "below " + rate(limit) + " with 99 % confidence"
}

// lasted says how long an incident lasted: " after 14 h 59 min", as the line of its
// impact does where there is one.
func (v view) lasted(inc incident.Incident) string {
	if inc.OpenedAt.IsZero() {
		return ""
	}
	if from, to, _ := inc.Impact(); !from.IsZero() && to.After(from) {
		return " after " + lasted(to.Sub(from))
	}
	began, ended := inc.OpenedAt, v.lastFailure()
	if onset := v.spell(); !onset.IsZero() && onset.Before(began) {
		began = onset
	}
	switch {
	case ended.After(began):
	case !inc.ProvingAt.IsZero():
		ended = inc.ProvingAt // the proof came later, of what was so already
	case !inc.EndedAt.IsZero():
		ended = inc.EndedAt
	default:
		ended = v.Now
	}
	return " after " + lasted(ended.Sub(began))
}

// lastFailure is when what recovered failed for the last time before; zero where
// that is not known.
func (v view) lastFailure() (last time.Time) {
	for _, p := range v.recovered {
		if p.Proof != nil && !p.Proof.Accepted {
			last = later(last, p.Proof.Since)
		}
	}
	return last
}

// closedUnproven says that an incident ended without the proof of its recovery, and
// what there is: "Closed without proof: no failure for 2 h on Payroll (12 tries;
// below 1 % would need about 450)".
func (v view) closedUnproven() string {
	list := v.of(v.Unproven(v.inc))
	p := list[0].Proof
	span := text.Span(v.Now.Sub(p.Recovered))
	what, seen := "no failure for "+span, tries(p.Tries())+"; "
	switch {
	case p.Bad > 0 && p.Slow:
		what, seen = text.Count(p.Bad)+" of "+tries(p.Tries())+verb(p.Tries(), " was slow", " were slow")+" in "+span, ""
	case p.Bad > 0:
		what, seen = text.Count(p.Bad)+" of "+tries(p.Tries())+" failed in "+span, ""
	case p.Slow:
		what = "no slow answer for " + span
	}
	if p.Needed > p.N {
		seen += "below " + rate(p.Limit) + " would need about " + text.Count(p.Needed)
	}
	s := "Closed without proof: " + what + " on " + text.Name(list[0].Name)
	if seen = strings.TrimSuffix(seen, "; "); seen != "" {
		s += " (" + seen + ")"
	}
	if more := list[1:]; len(more) > 0 {
		s += "; not proven either: " + names(more, nameOf)
	}
	return s
}

// worst is the shape of the worst level that is known, or of unknown.
func (v view) worst() string {
	switch {
	case len(v.hurt) > 0:
		return shape(v.hurt[0].Level)
	case len(v.usual)+len(v.recovered) == 0 || len(v.unknown) > 0 || len(v.unclear) > 0:
		return shape(impact.Unknown)
	default:
		return shape(impact.OK)
	}
}

func (v view) updateActions(u UpdateFacts) []Action {
	actions := append(v.productSelect(), sourcesButton())
	rest := []Option{{Label: "All products", Value: ActionAll}}
	if !u.Ended {
		actions = append(actions, Action{ID: ActionMark, Label: "Mark an action"})
		if len(v.hurt) > 0 {
			rest = append(rest, Option{Label: "Acknowledge", Value: ActionAck})
		}
		every := u.Incident.Every
		if incident.Step(every, true) != every {
			rest = append(rest, Option{Label: "More often", Value: ActionMore})
		}
		if incident.Step(every, false) != every {
			rest = append(rest, Option{Label: "Less often", Value: ActionLess})
		}
	}
	return append(actions, Action{ID: ActionRest, Menu: Overflow, Options: rest})
}

func sourcesButton() Action { return Action{ID: ActionSources, Label: "Figures"} }

// productSelect lets people choose a product, the worst first; none when
// there is no product. Where there are more than a menu holds they are searched
// for.
func (v view) productSelect() []Action {
	options := v.productOptions()
	switch n := len(options); {
	case n == 0:
		return nil
	case n > maxOptions:
		return []Action{{ID: ActionProduct, Label: "Product…", Menu: Searched}}
	}
	return []Action{{ID: ActionProduct, Label: "Product…", Options: options}}
}

// below adds a line under the first block of a message.
func below(m Message, line string) Message { return belowAs(m, line, line) }

// belowAs is below with a line that is another one in plain text.
func belowAs(m Message, line, plain string) Message {
	at := min(1, len(m.Blocks))
	blocks := append([]Block{}, m.Blocks[:at]...)
	blocks = append(blocks, Block{Context: line})
	return limited(Message{Text: m.Text + " " + plain, Blocks: append(blocks, m.Blocks[at:]...)})
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
