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
	"github.com/statusbot/statusbot/internal/status"
)

// Facts is what a report is made of. The same facts give the same bytes.
type Facts struct {
	Events     []incident.Event  // of one incident, as the journal has them
	Definition status.Definition // of now: names, owners, files; what it lacks is told by its id
	Names      map[string]string // :: Slack user id -> name; a person that is not in it is told by the id
}

// Report is an incident told as a whole, for those who were not there. Its
// texts are plain: Markdown and HTML escape them.
type Report struct {
	Number   int
	Company  string
	Title    string  // "Incident 7: payments"
	When     string  // from when to when, how long, and the zone of all times
	Links    []entry // to the call, the ticket: What it is called, At where
	Sentence string  // what the whole was, in one sentence
	Summary  []string
	Zone     string // of all times
	Times    []moment
	Products []*product // the longest down first, then the largest share; those that were not hurt are counted in Sentence
	Marks    []*mark
	News     []entry // what the diamonds of the sum's chart are
	Causes   []entry
	Proofs   []entry
	Updates  []update
	Timeline []entry
	Sources  []source
	Notes    []string // how the figures were made
	Trend    picture.Trend

	from, to time.Time       // what the charts show
	sum      []picture.Point // of the products that were hurt
	news     []time.Time     // of News
	clock    clock
	open     bool // the incident is
}

// What page one shows; the rest is folded.
const (
	firstProducts = 14
	firstMarks    = 7
	firstNews     = 8
)

// First are the products of page one.
//
//nolint:revive // the page's template asks for them
func (r *Report) First() []*product { return r.Products[:min(len(r.Products), firstProducts)] }

// Others are the products behind page one.
//
//nolint:revive // as First
func (r *Report) Others() []*product { return r.Products[min(len(r.Products), firstProducts):] }

// FirstMarks are the actions of page one: those that helped and the newest
// where there are too many, in the order in which they were tried.
//
//nolint:revive // as First
func (r *Report) FirstMarks() []*mark {
	if len(r.Marks) <= firstMarks {
		return r.Marks
	}
	room := firstMarks
	for _, m := range r.Marks {
		if m.helped {
			room--
		}
	}
	var out []*mark
	for i, m := range r.Marks {
		if m.helped && len(out) < firstMarks || len(r.Marks)-i <= room {
			out = append(out, m)
		}
	}
	return out[:min(len(out), firstMarks)]
}

// MoreMarks says how many actions page one leaves out; empty for none.
func (r *Report) MoreMarks() string {
	if n := len(r.Marks) - len(r.FirstMarks()); n > 0 {
		return text.Plural(n, "more action") + " in the list of all that was tried."
	}
	return ""
}

type moment struct{ What, At, Lag string }

type entry struct{ At, Who, What string }

type update struct {
	N             int
	At, How, Line string
}

type mark struct {
	No             int // in the report, from 1
	number         int // in the incident
	at             time.Time
	At, Who, Text  string
	Effect         string // empty while none is known
	Short          string // the same in a few words
	helped, judged bool
}

// Told is a mark in one line.
func (m *mark) Told() string {
	return m.At + " " + m.Text + " (" + m.Who + "): " + cmp.Or(m.Short, "not measured")
}

type source struct{ Product, Owner, Check, Kind, Every, File string }

// product is one product over the incident.
type product struct {
	ID, Name, Owner       string
	Degraded, Down, Blind time.Duration
	Tries, Failures       int
	Worst                 string // share in its worst ten minutes
	stays                 []stay
	points                []picture.Point // over the whole incident, hurt or not
	slowness
	Charted bool
}

// stay is a time on one level that is not as usual.
type stay struct {
	level    impact.Level
	from, to time.Time
	failed   *incident.Counts // what failed of the tries in an outage; nil where that is not known
	slow     bool             // it answered slowly
	ended    bool             // by a level of its own, not by the end of the updates
}

// down reports whether practically all failed.
func (s stay) down() bool { return s.level == impact.Outage && text.Dead(s.failed) }

// word is its level.
func (s stay) word() string { return text.Told(s.level, s.failed, s.slow) }

// Called is a product's name, with how long it was down and how slow it was.
func (p *product) Called() string {
	down := ""
	if p.Down > 0 {
		down = "down " + text.Span(p.Down)
	}
	if how := strings.Join(text.NonEmpty(down, p.how()), "; "); how != "" {
		return p.Name + " (" + how + ")"
	}
	return p.Name
}

// Share writes the share of its tries that failed: "6.6 %"; of what was slow also, or alone,
// that of the slow answers: "67 % slow".
func (p *product) Share() string {
	if p.Tries == 0 {
		return "not measured"
	}
	return p.both(text.Percent(text.Share(p.Failures, p.Tries), p.Tries), p.slowShare())
}

// Fraction writes the counts: "104/1,586", "40/60 slow".
func (p *product) Fraction() string {
	if p.Tries == 0 {
		return ""
	}
	slow := ""
	if p.slowShare() != "" {
		slow = text.Fraction(p.slowOf())
	}
	return p.both(text.Fraction(incident.Counts{Failures: p.Failures, Tries: p.Tries}), slow)
}

// both is what is said of failures and of slow answers: of the first alone where it was not
// slow, of the second alone where nothing failed.
func (p *product) both(failed, slow string) string {
	switch {
	case slow == "":
		return failed
	case p.Failures == 0:
		return slow + " slow"
	}
	return failed + "; " + slow + " slow"
}

// ImpactTime is how long clients were hurt.
func (p *product) ImpactTime() string { return orNone(p.Degraded + p.Down) }
func (p *product) DownTime() string   { return orNone(p.Down) }

// FailedTries writes the product's counts: "104 of 1,586 (6.6 %)", and "; 40 of 60 (67 %) slow".
func (p *product) FailedTries() string {
	failed := failedOf(p.Failures, p.Tries)
	if c := p.slowOf(); p.Tries > 0 && p.slowShare() != "" {
		failed += "; " + failedOf(c.Failures, c.Tries) + " slow"
	}
	return failed
}

func (p *product) hurt() bool { return p.Degraded+p.Down > 0 }

// Began is when a product was hurt first.
func (r *Report) Began(p *product) string {
	for _, s := range p.stays {
		if s.level.Hurt() {
			return r.clock.at(s.from)
		}
	}
	return "not known"
}

// Ended is when a product was no longer hurt, for good.
func (r *Report) Ended(p *product) string {
	times, last := 0, stay{}
	for i, s := range p.stays {
		if !s.level.Hurt() {
			continue
		}
		if i == 0 || !p.stays[i-1].level.Hurt() || p.stays[i-1].to.Before(s.from) {
			times++
		}
		last = s
	}
	out := r.clock.at(last.to)
	if !last.ended {
		out = "not seen to end"
		if r.open {
			out = "now"
		}
	}
	if times > 1 {
		out += ", " + text.Count(times) + " times"
	}
	return out
}

// spans tells when the product was hurt: "19:32-05:10".
func (r *Report) spans(p *product) string {
	var out []string
	for _, s := range p.stays {
		if !s.level.Hurt() {
			continue
		}
		out = append(out, s.word()+" "+r.clock.span(s.from, s.to))
	}
	const most = 6
	if more := len(out) - most; more > 0 {
		out = append(out[:most], "and "+text.Plural(more, "more time"))
	}
	return strings.Join(out, "; ")
}

func orNone(d time.Duration) string {
	if d <= 0 {
		return "none"
	}
	return text.Span(d)
}

func failedOf(failures, tries int) string {
	if tries == 0 {
		return "not measured"
	}
	return text.Count(failures) + " of " + text.Count(tries) + " (" + text.Percent(text.Share(failures, tries), tries) + ")"
}

// clock writes times of the company's zone, with days once the incident passes
// midnight, with dates once it is so long that a day comes twice, and with the
// zone's name once its offset changes.
type clock struct {
	zone               *time.Location
	days, dated, zoned bool
}

// newClock is that of a report from one instant to another.
func newClock(zone *time.Location, from, to time.Time) clock {
	if zone == nil {
		zone = time.UTC
	}
	_, o1 := from.In(zone).Zone()
	_, o2 := to.In(zone).Zone()
	return clock{zone: zone, days: !text.Clock{TZ: zone}.SameDay(from, to), dated: to.Sub(from) > 6*24*time.Hour, zoned: o1 != o2}
}

func (c clock) at(t time.Time) string {
	form := "15:04"
	switch {
	case c.dated:
		form = "Mon 2 Jan 15:04"
	case c.days:
		form = "Mon 15:04"
	}
	return c.write(t, form)
}

// full is an instant with its date.
func (c clock) full(t time.Time) string { return c.write(t, "Mon 2 Jan 2006 15:04") }

// span is from when to when.
func (c clock) span(from, to time.Time) string {
	end := c.at(to)
	if (text.Clock{TZ: c.zone}).SameDay(from, to) {
		end = c.write(to, "15:04")
	}
	return c.at(from) + " to " + end
}

func (c clock) write(t time.Time, form string) string {
	if t.IsZero() {
		return "not known"
	}
	if c.zoned {
		form += " MST"
	}
	return t.In(c.zone).Format(form)
}

// New folds an incident's events into its report; false when they do not
// begin with its opening.
func New(f Facts) (*Report, bool) {
	events := slices.Clone(f.Events)
	var inc incident.Incident
	for _, e := range events {
		inc = incident.Fold(inc, e)
	}
	if inc.Number == 0 || inc.OpenedAt.IsZero() {
		return nil, false
	}
	b := &builder{facts: f, events: events, inc: inc, byID: map[string]*product{}, r: &Report{Number: inc.Number}}
	b.build()
	return b.r, true
}

// builder builds one report.
type builder struct {
	facts    Facts
	events   []incident.Event
	inc      incident.Incident
	r        *Report
	products []*product // as declared
	byID     map[string]*product
	onset    time.Time // the earliest
	detected time.Time
	cause    string    // who is to blame, as it was told last; empty: nobody was
	blamedAt time.Time // when that was told first
	changes  int       // how many causes were told, one after the other
	sampled  bool      // counts come from windows: events of a version that did not count
}

func (b *builder) build() {
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
	b.count()
	b.r.from = b.inc.OpenedAt
	if !b.onset.IsZero() && b.onset.Before(b.r.from) {
		b.r.from = b.onset
	}
	b.r.clock = newClock(b.facts.Definition.Timezone, b.r.from, b.r.to)
	b.r.Zone = b.r.clock.zone.String()
	b.r.Company = clean(b.facts.Definition.Company, 80)
	for _, p := range b.products {
		if p.hurt() {
			b.r.Products = append(b.r.Products, p)
		}
	}
	slices.SortStableFunc(b.r.Products, func(x, y *product) int {
		return cmp.Or(cmp.Compare(y.Down, x.Down), byShare(x, y))
	})
	for i, p := range b.r.Products {
		p.Charted = i < mostCharts && len(p.points) > 1
	}
	b.sums()
	b.marks()
	b.causes()
	b.news()
	b.updates()
	b.timeline()
	b.proofs()
	b.times()
	b.story()
	b.sources()
	b.notes()
	b.r.Trend = b.trend()
}

// mostCharts bounds the charts of a report.
const mostCharts = 24

// byShare puts the largest share first, as far as it is certain, then who was hurt
// for longest.
func byShare(x, y *product) int {
	return cmp.Or(cmp.Compare(impact.Surely(y.Failures, y.Tries), impact.Surely(x.Failures, x.Tries)), cmp.Compare(text.Share(y.Failures, y.Tries), text.Share(x.Failures, x.Tries)), cmp.Compare(y.Degraded, x.Degraded))
}

// product returns a product's entry; one that only the events know has its id
// for a name.
func (b *builder) product(id string) *product {
	if p := b.byID[id]; p != nil {
		return p
	}
	p := &product{ID: id, Name: clean(id, 60)}
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
	s = text.Inert(text.OneLine(s, limit))
	if text.Units(s) > limit {
		s = text.Shorten(s, limit-1) + "…"
	}
	return s
}

// who names a person.
func (b *builder) who(id string) string {
	if id == "" {
		return "statusbot"
	}
	if n := clean(b.facts.Names[id], 60); n != "" {
		return n
	}
	name, _ := incident.OutsideName(id)
	return clean(name, 60)
}
