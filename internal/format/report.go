package format

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// ReportFacts is what a report is made of. The same facts give the same bytes.
type ReportFacts struct {
	Events     []incident.Event  // of one incident, as the journal has them
	Definition status.Definition // of now: names, owners, files; what it lacks is told by its id
	Names      map[string]string // :: Slack user id -> name; a person that is not in it is told by the id
}

// Report is an incident told as a whole, for those who were not there. Its
// texts are plain: Markdown and HTML escape them.
type Report struct {
	Number   int
	Title    string // "Incident 7: payments"
	Sentence string // what the whole was, in one sentence
	Summary  []string
	Zone     string // of all times
	Times    []reportTime
	Products []*reportProduct // the most hurt first; those that were not hurt are counted in Summary
	Marks    []*reportMark
	Causes   []reportLine
	Proofs   []reportLine
	Updates  []reportUpdate
	Timeline []reportLine
	Sources  []reportSource
	Notes    []string // how the figures were made
	Trend    Trend

	from, to time.Time // what the charts show
	clock    reportClock
}

type reportTime struct{ What, At, Lag string }

type reportLine struct{ At, Who, What string }

type reportUpdate struct {
	N             int
	At, How, Line string
}

type reportMark struct {
	number         int
	at             time.Time
	At, Who, Text  string
	Effect         string // empty while none is known
	helped, judged bool
}

type reportSource struct{ Product, Owner, Check, Kind, Every, File string }

// reportProduct is one product over the incident.
type reportProduct struct {
	ID, Name, Owner       string
	Degraded, Down, Blind time.Duration
	Tries, Failures       int
	stays                 []stay
	points                []point
	Charted               bool
}

// stay is a time on one level that is not as usual.
type stay struct {
	level    impact.Level
	from, to time.Time
	why      string // what decided it
	ended    bool   // by a level of its own, not by the end of the updates
}

// point is what a product's checks gave in a stretch of time.
type point struct {
	from, to        time.Time
	tries, failures int
}

func (p point) share() float64 { return share(p.failures, p.tries) }

// ImpactTime is how long clients were hurt.
func (p *reportProduct) ImpactTime() string { return orNone(p.Degraded + p.Down) }
func (p *reportProduct) DownTime() string   { return orNone(p.Down) }

// FailedTries writes the product's counts: "104 of 1,586 (6.6 %)".
func (p *reportProduct) FailedTries() string { return failedOf(p.Failures, p.Tries) }

func (p *reportProduct) hurt() bool { return p.Degraded+p.Down > 0 }

// Spans tells when the product was hurt: "19:32-05:10".
func (r *Report) spans(p *reportProduct) string {
	var out []string
	for _, s := range p.stays {
		if !s.level.Hurt() {
			continue
		}
		word := "degraded "
		if s.level == impact.Outage {
			word = "down "
		}
		out = append(out, word+r.clock.at(s.from)+" to "+r.clock.at(s.to))
	}
	const most = 6
	if more := len(out) - most; more > 0 {
		out = append(out[:most], "and "+plural(more, "more time"))
	}
	return strings.Join(out, "; ")
}

func orNone(d time.Duration) string {
	if d <= 0 {
		return "none"
	}
	return span(d)
}

func failedOf(failures, tries int) string {
	if tries == 0 {
		return "not measured"
	}
	return count(failures) + " of " + count(tries) + " (" + percent(share(failures, tries), tries) + ")"
}

// reportClock writes times of the company's zone, with dates once the incident
// passes midnight, and the zone's name once its offset changes.
type reportClock struct {
	zone         *time.Location
	dated, named bool
}

func (c reportClock) at(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	form := "15:04"
	if c.dated {
		form = "Mon 2 Jan 15:04"
	}
	if c.named {
		form += " MST"
	}
	return t.In(c.zone).Format(form)
}

// NewReport folds an incident's events into its report; false when they do not
// begin with its opening.
func NewReport(f ReportFacts) (*Report, bool) {
	events := slices.Clone(f.Events)
	var inc incident.Incident
	for _, e := range events {
		inc = incident.Fold(inc, e)
	}
	if inc.Number == 0 || inc.OpenedAt.IsZero() {
		return nil, false
	}
	b := &reporter{facts: f, events: events, inc: inc, byID: map[string]*reportProduct{}, r: &Report{Number: inc.Number}}
	b.build()
	return b.r, true
}

// reporter builds one report.
type reporter struct {
	facts    ReportFacts
	events   []incident.Event
	inc      incident.Incident
	r        *Report
	products []*reportProduct // as declared
	byID     map[string]*reportProduct
	onset    time.Time // the earliest
	detected time.Time
	cause    string // the last that was told
	sampled  bool   // counts come from windows: events of a version that did not count
}

func (b *reporter) build() {
	for _, p := range b.facts.Definition.Products {
		b.product(p.ID)
	}
	b.r.to = b.inc.EndedAt
	for _, e := range b.events {
		if b.inc.Open() && e.At.After(b.r.to) {
			b.r.to = e.At
		}
	}
	b.levels()
	b.figures()
	b.r.from = b.inc.OpenedAt
	if !b.onset.IsZero() && b.onset.Before(b.r.from) {
		b.r.from = b.onset
	}
	zone := b.facts.Definition.Timezone
	if zone == nil {
		zone = time.UTC
	}
	c := clock{tz: zone}
	_, o1 := b.r.from.In(zone).Zone()
	_, o2 := b.r.to.In(zone).Zone()
	b.r.clock = reportClock{zone: zone, dated: !c.sameDay(b.r.from, b.r.to), named: o1 != o2}
	b.r.Zone = zone.String()
	for _, p := range b.products {
		if p.hurt() {
			b.r.Products = append(b.r.Products, p)
		}
	}
	slices.SortStableFunc(b.r.Products, func(x, y *reportProduct) int {
		return cmp.Or(cmp.Compare(y.Down+y.Degraded, x.Down+x.Degraded), cmp.Compare(share(y.Failures, y.Tries), share(x.Failures, x.Tries)))
	})
	for i, p := range b.r.Products {
		p.Charted = i < mostCharts && len(p.points) > 1
	}
	b.marks()
	b.causes()
	b.updates()
	b.timeline()
	b.proofs()
	b.times()
	b.summary()
	b.sources()
	b.notes()
	b.r.Trend = b.trend()
}

// mostCharts bounds the charts of a report.
const mostCharts = 24

// product returns a product's entry; one that only the events know has its id
// for a name.
func (b *reporter) product(id string) *reportProduct {
	if p := b.byID[id]; p != nil {
		return p
	}
	p := &reportProduct{ID: id, Name: clean(id, 60)}
	for _, d := range b.facts.Definition.Products {
		if d.ID == id {
			p.Name, p.Owner = cmp.Or(clean(d.Name, 60), p.Name), clean(d.Owner, 60)
		}
	}
	b.byID[id] = p
	b.products = append(b.products, p)
	return p
}

// clean is external text as one line, cut.
func clean(s string, limit int) string {
	s = inert(oneLine(s, limit))
	if units(s) > limit {
		s = clip(s, limit-1) + "…"
	}
	return s
}

// who names a person.
func (b *reporter) who(id string) string {
	if id == "" {
		return "statusbot"
	}
	if n := clean(b.facts.Names[id], 60); n != "" {
		return n
	}
	return clean(id, 60)
}

// levels makes the times at which each product was not as usual. They begin at
// the onset, not when it was noticed, and end with the updates.
func (b *reporter) levels() {
	open := map[string]*stay{} // :: product id -> its stay under way
	last := map[string]stay{}  // :: product id -> its last stay that ended
	shut := func(id string, at time.Time, own bool) {
		s := open[id]
		if s == nil {
			return
		}
		s.to, s.ended = at, own
		if s.to.Before(s.from) {
			s.to = s.from
		}
		p := b.product(id)
		p.stays = append(p.stays, *s)
		last[id] = *s
		delete(open, id)
	}
	for _, e := range b.events {
		switch e.Kind {
		case incident.Level:
			b.product(e.Product)
			from := e.At
			if to := impact.Level(e.To); to.Hurt() && open[e.Product] == nil && !e.Onset.IsZero() && e.Onset.Before(from) {
				from = e.Onset
			}
			if before := last[e.Product]; from.Before(before.to) {
				from = before.to
			}
			shut(e.Product, e.At, true)
			to := impact.Level(e.To)
			if to.Hurt() {
				if b.onset.IsZero() || from.Before(b.onset) {
					b.onset = from
				}
				if b.detected.IsZero() {
					b.detected = e.At
				}
			}
			if to != impact.OK {
				open[e.Product] = &stay{level: to, from: from, why: e.Why}
			}
		case incident.Resolved:
			for _, p := range b.products {
				shut(p.ID, e.At, false)
			}
		case incident.Reopened:
			for _, p := range b.products {
				if n := len(p.stays); n > 0 && !p.stays[n-1].ended {
					open[p.ID] = &stay{level: p.stays[n-1].level, from: e.At, why: e.Why}
				}
			}
		}
	}
	for _, p := range b.products {
		shut(p.ID, b.r.to, false)
		for _, s := range p.stays {
			d := s.to.Sub(s.from)
			switch {
			case s.level == impact.Outage:
				p.Down += d
			case s.level.Hurt():
				p.Degraded += d
			case s.level == impact.Unknown:
				p.Blind += d
			}
		}
	}
}

// figures adds up what the updates counted. Updates of an older version have
// windows only: of those, some are taken that do not overlap.
func (b *reporter) figures() {
	window := b.facts.Definition.Window
	if window <= 0 {
		window = impact.DefaultWindow
	}
	var counted, taken time.Time
	for _, e := range b.events {
		if e.Kind != incident.Update {
			continue
		}
		for _, f := range e.Figures {
			p := b.product(f.Product)
			at := point{from: counted, to: e.Counted, tries: f.NewTries, failures: f.NewFailures}
			if e.Counted.IsZero() {
				if !taken.IsZero() && e.At.Sub(taken) < window {
					continue
				}
				b.sampled = true
				at = point{from: e.At.Add(-window), to: e.At, tries: f.Tries, failures: f.Failures}
			}
			if at.tries <= 0 || at.failures < 0 || at.failures > at.tries {
				continue
			}
			if at.from.IsZero() {
				at.from = b.inc.OpenedAt
				if !b.onset.IsZero() && b.onset.Before(at.from) {
					at.from = b.onset
				}
			}
			p.Tries += at.tries
			p.Failures += at.failures
			p.points = append(p.points, at)
		}
		switch {
		case !e.Counted.IsZero():
			counted = e.Counted
		case taken.IsZero() || e.At.Sub(taken) >= window:
			taken = e.At
			counted = e.At
		}
	}
}

// marks are the actions tried, each with the last that was measured of it.
func (b *reporter) marks() {
	for _, e := range b.events {
		switch e.Kind {
		case incident.Mark:
			b.r.Marks = append(b.r.Marks, &reportMark{number: e.Mark, at: e.At, At: b.r.clock.at(e.At), Who: b.who(e.By), Text: said(e)})
		case incident.Effect:
			if m := b.marked(e); m != nil {
				m.judged, m.helped = true, helped(e)
				m.Effect = effectTold(e)
			}
		}
	}
}

// marked finds the mark that an effect is of.
func (b *reporter) marked(e incident.Event) *reportMark {
	for _, m := range b.r.Marks {
		if m.number == e.Mark {
			return m
		}
	}
	return nil
}

func helped(e incident.Event) bool { return first(e.Verdicts).Verdict == string(impact.Helped) }

// effectTold says a verdict with its figures, as plain text.
func effectTold(e incident.Event) string {
	v := first(e.Verdicts)
	return strings.ReplaceAll(verdictWord(v)+" ("+comparison(v)+")", "&gt;", ">")
}

// said is what a person wrote.
func said(e incident.Event) string { return clean(cmp.Or(e.Text, e.Title, e.Why), 300) }

// causes are the likely causes as they stood, each from when it was first told
// until it changed.
func (b *reporter) causes() {
	was := ""
	for _, e := range b.events {
		if e.Kind != incident.Update || e.Cause == was {
			continue
		}
		what := clean(e.Cause, 400)
		if what == "" {
			what = "no likely cause"
		} else {
			b.cause = what
		}
		b.r.Causes = append(b.r.Causes, reportLine{At: b.r.clock.at(e.At), What: what})
		was = e.Cause
	}
}

// updates tells every update, in one line each.
func (b *reporter) updates() {
	for _, e := range b.events {
		if e.Kind != incident.Update {
			continue
		}
		how := "post"
		if e.Post != e.N {
			how = "edit of " + count(e.Post)
		}
		b.r.Updates = append(b.r.Updates, reportUpdate{N: e.N, At: b.r.clock.at(e.At), How: how, Line: b.updateLine(e)})
	}
}

func (b *reporter) updateLine(e incident.Event) string {
	n := map[impact.Level]int{}
	var worst incident.Figure
	for _, f := range e.Figures {
		l := impact.Level(f.Level)
		n[l]++
		if l.Hurt() && (worst.Product == "" || l.Severity() > impact.Level(worst.Level).Severity() ||
			l == impact.Level(worst.Level) && f.Share > worst.Share) {
			worst = f
		}
	}
	line := fmt.Sprintf("%s of %s degraded, %s down", count(n[impact.Degraded]), plural(len(e.Figures), "product"), count(n[impact.Outage]))
	if n[impact.Degraded]+n[impact.Outage] == 0 {
		line = plural(n[impact.OK], "product") + " as usual"
	}
	if n[impact.Unknown] > 0 {
		line += ", " + count(n[impact.Unknown]) + " not measured"
	}
	if worst.Product != "" {
		line += "; worst " + b.product(worst.Product).Name + " " + failedOf(worst.Failures, worst.Tries)
	}
	if late := e.At.Sub(e.Due); !e.Due.IsZero() && late > 30*time.Second {
		line += "; " + span(late) + " late"
	}
	return line
}

// timeline tells every other event.
func (b *reporter) timeline() {
	for _, e := range b.events {
		what := b.eventTold(e)
		if what == "" {
			continue
		}
		b.r.Timeline = append(b.r.Timeline, reportLine{At: b.r.clock.at(e.At), Who: b.who(e.By), What: what})
	}
}

func because(s, why string) string {
	if why = clean(why, 300); why != "" {
		s += ": " + why
	}
	return s
}

func (b *reporter) eventTold(e incident.Event) string {
	switch e.Kind {
	case incident.Update:
		if e.Post == e.N {
			return "update " + count(e.N) + " posted: " + b.updateLine(e)
		}
		return "" // an edit; the list of updates has it
	case incident.Opened:
		if e.By == "" {
			return because("detected", e.Why)
		}
		return because("started", e.Title)
	case incident.Reopened:
		return because("opened again", e.Why)
	case incident.Resolved:
		return because("updates ended", e.Why)
	case incident.Proving:
		return "no product fails at the incident's rate any more; not proven yet: " + b.namesOf(e.Products)
	case incident.Relapsed:
		return because("failing again", e.Why)
	case incident.Proven:
		return because("recovery proven", e.Why)
	case incident.Cadence:
		return "updates every " + incident.Every(e.Every)
	case incident.Level:
		s := b.product(e.Product).Name + " " + wordOf(impact.Level(e.To)) + " (was " + wordOf(impact.Level(e.From)) + ")"
		if impact.Level(e.To).Hurt() && !e.Onset.IsZero() {
			s += " since " + b.r.clock.at(e.Onset)
		}
		return because(s, e.Why)
	case incident.Mark:
		return because("tried", said(e))
	case incident.Note:
		return because("note", said(e))
	case incident.Effect:
		return because("effect", effectTold(e))
	case incident.Acked:
		return because("acknowledged "+b.named(e), said(e))
	case incident.Accepted:
		return "accepted the check " + clean(e.Check, 60) + " of " + b.named(e)
	case incident.Declined:
		return "declined the check " + clean(e.Check, 60) + " of " + b.named(e)
	case incident.Removed:
		return "removed the check " + clean(e.Check, 60) + " of " + b.named(e)
	case incident.Mute:
		return because("muted "+b.named(e), said(e))
	default:
		return because(clean(strings.TrimSpace(string(e.Kind)+" "+b.named(e)), 100), said(e))
	}
}

func (b *reporter) named(e incident.Event) string {
	if e.Product == "" {
		return ""
	}
	return b.product(e.Product).Name
}

func (b *reporter) namesOf(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, b.product(id).Name)
	}
	return strings.Join(out, ", ")
}

// wordOf says a level in a word.
func wordOf(l impact.Level) string { return strings.ToLower(levelWord(impact.Impact{Level: l})) }

// proofs tell for each product that was hurt how it is known to be well.
func (b *reporter) proofs() {
	for _, p := range b.r.Products {
		line := reportLine{Who: p.Name}
		s := p.stays[len(p.stays)-1]
		for _, e := range b.events {
			if e.Kind == incident.Level && e.Product == p.ID && impact.Level(e.To) == impact.OK {
				line.At, line.What = b.r.clock.at(e.At), because("as usual again", e.Why)
			}
		}
		if s.level != impact.OK && !s.ended {
			line.At, line.What = b.r.clock.at(s.to), "still "+wordOf(s.level)+" when the updates ended"
			if b.inc.Open() {
				line.What = "still " + wordOf(s.level)
			}
		}
		if f, ok := b.inc.Figure(p.ID); ok && f.Tries > 0 {
			line.What += "; the last update counted " + failedOf(f.Failures, f.Tries) + " failed"
		}
		b.r.Proofs = append(b.r.Proofs, line)
	}
	for _, e := range b.events {
		switch {
		case e.Kind == incident.Proven:
			b.r.Proofs = append(b.r.Proofs, reportLine{At: b.r.clock.at(e.At), Who: b.namesOf(e.Products), What: because("recovery proven", e.Why)})
		case e.Kind == incident.Resolved && len(e.Products) > 0:
			b.r.Proofs = append(b.r.Proofs, reportLine{At: b.r.clock.at(e.At), Who: b.namesOf(e.Products), What: "recovery not proven when the updates ended"})
		}
	}
}

// times are the instants that are asked for after an incident, and the lags
// between them.
func (b *reporter) times() {
	add := func(what string, at time.Time, lag ...string) {
		b.r.Times = append(b.r.Times, reportTime{What: what, At: b.r.clock.at(at), Lag: strings.Join(nonEmpty(lag...), ", ")})
	}
	after := func(at, since time.Time, what string) string {
		if at.IsZero() || since.IsZero() || at.Before(since) {
			return ""
		}
		return span(at.Sub(since)) + " after " + what
	}
	detected := b.inc.OpenedAt
	how := "Detection"
	if !b.inc.Detected() {
		how = "Start by " + b.who(b.inc.OpenedBy)
	}
	add("Onset", b.onset)
	if !b.inc.Detected() && !b.detected.IsZero() && b.detected.After(detected) {
		add("First level seen", b.detected, after(b.detected, b.onset, "onset"))
	}
	add(how, detected, after(detected, b.onset, "onset"))
	var acked, first, helpful, mitigated, recovered time.Time
	for _, e := range b.events {
		switch {
		case e.Kind == incident.Update && first.IsZero():
			first = e.At
		case e.Kind == incident.Acked && acked.IsZero():
			acked = e.At
		case e.Kind == incident.Level && impact.Level(e.To) == impact.OK && impact.Level(e.From).Hurt():
			mitigated, recovered = e.At, e.At // proven at once, if nothing below says otherwise
		case e.Kind == incident.Proving, e.Kind == incident.Resolved && len(e.Products) > 0:
			recovered = time.Time{}
		case e.Kind == incident.Proven:
			recovered = e.At
		}
	}
	for _, m := range b.r.Marks {
		if m.helped {
			helpful = m.at
		}
	}
	add("First update", first, after(first, detected, lower(how)), after(first, b.onset, "onset"))
	if !acked.IsZero() {
		add("First acknowledged", acked, after(acked, detected, lower(how)))
	}
	for _, p := range b.r.Products {
		if s := p.stays[len(p.stays)-1]; s.level.Hurt() && !s.ended {
			mitigated, recovered = time.Time{}, time.Time{} // not of all of them
		}
	}
	if !helpful.IsZero() {
		add("Last action that helped", helpful, after(helpful, detected, lower(how)), after(helpful, b.onset, "onset"))
	}
	add("Mitigation", mitigated, after(mitigated, helpful, "that action"), after(mitigated, detected, lower(how)), after(mitigated, b.onset, "onset"))
	proven := after(recovered, mitigated, "mitigation")
	if recovered.Equal(mitigated) && !recovered.IsZero() {
		proven = "" // both steps at once
	}
	add("Recovery", recovered, proven, after(recovered, b.onset, "onset"))
	if b.inc.Open() {
		b.r.Times = append(b.r.Times, reportTime{What: "End of updates", At: "still open", Lag: "this report is as of " + b.r.clock.at(b.r.to)})
		return
	}
	add("End of updates", b.inc.EndedAt, after(b.inc.EndedAt, recovered, "recovery"), after(b.inc.EndedAt, b.onset, "onset"))
}

func (b *reporter) summary() {
	r := b.r
	r.Title = "Incident " + count(b.inc.Number)
	if t := clean(b.inc.Title, 150); t != "" {
		r.Title += ": " + t
	}
	n := len(b.products)
	what := count(len(r.Products)) + " of " + plural(n, "product") + " hurt"
	if len(r.Products) == 0 {
		what = "none of " + plural(n, "product") + " hurt"
	}
	ending := "to " + r.clock.at(r.to) + " (" + span(r.to.Sub(r.from)) + ")"
	if b.inc.Open() {
		ending = "and still open at " + r.clock.at(r.to) + " (" + span(r.to.Sub(r.from)) + " so far)"
	}
	r.Sentence = capital(what) + ", from " + r.clock.at(r.from) + " " + ending + "."
	var tries, failures int
	var impactTime, down time.Duration
	for _, p := range r.Products {
		tries, failures = tries+p.Tries, failures+p.Failures
		impactTime, down = impactTime+p.Degraded+p.Down, down+p.Down
	}
	if len(r.Products) > 0 {
		s := "Together these products were hurt for " + minutesOf(impactTime) + " impact minutes"
		if down > 0 {
			s += ", " + minutesOf(down) + " of them down"
		}
		r.Summary = append(r.Summary, s+"; "+failedOf(failures, tries)+" of their client checks failed.")
	}
	opened := "statusbot detected it"
	if !b.inc.Detected() {
		opened = b.who(b.inc.OpenedBy) + " started it"
	}
	posts := 0
	for _, u := range r.Updates {
		posts += one(u.How == "post")
	}
	r.Summary = append(r.Summary, capital(because(opened, b.inc.Why))+".", plural(len(r.Updates), "update")+" told it, in "+plural(posts, "post")+".")
	if len(r.Marks) > 0 {
		good := 0
		for _, m := range r.Marks {
			good += one(m.helped)
		}
		r.Summary = append(r.Summary, plural(len(r.Marks), "action")+" were tried, "+cardinal(good)+" of them measurably helped.")
	}
	if b.cause != "" {
		r.Summary = append(r.Summary, "The likely cause that was told last: "+b.cause)
	}
}

func minutesOf(d time.Duration) string { return count(int(d.Round(time.Minute) / time.Minute)) }

func (b *reporter) sources() {
	of := map[string]int{}
	for _, c := range b.facts.Definition.Checks {
		p := b.product(c.Product)
		of[c.Product]++
		file := "not known"
		if c.Source.File != "" {
			file = clean(c.Source.File, 120)
			if c.Source.Line > 0 {
				file += ":" + fmt.Sprint(c.Source.Line)
			}
		}
		b.r.Sources = append(b.r.Sources, reportSource{Product: p.Name, Owner: cmp.Or(p.Owner, "nobody named"), Check: clean(c.ID, 80),
			Kind: clean(c.Kind, 40), Every: incident.Every(c.Every), File: file})
	}
	for _, p := range b.facts.Definition.Products {
		if of[p.ID] == 0 {
			e := b.product(p.ID)
			b.r.Sources = append(b.r.Sources, reportSource{Product: e.Name, Owner: cmp.Or(e.Owner, "nobody named"), Check: "no check", Kind: "", Every: "", File: ""})
		}
	}
}

func (b *reporter) notes() {
	b.r.Notes = append(b.r.Notes,
		"All times are of "+b.r.Zone+". A product counts as hurt from the estimated onset until it no longer failed at the incident's rate or the updates ended. Mitigation is when the last product did so, recovery when that was proven for all.",
		"What could not be observed counts neither as passed nor as failed.")
	if b.sampled {
		b.r.Notes = append(b.r.Notes, "A part of the counts comes from windows that do not overlap: it leaves out what was between them.")
	} else {
		b.r.Notes = append(b.r.Notes, "Tries are counted by whole minutes, from the onset up to the last update.")
	}
	if len(b.facts.Definition.Products) == 0 {
		b.r.Notes = append(b.r.Notes, "No configuration was read: names, owners and files are not known.")
	}
	if missing := b.missing(); missing > 0 {
		b.r.Notes = append(b.r.Notes, plural(missing, "product")+" of this incident are in the configuration no more.")
	}
}

// missing counts products that only the events know.
func (b *reporter) missing() int {
	if len(b.facts.Definition.Products) == 0 {
		return 0
	}
	return len(b.products) - len(b.facts.Definition.Products)
}
