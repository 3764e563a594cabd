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
	Title    string // "Incident 7: payments"
	Sentence string // what the whole was, in one sentence
	Summary  []string
	Zone     string // of all times
	Times    []moment
	Products []*product // the most hurt first; those that were not hurt are counted in Summary
	Marks    []*mark
	Causes   []entry
	Proofs   []entry
	Updates  []update
	Timeline []entry
	Sources  []source
	Notes    []string // how the figures were made
	Trend    picture.Trend

	from, to time.Time // what the charts show
	clock    clock
}

type moment struct{ What, At, Lag string }

type entry struct{ At, Who, What string }

type update struct {
	N             int
	At, How, Line string
}

type mark struct {
	number         int
	at             time.Time
	At, Who, Text  string
	Effect         string // empty while none is known
	helped, judged bool
}

type source struct{ Product, Owner, Check, Kind, Every, File string }

// product is one product over the incident.
type product struct {
	ID, Name, Owner       string
	Degraded, Down, Blind time.Duration
	Tries, Failures       int
	stays                 []stay
	points                []picture.Point
	Charted               bool
}

// stay is a time on one level that is not as usual.
type stay struct {
	level    impact.Level
	from, to time.Time
	why      string // what decided it
	ended    bool   // by a level of its own, not by the end of the updates
}

// ImpactTime is how long clients were hurt.
func (p *product) ImpactTime() string { return orNone(p.Degraded + p.Down) }
func (p *product) DownTime() string   { return orNone(p.Down) }

// FailedTries writes the product's counts: "104 of 1,586 (6.6 %)".
func (p *product) FailedTries() string { return failedOf(p.Failures, p.Tries) }

func (p *product) hurt() bool { return p.Degraded+p.Down > 0 }

// Spans tells when the product was hurt: "19:32-05:10".
func (r *Report) spans(p *product) string {
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

// clock writes times of the company's zone, with dates once the incident
// passes midnight, and the zone's name once its offset changes.
type clock struct {
	zone         *time.Location
	dated, named bool
}

func (c clock) at(t time.Time) string {
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
	cause    string // the last that was told
	sampled  bool   // counts come from windows: events of a version that did not count
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
	b.r.from = b.inc.OpenedAt
	if !b.onset.IsZero() && b.onset.Before(b.r.from) {
		b.r.from = b.onset
	}
	zone := b.facts.Definition.Timezone
	if zone == nil {
		zone = time.UTC
	}
	c := text.Clock{TZ: zone}
	_, o1 := b.r.from.In(zone).Zone()
	_, o2 := b.r.to.In(zone).Zone()
	b.r.clock = clock{zone: zone, dated: !c.SameDay(b.r.from, b.r.to), named: o1 != o2}
	b.r.Zone = zone.String()
	for _, p := range b.products {
		if p.hurt() {
			b.r.Products = append(b.r.Products, p)
		}
	}
	slices.SortStableFunc(b.r.Products, func(x, y *product) int {
		return cmp.Or(cmp.Compare(y.Down+y.Degraded, x.Down+x.Degraded), cmp.Compare(text.Share(y.Failures, y.Tries), text.Share(x.Failures, x.Tries)))
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
		s = text.Clip(s, limit-1) + "…"
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
	return clean(id, 60)
}
