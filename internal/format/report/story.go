package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// story writes the head of page one: title, time, and the whole in at most six
// sentences. A sentence about what did not happen says so or is left out.
func (b *builder) story() {
	r := b.r
	r.Title = "Incident " + text.Count(b.inc.Number)
	switch t := clean(b.inc.Title, 150); {
	case t != "":
		r.Title += ": " + t
	case b.cause != "":
		what := "failures"
		if len(r.Products) > 0 && !slices.ContainsFunc(r.Products, func(p *product) bool { return p.Failures > 0 || !p.on }) {
			what = "slow answers"
		}
		r.Title += ": " + what + ", likely cause " + b.cause
	}
	if s := clean(b.inc.Severity, 40); s != "" {
		r.Title += " (" + s + ")"
	}
	for _, l := range b.inc.Links {
		r.Links = append(r.Links, entry{At: clean(l.URL, 500), Who: b.who(l.By), What: clean(l.Name, 60)})
	}
	to := r.to
	if over := b.over(); !over.IsZero() && !b.inc.Open() { // the proof and the end of the updates come later
		to = over
	}
	span := to.Sub(r.from)
	end := r.clock.full(to)
	if !r.clock.days {
		end = r.clock.at(to)
	}
	r.When = r.clock.full(r.from) + " to " + end + " (" + text.Span(span) + "), " + r.Zone
	if r.open = b.inc.Open(); r.open {
		r.When = "Since " + r.clock.full(r.from) + ", still open at " + end + " (" + text.Span(span) + " so far), " + r.Zone
	}
	r.Sentence = b.impactTold()
	r.Summary = text.NonEmpty(b.seenTold(), b.courseTold(), b.causeTold(), b.triedTold(), b.recoveryTold())
}

// over is when the last product was no longer hurt; zero while one of them is, and
// when none was.
func (b *builder) over() (at time.Time) {
	for _, p := range b.products {
		for i, s := range p.stays {
			if !s.level.Hurt() {
				continue
			}
			if i == len(p.stays)-1 && !s.ended {
				return time.Time{}
			}
			if s.to.After(at) {
				at = s.to
			}
		}
	}
	return at
}

// impactTold says who was hurt and how much.
func (b *builder) impactTold() string {
	hurt, all := b.r.Products, len(b.products)
	switch {
	case all == 0:
		return "No product was hurt."
	case len(hurt) == 0:
		return "None of " + text.Plural(all, "product") + " was hurt."
	}
	var tries, failures, without int
	var down []*product
	for _, p := range hurt {
		tries, failures = tries+p.Tries, failures+p.Failures
		if p.Failures == 0 && p.Tries > 0 {
			without++
		}
		if p.Down > 0 {
			down = append(down, p)
		}
	}
	s := text.Count(len(hurt)) + " of " + text.Plural(all, "product")
	if len(hurt) == all {
		s = "All " + text.Plural(all, "product")
	}
	if len(hurt) == 1 {
		s = hurt[0].Name
		if all > 1 {
			s += ", one of " + text.Plural(all, "product") + ","
		}
	}
	was := map[bool]string{true: " was", false: " were"}[len(hurt) == 1]
	switch {
	case tries == 0:
		s += was + " hurt; no client check was counted meanwhile"
	case failures == 0 && !slices.ContainsFunc(hurt, func(p *product) bool { return p.slowShare() == "" }):
		s += " answered slowly: " + slowTold(hurt) + "; none of " + text.Count(tries) + " client checks failed"
	case failures == 0:
		s += was + " hurt by slow answers or warnings; none of " + text.Count(tries) + " client checks failed"
	case without > 0:
		s += was + " hurt: " + text.Percent(text.Share(failures, tries), tries) + " of their client checks failed (" + text.Count(failures) + " of " + text.Count(tries) + "), on " +
			text.Count(without) + " of them none (slow answers or warnings)"
	default:
		s += " failed " + text.Percent(text.Share(failures, tries), tries) + " of client checks (" + text.Count(failures) + " of " + text.Count(tries) + ")"
	}
	return s + "; " + downTold(down, len(hurt)) + "."
}

// slowTold says how many answers were slow of products that were all slow.
func slowTold(hurt []*product) string {
	var c incident.Counts
	for _, p := range hurt {
		c = c.Plus(p.slowOf())
	}
	return failedOf(c.Failures, c.Tries) + " were slower than usual"
}

// downTold says who of the products that were hurt was down, and how long.
func downTold(down []*product, hurt int) string {
	if len(down) == 0 {
		return map[bool]string{true: "it was never down", false: "none was down"}[hurt == 1]
	}
	slices.SortStableFunc(down, func(x, y *product) int { return int(y.Down/time.Second) - int(x.Down/time.Second) })
	longest := text.Span(down[0].Down)
	switch {
	case hurt == 1:
		return "it was down for " + longest
	case len(down) == 1:
		return down[0].Name + " was down for " + longest
	}
	return text.Count(len(down)) + " were down, " + down[0].Name + " the longest (" + longest + ")"
}

// seenTold says how soon it was seen and told.
func (b *builder) seenTold() string {
	s := "statusbot saw it"
	if !b.inc.Detected() {
		s = b.who(b.inc.OpenedBy) + " started it"
	}
	if lag := b.inc.OpenedAt.Sub(b.onset); !b.onset.IsZero() && lag >= 0 {
		s += " " + text.Span(lag) + " after it began"
	}
	s = text.Capital(s)
	if len(b.r.Updates) == 0 {
		return s + "; no update told it."
	}
	when := "at once"
	if lag := b.turningPoints().updated.Sub(b.inc.OpenedAt); lag >= time.Minute {
		when = text.Span(lag) + " later"
	}
	posts := 0
	for _, u := range b.r.Updates {
		if u.How == "post" {
			posts++
		}
	}
	switch n := len(b.r.Updates) - 1; n {
	case 0:
		return s + ", and told it " + when + ", in one update."
	case 1:
		return s + ", told it " + when + " and once more after that, in " + text.Plural(posts, "post") + "."
	default:
		return s + ", told it " + when + " and " + text.Count(n) + " times after that, in " + text.Plural(posts, "post") + "."
	}
}

// courseTold says when it was worst, where that stands out from the rest: by
// 95 % intervals that do not touch.
func (b *builder) courseTold() string {
	if s := b.stepsTold(); s != "" {
		return s
	}
	hurt := slices.DeleteFunc(slices.Clone(b.r.sum), func(x picture.Point) bool {
		at := x.From.Add(x.To.Sub(x.From) / 2)
		return !slices.ContainsFunc(b.r.Products, func(p *product) bool { return p.hurtAt(at) })
	})
	length, called := 10*time.Minute, "ten minutes"
	if b.r.to.Sub(b.r.from) > 3*time.Hour {
		length, called = time.Hour, "hour"
	}
	most := worst(hurt, length)
	for _, run := range runs(hurt) { // a trouble that came and went within less may have been the worst
		if run.To.Sub(run.From) < length && surely(run) > surely(most) {
			most = run
		}
	}
	if most.Failures == 0 || b.sampled {
		return ""
	}
	if d := most.To.Sub(most.From); d < length || d > length+10*time.Minute {
		called = "stretch"
	}
	var rest incident.Counts
	for _, x := range hurt {
		if !x.To.After(most.From) || !x.From.Before(most.To) {
			rest.Tries, rest.Failures = rest.Tries+x.Tries, rest.Failures+x.Failures
		}
	}
	if rest.Tries == 0 || rest.Share() > most.Share() { // the rest are stretches of which none is long enough to be told
		return ""
	}
	_, high := impact.Wilson(rest.Failures, rest.Tries)
	if surely(most) <= high {
		return "It was much the same all the time: " + text.Percent(most.Share(), most.Tries) + " in its worst " + called + ", " +
			text.Percent(rest.Share(), rest.Tries) + " in the rest."
	}
	return "It was worst from " + b.r.clock.span(most.From, most.To) + ": " + failedOfPlain(most.Failures, most.Tries) + ", " +
		text.Percent(rest.Share(), rest.Tries) + " in the rest."
}

// surely is the share that failed at least, by the 95 % interval of it.
func surely(x picture.Point) float64 {
	low, _ := impact.Wilson(x.Failures, x.Tries)
	return low
}

// stepsTold says the share between the steps that the updates told, as these told it:
// "4.1 % until 00:31, then 9.0 % until 02:31, then 4.0 % of tries failed". A quiet between
// two of them is one. Empty without any, and where there are more than can be read.
func (b *builder) stepsTold() string {
	const most = 4
	steps, end := b.stepsOfRate()
	if len(steps) == 0 || len(steps) > most || !slices.IsSortedFunc(steps, func(x, y *incident.RateStep) int { return x.At.Compare(y.At) }) {
		return ""
	}
	var parts []string
	from := b.r.from
	for i := range len(steps) + 1 {
		to, told := end, steps[len(steps)-1].After
		if i < len(steps) {
			to, told = steps[i].At, steps[i].Before
		}
		if told.Tries == 0 { // a version did not write them down
			told = b.counted(from, to)
		}
		if told.Tries == 0 {
			return "" // steps closer than what was counted
		}
		part := text.Percent(told.Share(), told.Tries)
		if i < len(steps) {
			part += " until " + b.r.clock.at(to)
		}
		parts = append(parts, part)
		from = to
	}
	return strings.Join(parts, ", then ") + " of tries failed."
}

// stepsOfRate are the steps of the share that fails, up to the last that is no quiet, and until
// when what came behind that is counted. None where it only became quiet, or where all had
// recovered between two of them: what they were of is no one course.
func (b *builder) stepsOfRate() (steps []*incident.RateStep, end time.Time) {
	end = b.r.to
	rates := 0     // how many of steps end with one that is no quiet
	apart := false // it came back after one of them
	for _, e := range b.events {
		switch {
		case e.Kind == incident.Relapsed, e.Kind == incident.Reopened:
			apart = len(steps) > 0
		case e.Step == nil:
		case e.Kind == incident.Rate && apart:
			return nil, end
		case e.Kind == incident.Rate:
			steps = append(steps, e.Step)
			rates, end = len(steps), b.r.to
		case e.Kind == incident.Quiet:
			steps = append(steps, e.Step)
			end = e.Step.At
		}
	}
	return steps[:rates], end
}

// counted adds up what the updates counted of what was hurt, from one instant to another;
// nothing where they told windows only.
func (b *builder) counted(from, to time.Time) (c incident.Counts) {
	if b.sampled {
		return c
	}
	for _, x := range b.r.sum {
		if at := x.From.Add(x.To.Sub(x.From) / 2); !at.Before(from) && at.Before(to) {
			c.Tries, c.Failures = c.Tries+x.Tries, c.Failures+x.Failures
		}
	}
	return c
}

func failedOfPlain(failures, tries int) string {
	return text.Percent(text.Share(failures, tries), tries) + " failed (" + text.Count(failures) + " of " + text.Count(tries) + ")"
}

// causeTold says who was named as the cause, when, and whether that held.
func (b *builder) causeTold() string {
	if b.cause == "" && len(b.r.Products) == 0 {
		return ""
	}
	if b.cause == "" {
		return "No likely cause was named: no declared component explained who failed."
	}
	when := "at " + b.r.clock.at(b.blamedAt)
	if !b.onset.IsZero() && !b.blamedAt.Before(b.onset) {
		when = text.Span(b.blamedAt.Sub(b.onset)) + " after it began"
	}
	held := " and unchanged since"
	if n := b.changes - 1; n > 0 {
		held = map[bool]string{true: ", in place of another one", false: ", after " + text.Cardinal(n) + " others"}[n == 1]
	}
	return "The likely cause, named " + when + held + ": " + b.cause + "."
}

// triedTold says what was tried and whether it helped.
func (b *builder) triedTold() string {
	marks := b.r.Marks
	var good []*mark
	judged := 0
	for _, m := range marks {
		if m.helped {
			good = append(good, m)
		}
		if m.judged {
			judged++
		}
	}
	switch {
	case len(marks) == 0:
		return "Nobody marked an action."
	case len(marks) == 1:
		return "One action was marked: " + quoted(marks[0]) + ": " + cmp.Or(marks[0].Short, "its effect was not measured") + "."
	case len(good) == 0 && judged == 0:
		return "Of " + text.Cardinal(len(marks)) + " actions none could be measured."
	case len(good) == 0:
		return "Of " + text.Cardinal(len(marks)) + " actions none measurably helped."
	case len(good) == 1:
		return "Of " + text.Cardinal(len(marks)) + " actions one helped: " + quoted(good[0]) + ": " + strings.TrimPrefix(good[0].Short, "helped, ") + "."
	default:
		last := good[len(good)-1]
		return "Of " + text.Cardinal(len(marks)) + " actions " + text.Cardinal(len(good)) + " helped, the last " + quoted(last) + ": " + strings.TrimPrefix(last.Short, "helped, ") + "."
	}
}

// quoted is a mark with who set it, and when.
func quoted(m *mark) string {
	return "\"" + text.Clip(m.Text, 80) + "\" (" + m.Who + ", " + m.At + ")"
}

// recoveryTold says how the end is known.
func (b *builder) recoveryTold() string {
	t := b.turningPoints()
	if len(b.r.Products) == 0 {
		return ""
	}
	var why string
	for _, e := range b.events {
		if e.Kind == incident.Proven {
			why = clean(e.Why, 160)
		}
	}
	switch {
	case !t.recovered.IsZero() && why != "":
		return "Recovery was proved at " + b.r.clock.at(t.recovered) + ": " + strings.TrimSuffix(why, ".") + "."
	case !t.recovered.IsZero():
		return "Recovery was seen at " + b.r.clock.at(t.recovered) + ": every product was as usual again."
	case !t.mitigated.IsZero():
		return "No product failed at the incident's rate from " + b.r.clock.at(t.mitigated) + " on; that all recovered was not proved."
	case b.inc.Open():
		return "It is not over."
	default:
		return "Updates ended at " + b.r.clock.at(b.inc.EndedAt) + " with products that were still hurt."
	}
}

// news are the instants that the sum's chart points out.
func (b *builder) news() {
	add := func(at time.Time, what string) {
		if len(b.r.News) < firstNews {
			b.r.News = append(b.r.News, entry{At: b.r.clock.at(at), What: what})
			b.r.news = append(b.r.news, at)
		}
	}
	for _, e := range b.events {
		switch {
		case e.Kind == incident.Level && impact.Level(e.To) == impact.Outage:
			add(e.At, b.product(e.Product).Name+" "+text.Told(impact.Outage, e.Failed, false))
		case e.Kind == incident.Proving:
			add(e.At, "no product failing any more")
		case e.Kind == incident.Rate && e.Step != nil && e.Step.Worse():
			add(e.Step.At, "worse")
		case e.Kind == incident.Rate && e.Step != nil:
			add(e.Step.At, "better")
		case e.Kind == incident.Quiet && e.Step != nil:
			add(e.Step.At, "quiet")
		case e.Kind == incident.Relapsed, e.Kind == incident.Reopened:
			add(e.At, b.returned(e))
		case e.Kind == incident.Proven:
			add(e.At, "recovery proved")
		}
	}
}
