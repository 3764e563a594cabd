package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// ProductFacts is what the drill-down into one product is made of.
type ProductFacts struct {
	status.Drill
	Incident incident.Incident // the open one of the channel that is asked in; zero where there is none
	User     string            // Slack user id of who asks; empty where everybody sees it
	Watches  []string          // ids of the products that this person watches
	OnCall   *OnCall           // who is on call for its owner; nil: nobody said how to learn that
	Quiet    News              // of the incidents that are open, by QuietNow; zero: none is
}

// Product is the drill-down into one product, on one screen: how it is, its
// checks that fail in a line each, the likely cause, and the latest evidence.
// All else is behind its buttons.
func Product(f ProductFacts) Message {
	d := f.Drill
	d.Steady = f.Quiet.steady(d)
	v := view{clock: clockOf(d.At, d.Timezone).counting(d.Window), Snapshot: status.Snapshot{Window: d.Window, Causes: d.Causes, Components: d.Components, Blind: d.Blind}}
	sentence := v.drillSentence(d)
	lines := []string{shapeOf(d.ProductStatus) + " *" + sentence + "*" + v.drillSince(d, v.When), v.drillWhose(d, f.OnCall)}
	lines = append(lines, text.NonEmpty(v.lookedIntoOne(d.ID, f.Incident), v.drillMuted(d), v.proofOf(d.ProductStatus))...)
	bad := failing(d)
	blocks := sections(lines)
	if rows := v.checkRows(d, bad); rows != "" {
		blocks = append(blocks, Block{Section: rows})
	}
	blocks = append(blocks, sections(text.NonEmpty(v.restOf(d, bad), unobserved(d), v.drillCause(d, bad)))...)
	blocks = append(blocks, v.drillEvidence(d)...)
	blocks = append(blocks, Block{Actions: f.actions()})
	return v.sighted(limited(Message{Text: sentence + v.drillSince(d, v.Plain) + " As of " + v.Plain(v.Now) + ".", Blocks: blocks}))
}

// steady is for how long a product is told to be as it is, where what failed with it is
// quiet: alone it may look the same, together with the others it is not, and beside them
// not for longer than they have been quiet.
func (n News) steady(d status.Drill) time.Duration {
	switch {
	case !n.Quiet:
		return d.Steady
	case slices.Contains(n.Of, d.ID):
		return 0
	}
	return min(d.Steady, d.At.Sub(n.Step.At))
}

// drillSentence says how a product is, with its figures, their span and their
// 95 % interval, and what is usual: "Billing fails 2.0 % of tries (41 of 2,016 in
// 10 min; 1.5-2.7 %), usually 0.1 %.".
func (v view) drillSentence(d status.Drill) string {
	p, name := d.ProductStatus, text.Name(d.Name)
	switch {
	case len(d.Checks) == 0 && p.Checks == 0:
		return name + " is not measured: no check is defined."
	case p.Level == impact.Unknown:
		return name + " is not measured" + after(": ", text.Escape(p.Why, 200)) + "."
	case p.Dead() && p.Tries > 0:
		return name + " is down: " + allOf(p.Failures, p.Tries) + v.overSpan(p) + " failed."
	case p.Level.Hurt() && p.Tries > 0 && p.Bad() > 0:
		how := " fails "
		if p.Slow {
			how = " answers slowly: "
		}
		s := name + how + text.Percent(text.Share(p.Bad(), p.Tries), p.Tries) + " of tries (" + text.Count(p.Bad()) + " of " + text.Count(p.Tries) + v.overSpan(p) +
			"; " + text.Interval(p.Bad(), p.Tries) + ")" + usualOfProduct(p)
		if p.Slow && p.Failures > 0 {
			s += ", and " + ofTries(p.Failures, p.Tries, "failed")
		}
		return s + "."
	}
	if p.Level.Hurt() && p.Tries > 0 {
		return name + " " + restsFor(1, p.Slow, p.Tries) + "."
	}
	s := name + " is " + text.Lower(text.Level(p.Impact))
	switch {
	case p.Level == impact.OK && !asUsual(p):
		s = name + " is not clear yet"
	case p.Dead():
		s = name + " is down"
	}
	if p.Tries == 0 {
		return s + ": no result in " + text.Span(v.Window) + "."
	}
	s += ": " + text.Count(p.Failures) + " of " + tries(p.Tries) + " failed in " + v.span(p.From)
	if p.Failures > 0 {
		s += " (" + text.Percent(text.Share(p.Failures, p.Tries), p.Tries) + "; " + text.Interval(p.Failures, p.Tries) + ")" + usualOfProduct(p)
	}
	return s + "."
}

// after is s behind a lead, or nothing.
func after(lead, s string) string {
	if s == "" {
		return ""
	}
	return lead + s
}

// allOf says counts where all may have failed: "all 34 tries", "41 of 43 tries".
func allOf(k, n int) string {
	if k == n && n > 1 {
		return "all " + tries(n)
	}
	return text.Count(k) + " of " + tries(n)
}

// overSpan says over what time a product's figures go, after a space; nothing
// where that is since its onset, which is told beside.
func (v view) overSpan(p status.ProductStatus) string {
	if p.SinceOnset() {
		return ""
	}
	return " in " + v.span(p.From)
}

// usualOfProduct says which share fails in times without trouble, after a comma;
// nothing while that is not known, or the trouble is not failures.
func usualOfProduct(p status.ProductStatus) string {
	low, _ := impact.Wilson(p.Failures, p.Tries)
	needed := p.Level == impact.OK && low > usualAtMost(p) // or nobody knows why it is as usual
	if p.Slow || p.Usual <= 0 || p.Learning > 0 && !needed {
		return ""
	}
	return ", usually " + rate(p.Usual)
}

// drillSince says since when a product is hurt, with instants as write has them,
// and for how long it has been as it is; a sentence after a space.
func (v view) drillSince(d status.Drill, write func(time.Time) string) string {
	began, between := d.Onset, unsure(d.Impact, write)
	if d.Level == impact.Outage && d.Down != nil {
		began, between = d.Down.Since, ""
	}
	if !d.Level.Hurt() || began.IsZero() {
		return ""
	}
	if d.Bad() == 0 && d.Tries > 0 {
		return " Hurt since " + write(began) + " (" + text.Span(v.Now.Sub(began)) + between + ")."
	}
	return " Since " + write(began) + " (" + text.Span(v.Now.Sub(began)) + between + ")" + sameAs(d.Steady) + "."
}

// sameAs says for how long it has been so, after a comma.
func sameAs(d time.Duration) string {
	if d < leastSame {
		return ""
	}
	return ", same as " + text.Lately(d) + " ago"
}

// drillWhose says what clients feel, who answers for the product, and as of
// when this is.
func (v view) drillWhose(d status.Drill, onCall *OnCall) string {
	whose := "No owner named"
	if o := text.Escape(d.Owner, 60); o != "" {
		whose = "Owner: " + o
		if onCall != nil {
			whose += " (on call: " + onCall.told(v.clock) + ")"
		}
	}
	felt := ""
	if s := says(d.ProductStatus); s != "" {
		felt = strings.TrimSuffix(s, ".") + ". "
		if strings.HasSuffix(s, "…") {
			felt = s + " "
		}
	}
	return felt + joined(whose, "as of "+v.Token(v.Now, false), v.age(d.ProductStatus))
}

// drillMuted says what of a product is muted, until when and why.
func (v view) drillMuted(d status.Drill) string {
	var parts []string
	for _, m := range d.Muted {
		what := ""
		if m.Check != "" {
			what = text.Code(m.Check, 40) + " "
		}
		parts = append(parts, what+v.muting(m))
	}
	const most = 3
	more := ""
	if n := len(parts) - most; n > 0 {
		parts, more = parts[:most], " and "+text.Count(n)+" more"
	}
	if len(parts) == 0 {
		return ""
	}
	return "Muted " + strings.Join(parts, " · ") + more + "."
}

// proofOf says how far a recovery is, or that it is proven.
func (v view) proofOf(p status.ProductStatus) string {
	if s := progress(p.Impact); s != "" {
		return "Recovering: " + s + "."
	}
	if s := v.proofFact(p); s != "" {
		return s
	}
	if p.Level == impact.OK && p.Failures > 0 && !p.LastBad.IsZero() && p.Clean > 0 {
		return "0 of " + text.Count(p.Clean) + " failed since " + v.When(p.LastBad) + "; the figure still holds what failed before."
	}
	return ""
}

// restOf counts the checks that pass, and those that are not measured, and says
// how quick the answers are.
func (v view) restOf(d status.Drill, bad []status.CheckStatus) string {
	var pass impact.Counts
	passing, last := 0, ""
	var stale, none []string
	for _, c := range d.Checks {
		isBad := slices.ContainsFunc(bad, func(b status.CheckStatus) bool { return b.Check.ID == c.Check.ID })
		switch {
		case c.Stale:
			stale = append(stale, text.Name(c.Check.ID))
		case !isBad && c.Tries == 0:
			none = append(none, text.Name(c.Check.ID))
		case !isBad:
			passing, last = passing+1, text.Name(c.Check.ID)
			pass.Tries, pass.Failures = pass.Tries+c.Tries, pass.Failures+c.CheckImpact.Counts.Failures
		}
	}
	var parts []string
	counts := " (" + text.Count(pass.Failures) + " of " + text.Count(pass.Tries) + ")."
	switch {
	case passing == 0:
	case len(d.Checks) == 1:
		parts = append(parts, "Its check "+last+" passes"+counts)
	case passing == len(d.Checks) && passing == 2:
		parts = append(parts, "Both checks pass"+counts)
	case passing == len(d.Checks):
		parts = append(parts, "All "+text.Count(passing)+" checks pass"+counts)
	case passing == 1:
		parts = append(parts, "1 more check passes, "+last+counts)
	default:
		parts = append(parts, text.Count(passing)+" more checks pass"+counts)
	}
	if len(none) > 0 {
		parts = append(parts, "No result since then: "+fewNames(none)+".")
	}
	if len(stale) > 0 {
		parts = append(parts, "Not measured now: "+fewNames(stale)+".")
	}
	if d.P50 > 0 {
		s := "Median " + text.Latency(d.P50) + ", p95 " + text.Latency(d.P95)
		if d.UsualP95 > 0 {
			s += " (usually " + text.Latency(d.UsualP95) + ")"
		}
		parts = append(parts, s+".")
	}
	if s := learning(d.ProductStatus); s != "" {
		parts = append(parts, text.Capital(s)+".")
	}
	return strings.Join(parts, " ")
}

// fewNames are at most three names, and how many more.
func fewNames(list []string) string {
	const most = 3
	if n := len(list) - most; n > 0 {
		return strings.Join(list[:most], ", ") + " and " + text.Count(n) + " more"
	}
	return strings.Join(list, ", ")
}

// drillCause says what most likely lies behind a product's trouble, by its own
// checks: "Likely edge-lb-2: both failing checks use it, none of the 4 others
// does.".
func (v view) drillCause(d status.Drill, bad []status.CheckStatus) string {
	c := d.Causes
	ambiguous := c.Verdict == cause.Ambiguous && len(c.Same) > 1
	if !d.Level.Hurt() || len(c.Suspects) == 0 || !slices.Contains(c.Products, d.ID) || c.Verdict != cause.Clear && !ambiguous {
		return ""
	}
	s := c.Suspects[0]
	name := v.suspect(s)
	if ambiguous {
		name = v.oneOf("")
	}
	uses := func(cs status.CheckStatus) bool { return slices.Contains(cs.Through, s.ID) }
	failingUse, otherUse, others := 0, 0, 0
	for _, cs := range d.Checks {
		isBad := slices.ContainsFunc(bad, func(b status.CheckStatus) bool { return b.Check.ID == cs.Check.ID })
		failingUse += one(isBad && uses(cs))
		otherUse += one(!isBad && uses(cs))
		others += one(!isBad)
	}
	if s.Kind == cause.Vantage || 2*failingUse <= len(bad) {
		return "Likely " + name + "."
	}
	return "Likely " + name + ": " + ofFailing(failingUse, len(bad)) + othersUse(otherUse, others, "every check of "+text.Name(d.Name)) + "."
}

// ofFailing says how many of the failing checks use a suspect.
func ofFailing(use, failing int) string {
	switch {
	case failing == 1:
		return "the failing check uses it"
	case use == failing && failing == 2:
		return "both failing checks use it"
	case use == failing:
		return "all " + text.Count(failing) + " failing checks use it"
	}
	return text.Count(use) + " of the " + text.Count(failing) + " failing checks use it"
}

// othersUse says how many of the other checks do so as well, after a comma; all
// is what they and the failing ones are together.
func othersUse(use, others int, all string) string {
	switch {
	case others == 0:
		return ""
	case use == 0 && others == 1:
		return ", the other check does not"
	case use == 0:
		return ", none of the " + text.Count(others) + " others does"
	case use == others:
		return ", as " + all + " does"
	}
	return ", and so " + verb(use, "does ", "do ") + text.Count(use) + " of the " + text.Plural(others, "other")
}

// drillEvidence is the latest failure as it was seen, with a button for those
// before it; none when nothing failed since the figures begin.
func (v view) drillEvidence(d status.Drill) []Block {
	list := recent(d)
	if len(list) == 0 {
		return nil
	}
	r := list[0]
	s := v.Seconds(r.Ended()) + " " + text.Name(r.Result.Check)
	if !seen(r.Result) {
		s += " could not observe"
	}
	if r.Vantage != "" {
		s += " from " + text.Escape(r.Vantage, 60)
	}
	if r.Summary != "" {
		s += ": " + text.Code(r.Summary, 160)
	}
	switch trace, request := foundBy(r.Result); {
	case trace != "":
		s += " (trace " + text.Code(trace, 40) + ")"
	case request != "":
		s += " (request " + text.Code(request, 60) + ")"
	}
	b := Block{Section: s}
	label := "Output…"
	if more := len(list) - 1; more > 0 {
		label = text.Capital(text.Cardinal(more)) + " more…"
	}
	if (len(list) > 1 || r.Evidence != nil && r.Evidence.Output != "") && text.Units(valueEvidence+d.ID) <= maxValue {
		b.Beside = &Action{ID: ActionChoose, Label: label, Value: valueEvidence + d.ID}
	}
	return []Block{b}
}

// recent are the last failures of a product since its trouble began, newest
// first; of one that is not hurt since its figures begin. Where nothing failed they
// are what could not observe.
func recent(d status.Drill) []status.Failure {
	from := d.From
	if d.Level.Hurt() && !d.Onset.IsZero() {
		from = d.Onset
	}
	list := slices.DeleteFunc(slices.Clone(d.Failures), func(f status.Failure) bool { return f.Ended().Before(from) })
	if slices.ContainsFunc(list, func(f status.Failure) bool { return seen(f.Result) }) {
		list = slices.DeleteFunc(list, func(f status.Failure) bool { return !seen(f.Result) })
	}
	return list
}

// actions are a drill-down's menu of checks and its buttons. What belongs to a
// channel's incident is there in that channel alone.
func (f ProductFacts) actions() []Action {
	actions, value := checkSelect(f.Drill), valueProduct+f.ID
	fits := text.Units(value) <= maxValue
	if fits && len(f.Drill.Checks) > 0 {
		actions = append(actions, nowButton(value, "Probe now")...)
	}
	if fits {
		actions = append(actions, Action{ID: ActionSources, Label: "Figures", Value: value})
	}
	if f.Incident.Open() {
		actions = append(actions, Action{ID: ActionMark, Label: "Mark"})
	}
	if f.Incident.Open() && f.Incident.About(f.ID) && fits {
		actions = append(actions, f.ackButton(value)...)
	}
	if fits {
		actions = append(actions, f.watchButton(value))
	}
	rest := []Option{{Label: "Summary", Value: ActionSummary}}
	if text.Units(ActionRefresh+" "+value) <= maxOption {
		rest = append(rest, Option{Label: "Refresh", Value: ActionRefresh + " " + value}, Option{Label: "Share in channel", Value: ActionShare + " " + value})
	}
	return append(actions, Action{ID: ActionRest, Menu: Overflow, Options: rest})
}

// ackButton says that one looks into a product that is hurt, or no longer does.
func (f ProductFacts) ackButton(value string) []Action {
	if _, mine := f.Incident.LooksInto(f.User, f.ID); mine {
		return []Action{{ID: ActionUnack, Label: "Stop looking into it", Value: value}}
	}
	if !f.Level.Hurt() {
		return nil
	}
	return []Action{{ID: ActionAck, Label: "Acknowledge", Value: value}}
}

func (f ProductFacts) watchButton(value string) Action {
	if slices.Contains(f.Watches, f.ID) {
		return Action{ID: ActionUnwatch, Label: "Stop watching", Value: value}
	}
	return Action{ID: ActionWatch, Label: "Watch", Value: value}
}

// checkSelect lets people choose a check, the worst first; none when there is
// no check. Where there are more than a menu holds they are searched for.
func checkSelect(d status.Drill) []Action {
	options := checkOptions(d)
	switch n := len(options); {
	case n == 0:
		return nil
	case n > maxOptions && len(ActionCheck+"/"+d.ID) <= maxAction:
		return []Action{{ID: ActionCheck + "/" + d.ID, Label: "Check…", Menu: Searched}}
	case n > maxOptions:
		return []Action{{ID: ActionCheck, Label: "Check… (" + text.Count(maxOptions) + " of " + text.Count(n) + ")", Options: options[:maxOptions]}}
	}
	return []Action{{ID: ActionCheck, Label: "Check…", Options: options}}
}

// Failures tells a product's last failures in full, newest first.
func Failures(d status.Drill) Message {
	v := view{clock: clockOf(d.At, d.Timezone).counting(d.Window)}
	list := recent(d)
	sentence := "Nothing failed on " + text.Name(d.Name) + " lately."
	if n := len(list); n > 0 {
		what := text.Plural(n, "failure")
		if n == 1 {
			what = "failure"
		}
		if !seen(list[0].Result) {
			what = verb(n, "result", text.Count(n)+" results") + " that could not observe"
		}
		sentence = "The last " + what + " on " + text.Name(d.Name) + "."
	}
	blocks := sections([]string{"*" + sentence + "*", "As of " + v.Token(v.Now, false)})
	for _, r := range list {
		line := "*" + text.Name(r.Result.Check) + "* " + text.Lower(v.failure(r.Result)) + phases(r.Phases) + output(r.Result)
		blocks = append(blocks, Block{Section: line})
	}
	var back []Action
	if value := valueProduct + d.ID; text.Units(value) <= maxValue {
		back = []Action{{ID: ActionChoose, Label: text.Plain(d.Name, maxLabel, "(no name)"), Value: value}}
	}
	blocks = append(blocks, Block{Actions: append(back, backButton())})
	return limited(Message{Text: sentence + " As of " + v.Plain(v.Now) + ".", Blocks: blocks})
}
