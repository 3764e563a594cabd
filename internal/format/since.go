package format

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// HandoverFacts is what changed since an instant.
type HandoverFacts struct {
	Since    time.Time
	First    time.Time                  // when results begin, if that is after Since; else zero
	Snapshot status.Snapshot            // of the incident's products
	Incident incident.Incident          // the channel's newest that went on since; Number 0 when none did
	Ended    []incident.Incident        // those before it that did, oldest first
	Desk     []incident.Event           // what was muted from the channel, oldest first
	Before   map[string]incident.Counts // :: product id -> what the window before Since saw; none: not kept
	Quiet    News                       // of the incident, by QuietNow; zero: it is not
	Command  string
}

// Handover tells who was away in a line how it is against then, and beneath it
// what came between, one thing after the other: "Since 00:25 (1 h 50 min): worse,
// 3.9 -> 9.8 % of tries (130 of 1,322), the same 14 products.".
func Handover(f HandoverFacts) Message {
	v := look(f.Snapshot, f.Incident, f.Incident.Proving()).telling(f.Quiet)
	within := v
	within.inBlock = true
	plain := v.sinceSentence(f)
	lines := []string{v.worst() + " *" + within.sinceSentence(f) + "*"}
	lines = append(lines, v.course(f)...)
	if len(lines) == 1 && len(f.hurtThen(v)) == len(v.hurt) {
		what := "Nothing changed"
		if moved, ok := v.shareSince(f); ok && !strings.HasPrefix(moved, sameShare) {
			what = "No product came or went"
		}
		lines = append(lines, what+", and nothing was marked.")
	}
	sc, _ := v.screenOf(f.Quiet, "as of "+v.Token(v.Now, false))
	lines = append(lines, sc.under(2)...)
	blocks := append(sections(lines), Block{Context: v.stands(f)},
		Block{Actions: append(v.productSelect(), again(valueSince+strconv.FormatInt(f.Since.Unix(), 10), sourcesButton())...)})
	return limited(Message{Text: plain, Blocks: blocks})
}

func (v view) sinceSentence(f HandoverFacts) string {
	s := "Since " + v.moment(f.Since) + " (" + text.Span(v.Now.Sub(f.Since)) + ")"
	if !f.First.IsZero() {
		s += ", known since " + v.moment(f.First) + " when results begin"
	}
	return s + ": " + v.againstThen(f) + "."
}

// fitting cuts lines to a number of them, the newest kept.
func fitting(lines []string, most int) []string {
	if n := len(lines) - most; n > 0 {
		return append([]string{"… " + text.Count(n) + " earlier"}, lines[n:]...)
	}
	return lines
}

// againstThen says how it is against the instant, without a full stop.
func (v view) againstThen(f HandoverFacts) string {
	then := f.hurtThen(v)
	if len(v.hurt) == 0 {
		switch n := len(f.hurtBetween(v)); n {
		case 0:
			return v.headline()
		case 1:
			return "1 product was hurt, none is now; " + v.wellNow()
		default:
			return text.Count(n) + " products were hurt, none is now; " + v.wellNow()
		}
	}
	now, quiet := v.headline(), strings.TrimSuffix(v.newsSentence(f.Quiet), ".")
	if quiet != "" {
		now = quiet
	}
	if len(then) == 0 {
		return "none was hurt then; now " + now
	}
	if moved, ok := v.shareSince(f); ok && quiet == "" {
		return moved + v.comparedProducts(then)
	}
	were := text.Count(len(then)) + " " + verb(len(then), "was", "were") + " hurt then"
	if _, rest := v.allRest(); quiet == "" && len(v.shown()) > 1 && !rest { // the first sentence counts some of them
		return were + ", " + text.Count(len(v.hurt)) + " are now: " + now
	}
	return were + "; now " + now
}

// wellNow is the headline behind the words that none is hurt, without saying it twice.
func (v view) wellNow() string {
	s := v.headline()
	if all := "no longer failing: all " + text.Plural(len(v.recovered), "product") + " that were hurt"; strings.HasPrefix(s, all) {
		return "since then " + strings.TrimLeft(strings.TrimPrefix(s, all), ",; ")
	}
	return s
}

// sameShare begins what shareSince says where nothing moved.
const sameShare = "about the same, "

// shareSince says how the share that fails changed of what is hurt now: "worse,
// 3.9 -> 9.8 % of tries (130 of 1,322)". False where that is not what hurts, or
// is not known.
func (v view) shareSince(f HandoverFacts) (string, bool) {
	var was, now impact.Counts
	for _, g := range v.groups {
		if g.Slow || g.Down || g.Most {
			return "", false
		}
		for _, p := range g.Products {
			b := f.Before[p.ID]
			was.Tries, was.Failures = was.Tries+b.Tries, was.Failures+b.Failures
			now.Tries, now.Failures = now.Tries+p.Tries, now.Failures+p.Failures
		}
	}
	if was.Tries == 0 || now.Failures == 0 {
		return "", false
	}
	word := map[impact.Trend]string{impact.Worse: "worse, ", impact.Better: "better, ", impact.Same: sameShare}[impact.Moved(was, now)]
	before, after := text.Percent(was.Share(), was.Tries), text.Percent(now.Share(), now.Tries)
	return word + strings.TrimSuffix(before, " %") + " → " + after + " of tries (" + text.Count(now.Failures) + " of " + text.Count(now.Tries) + ")", true
}

// comparedProducts says which products are hurt against those that were, after a
// comma.
func (v view) comparedProducts(then []string) string {
	left := slices.DeleteFunc(slices.Clone(then), func(id string) bool {
		return slices.ContainsFunc(v.hurt, func(p status.ProductStatus) bool { return p.ID == id })
	})
	n := len(v.hurt)
	switch joined := n - (len(then) - len(left)); {
	case joined == 0 && len(left) == 0 && n <= namedAtMost:
		return ", " + listing(v.hurt) + " as then"
	case joined == 0 && len(left) == 0:
		return ", the same " + text.Plural(n, "product")
	case n <= namedAtMost:
		return ", " + listing(v.hurt) + " (" + text.Count(len(then)) + " then)"
	}
	return ", " + text.Plural(n, "product") + " (" + text.Count(len(then)) + " then)"
}

// hurtThen are the products that were hurt at the instant, by what was told then
// or by the onset of what is hurt now.
func (f HandoverFacts) hurtThen(v view) []string {
	var ids []string
	for _, p := range v.hurt {
		if !p.Onset.IsZero() && !p.Onset.After(f.Since) {
			ids = append(ids, p.ID)
		}
	}
	for id, level := range f.Incident.LevelsAt(f.Since) {
		if f.Incident.About(id) && impact.Level(level).Hurt() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// hurtBetween are the products that were hurt at some time since the instant, as
// far as an incident or the proof of their recovery tells.
func (f HandoverFacts) hurtBetween(v view) []string {
	ids := f.hurtThen(v)
	for _, inc := range append(slices.Clone(f.Ended), f.Incident) {
		for _, e := range inc.Timeline() {
			if e.Kind == incident.Level && impact.Level(e.To).Hurt() && e.At.After(f.Since) {
				ids = append(ids, e.Product)
			}
		}
	}
	for _, p := range v.Products {
		if pr := p.Proof; pr != nil && !pr.Accepted && pr.Recovered.After(f.Since) {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// courseAtMost is how many lines what came between has, the newest ones.
const courseAtMost = 12

// happening is one line of what came between.
type happening struct {
	at   time.Time
	what string
}

// course is what came between, in order: the incidents before, levels that
// changed, steps of the share, actions with what became of them, what else people
// did.
func (v view) course(f HandoverFacts) []string {
	var all []happening
	for _, inc := range f.Ended {
		all = append(all, happening{later(inc.OpenedAt, f.Since), "incident " + text.Count(inc.Number) + " until " + v.When(inc.EndedAt)})
	}
	all = append(all, v.levelsSince(f)...)
	for _, m := range f.Incident.Marks {
		if m.At.After(f.Since) || m.JudgedAt.After(f.Since) {
			all = append(all, happening{m.At, called(f.Incident.Called(m.By)) + " " + quoted(m.Text) + ": " + outcome(m, v.Now, v.Window)})
		}
	}
	for _, e := range incident.Merge(f.Incident.Timeline(), f.Desk) {
		if !e.At.After(f.Since) || e.Kind == incident.Opened && e.By == "" {
			continue
		}
		switch e.Kind {
		case incident.Level, incident.Update, incident.Redrawn, incident.Mark, incident.Corrected, incident.Withdrawn, incident.Effect, incident.Entered:
		case incident.Rate, incident.Quiet:
			if e.Step != nil {
				all = append(all, happening{e.Step.At, v.stepSince(e)})
			}
		default:
			all = append(all, happening{e.At, v.happened(e, f.Incident, v.Snapshot)})
		}
	}
	slices.SortStableFunc(all, func(x, y happening) int { return x.at.Compare(y.at) })
	var lines []string
	for _, h := range all {
		lines = append(lines, v.When(h.at)+" "+strings.TrimSuffix(h.what, ".")+".")
	}
	lines = fitting(lines, courseAtMost)
	if part := v.inPart(f.Incident, f.Since, f.Command); part != "" {
		lines = append([]string{part}, lines...)
	}
	return lines
}

// stepSince says a step of the share that fails: "rose from 4.1 to 9.0 %".
func (v view) stepSince(e incident.Event) string {
	before, after := strings.TrimSuffix(shareOf(e.Step.Before), " %"), shareOf(e.Step.After)
	how := "fell"
	switch {
	case e.Kind == incident.Quiet:
		return "quiet: " + text.Count(e.Step.After.Failures) + " of " + tries(e.Step.After.Tries) + " failed, " + shareOf(e.Step.Before) + " before"
	case e.Step.Worse():
		how = "rose"
	}
	return how + " from " + before + " to " + after + " of tries"
}

// levelsSince tells which products came to another level, those of five minutes
// that came to the same one together. What was seen since and failed already then, by
// its onset, is none that joined.
func (v view) levelsSince(f HandoverFacts) []happening {
	var out []happening
	var last incident.Event
	var names []string
	already := false
	told := func() {
		switch {
		case len(names) > 0 && already:
			out = append(out, happening{last.At, "noticed: " + some(names) + " " + turned(last) + " since before " + v.When(f.Since)})
		case len(names) > 0:
			out = append(out, happening{last.At, some(names) + " " + turned(last)})
		}
		names = nil
	}
	troubles, came, then := text.Troubles{}, map[string]bool{}, f.hurtThen(v)
	for _, e := range f.Incident.Timeline() {
		if e.Kind != incident.Level {
			continue
		}
		if e = troubles.Read(e); !e.At.After(f.Since) {
			continue
		}
		late := !came[e.Product] && !impact.Level(e.From).Hurt() && impact.Level(e.To) == impact.Degraded && slices.Contains(then, e.Product)
		came[e.Product] = true
		if e.To != last.To || e.Slow != last.Slow || e.WasSlow != last.WasSlow || late != already || e.At.Sub(last.At) > 5*time.Minute {
			told()
			last, already = e, late
		}
		if name := productName(v.Snapshot, e.Product); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	told()
	if f.Incident.Number > 0 {
		return out
	}
	for _, p := range v.Products { // what was told then nobody wrote down
		if p.Changed.After(f.Since) {
			out = append(out, happening{p.Changed, text.Name(p.Name) + " " + strings.ToLower(text.Level(p.Impact))})
		}
	}
	return out
}

// turned says what a product came to.
func turned(e incident.Event) string {
	switch impact.Level(e.To) {
	case impact.Outage:
		return levelName(e.To, e.Failed, false)
	case impact.Degraded:
		if impact.Level(e.From) == impact.Outage {
			return "no longer " + levelName(e.From, e.Failed, e.WasSlow)
		}
		if e.Slow {
			return "slow"
		}
		return "failing"
	case impact.OK:
		if e.WasSlow {
			return "no longer slow"
		}
		return "no longer failing"
	default:
		return levelName(e.To, nil, false)
	}
}

func later(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}

// stands says how the channel's incident is.
func (v view) stands(f HandoverFacts) string {
	inc := f.Incident
	title := "Incident " + text.Count(inc.Number)
	if t := text.Escape(inc.Title, 150); t != "" {
		title += " “" + t + "”"
	}
	switch {
	case inc.Number == 0:
		return "This channel has had no incident; these are the figures of all products. Begin one with " + typed(f.Command, "start TITLE") + "."
	case !inc.Open():
		by := "by statusbot"
		if inc.EndedBy != "" {
			by = "by " + called(inc.Called(inc.EndedBy))
		}
		return title + " ended " + v.When(inc.EndedAt) + " " + by + "."
	case !inc.PausedAt.IsZero():
		return title + " is open since " + v.When(inc.OpenedAt) + "; updates are paused by " + called(inc.Called(inc.PausedBy)) + " since " + v.When(inc.PausedAt) + "."
	}
	if inc.Proving() {
		title += ", whose recovery is being proven,"
	}
	return title + " is open since " + v.When(inc.OpenedAt) + "; updates come " + incident.Paced(inc.Every) + ", " + noneOr(inc.LastUpdate.N) + " so far."
}

// noneOr writes a count, of nothing as "none".
func noneOr(n int) string {
	if n == 0 {
		return "none"
	}
	return text.Count(n)
}
