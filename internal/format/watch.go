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

// Watching tells the person who asked that they hear of a product.
func Watching(p status.ProductStatus, command string) Message {
	return say("You get a direct message when "+text.Name(p.Name)+" changes. Now it "+isNow(p)+".",
		"What you watch: "+typed(command, "watch")+" · end it: "+typed(command, "unwatch "+p.ID))
}

// isNow says how a product is, in a word or two behind its name. What no longer fails is
// not as usual before that is proven.
func isNow(p status.ProductStatus) string {
	if p.Level == impact.OK && p.Awaited() {
		return "no longer fails; that is not proven yet"
	}
	if p.Level == impact.OK && !asUsual(p) {
		return "is not clear yet"
	}
	return "is " + strings.ToLower(text.Level(p.Impact))
}

// Unwatched tells the person who asked that they hear of it no longer.
func Unwatched(what, command string) Message {
	if what == "" {
		return say("You watch no product any more.", "Begin again with "+typed(command, "watch PRODUCT")+".")
	}
	return say("You no longer watch "+text.Name(what)+".", "Begin again with "+typed(command, "watch PRODUCT")+".")
}

// Watches lists what a person watches.
func Watches(list []status.ProductStatus, command string) Message {
	if len(list) == 0 {
		return say("You watch no product.", "Get a direct message when one changes: "+typed(command, "watch PRODUCT")+".")
	}
	sentence := "You watch " + text.Plural(len(list), "product") + "."
	lines := []string{"*" + sentence + "*"}
	for i, p := range list {
		if i == 30 {
			lines = append(lines, "and "+text.Count(len(list)-i)+" more")
			break
		}
		lines = append(lines, shapeOf(p)+" "+text.Name(p.Name)+" "+isNow(p))
	}
	lines = append(lines, "End one with "+typed(command, "unwatch PRODUCT")+", all with "+typed(command, "unwatch")+".")
	return limited(Message{Text: sentence, Blocks: sections(lines)})
}

// WatchChange tells a person how a product is that they watch, after it changed
// from what they were told last.
func WatchChange(p status.ProductStatus, from string, s status.Snapshot, command string) Message {
	v := view{clock: clockOf(s.At, s.Timezone).counting(s.Window), Snapshot: s}
	return v.toWatcher(p, func(v view) string { return v.watchSentence(p, from, v.moment) }, nil, command)
}

// toWatcher is a message to who watches a product: a sentence, more lines, and how it
// is for clients.
func (v view) toWatcher(p status.ProductStatus, sentence func(view) string, more []string, command string) Message {
	within := v
	within.inBlock = true
	mark := shape(p.Level)
	if p.Proof == nil { // else what failed before is in the figures of what is proven
		mark = shapeOf(p)
	}
	lines := append([]string{mark + " *" + sentence(within) + "*"}, more...)
	lines = append(lines, text.Capital(joined(strings.TrimSuffix(says(p), "."), "as of "+v.Token(v.Now, false))))
	return v.sighted(limited(Message{Text: strings.Join(append([]string{sentence(v)}, more...), " ") + " As of " + v.Plain(v.Now) + ".", Blocks: append(sections(lines),
		Block{Context: "You watch " + text.Name(p.Name) + ". More: " + typed(command, p.ID) + " · end it: " + typed(command, "unwatch "+p.ID)})}))
}

// watchSentence says how a product is, with the figures of that very span and
// with instants as write has them: "Billing: degraded since 19:32, 2.0 % of tries
// fail (41 of 2,016).".
func (v view) watchSentence(p status.ProductStatus, from string, write func(time.Time) string) string {
	name := text.Name(p.Name) + ": "
	switch {
	case p.Level == impact.Maintenance && len(p.Muted) > 0:
		m := p.Muted[0]
		return name + "in maintenance until " + write(m.Until) + mutedBy(m) + ": " + strings.TrimSuffix(text.Escape(m.Why, 150), ".") + "."
	case p.Level == impact.Maintenance:
		return name + "in maintenance."
	case p.Level == impact.Unknown:
		why := text.Escape(p.Why, 200)
		if !p.AsOf.IsZero() && p.Vantage == "" {
			why = "newest result " + write(p.AsOf)
		}
		return name + "not measured" + after(", ", why) + "."
	case p.Level.Hurt():
		return name + v.watchHurt(p, from, write) + "."
	}
	return name + v.watchWell(p, from, write) + "."
}

// watchHurt says how a product is hurt, without its name.
func (v view) watchHurt(p status.ProductStatus, from string, write func(time.Time) string) string {
	since := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return " since " + write(t)
	}
	began := p.Onset
	if p.Level == impact.Outage && p.Down != nil {
		began = p.Down.Since
	}
	switch {
	case p.Dead() && p.Tries > 0:
		return "down" + since(began) + ", " + allOf(p.Failures, p.Tries) + v.overSpan(p) + " failed"
	case p.Answers != nil && from == string(impact.Outage):
		a := p.Answers
		was := "; it was down " + text.Span(a.Lasted())
		if !a.Down.Dead() {
			was = "; it mostly failed for " + text.Span(a.Lasted())
		}
		return "answers again, " + passedSince(a.Tries, a.Failures) + was + " (" + text.Count(a.Down.Failures) + " of " + tries(a.Down.Tries) + " failed)"
	case p.Tries == 0:
		return strings.ToLower(text.Level(p.Impact)) + since(began) + ", no result in " + text.Span(v.Window)
	}
	what := " of tries fail ("
	if p.Slow {
		what = " of answers are slow ("
	}
	return strings.ToLower(text.Level(p.Impact)) + since(began) + ", " + text.Percent(text.Share(p.Bad(), p.Tries), p.Tries) + what + text.Count(p.Bad()) + " of " + text.Count(p.Tries) + v.overSpan(p) + ")"
}

// passedSince says what is seen since something answers again.
func passedSince(n, failures int) string {
	switch {
	case failures > 0:
		return text.Count(failures) + " of " + tries(n) + " failed since"
	case n == 1:
		return "the last try passed"
	}
	return "the last " + tries(n) + " passed"
}

// watchWell says that a product is no longer hurt, and how sure that is.
func (v view) watchWell(p status.ProductStatus, from string, write func(time.Time) string) string {
	pr := p.Proof
	switch {
	case pr != nil && pr.Accepted:
		s, _ := v.proof(p.Impact)
		return s
	case pr != nil && p.Awaited():
		return proofCounts(pr, write) + "was " + rate(pr.Share) + ")"
	case pr != nil && !pr.Proven.IsZero() && (impact.Level(from).Hurt() || from == status.Proving):
		return "recovered, " + proofCounts(pr, write) + "below " + rate(pr.Limit) + " with 99 % confidence)"
	}
	how := "as usual, "
	if !asUsual(p) {
		how = "not clear yet, "
	}
	return how + text.Count(p.Failures) + " of " + tries(p.Tries) + " failed in " + v.span(p.From)
}

// proofCounts says what was seen since the last bad result, up to an open
// parenthesis with the tries in it.
func proofCounts(pr *impact.Proof, write func(time.Time) string) string {
	what := text.Plural(pr.Bad, "failure")
	switch {
	case pr.Slow && pr.Bad == 0:
		what = "no slow answer"
	case pr.Slow:
		what = text.Plural(pr.Bad, "slow answer")
	case pr.Bad == 0:
		what = "no failure"
	}
	return what + " since " + write(pr.Since) + " (" + tries(pr.N) + "; "
}

// muting says until when, by whom and why: "until 14:00 by @ana: moving the
// database".
func (c clock) muting(m incident.Muting) string {
	span := "until " + c.When(m.Until)
	if m.From.After(c.Now) {
		span = "planned from " + c.When(m.From) + " " + c.untilOn(m.From, m.Until)
	}
	return span + mutedBy(m) + ": " + text.Escape(m.Why, 150)
}

// mutedBy says who announced a maintenance: " by ana", or ", as configured" where
// the configuration names nobody.
func mutedBy(m incident.Muting) string {
	if m.By == "" && m.Name == "" {
		return ", as configured"
	}
	return " by " + called(cmp.Or(m.Name, m.By))
}

// inMaintenance names a product in maintenance with until when and why.
func (v view) inMaintenance(p status.ProductStatus) string {
	if len(p.Muted) == 0 {
		return text.Name(p.Name)
	}
	what := ""
	if m := p.Muted[0]; m.Check != "" {
		what = "check " + text.Code(m.Check, 40) + " "
	}
	return text.Name(p.Name) + " (" + what + v.muting(p.Muted[0]) + ")"
}

// mutedChecks names the checks that are muted in products that are not.
func (v view) mutedChecks() string {
	var parts []string
	for _, p := range v.Products {
		if p.Level == impact.Maintenance {
			continue
		}
		for _, m := range p.Muted {
			parts = append(parts, text.Name(p.Name)+" "+text.Code(m.Check, 40)+" "+v.muting(m))
		}
	}
	const most = 5
	if len(parts) == 0 {
		return ""
	}
	more := ""
	if n := len(parts) - most; n > 0 {
		parts, more = parts[:most], " and "+text.Count(n)+" more"
	}
	return shape(impact.Maintenance) + " muted: " + strings.Join(parts, " · ") + more
}

// WatchOne answers who wants to watch everything at once.
func WatchOne(command string, products []status.Product) Message {
	return say("One product is watched at a time: "+typed(command, "watch PRODUCT")+". How all are: "+typed(command, "")+".", andHelp(command, products))
}

// Which answers a command that needs a product, and names none that exists.
// nearest may be empty.
func Which(command, verb, said, nearest string, products []status.Product) Message {
	if strings.TrimSpace(said) == "" {
		return say("Say which product: "+typed(command, verb+" PRODUCT")+".", andHelp(command, products))
	}
	next := ""
	if nearest != "" {
		next = "Did you mean " + typed(command, verb+" "+nearest) + "?"
	}
	return say(text.Code(said, 80)+" is no product.", next, andHelp(command, products))
}

// WhichOf answers a command that names more than one product, or a check
// where a product is to stand; ids are what may be meant.
func WhichOf(command, verb, said string, ids []string) Message {
	var shown []string
	for _, id := range ids[:min(len(ids), mostChoices)] {
		shown = append(shown, typed(command, verb+" "+id))
	}
	if more := len(ids) - len(shown); more > 0 {
		shown = append(shown, text.Count(more)+" more")
	}
	return say(text.Code(said, 80)+" is not one product.", "Which one? "+strings.Join(shown, " · "))
}

// Stuck tells who began an incident that its updates cannot be delivered, and
// the cure.
// With detected it says why this comes to somebody who did not begin it.
func Stuck(number int, title, channel, code string, detected bool) Message {
	what := "The updates of incident " + text.Count(number)
	if t := text.Escape(title, 150); t != "" {
		what += " “" + t + "”"
	}
	why, cure := "Slack refuses them ("+text.Escape(code, 60)+")", "Look whether statusbot is in the channel and may post there."
	switch code {
	case "is_archived":
		why, cure = "the channel <#"+channel+"> is archived", "Unarchive it, or start the incident in another channel."
	case "not_in_channel", "channel_not_found":
		why, cure = "statusbot is not in the channel <#"+channel+">", "Invite it there with `/invite @statusbot`; the newest update follows within a minute."
	case "restricted_action", "restricted_action_read_only_channel":
		why, cure = "statusbot may not post in the channel <#"+channel+">", "Have its posting rights changed, or start the incident in another channel."
	}
	if detected {
		return say(what+" are not delivered: "+why+".", cure, "statusbot detected the incident itself; you are named in its configuration as somebody who can help.")
	}
	return say(what+" are not delivered: "+why+".", cure)
}
