package report

import (
	"html/template"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

// marked is when something was tried.
func (r *Report) marked() (at []time.Time) {
	for _, m := range r.Marks {
		at = append(at, m.at)
	}
	return at
}

// SumChart draws the failure share of all products that were hurt, for the page; where
// none failed, that of their slow answers.
func (r *Report) SumChart() template.HTML {
	c := picture.Sum{From: r.from, To: r.to, Zone: r.clock.zone, Of: failing, Points: r.sum, Marks: r.marked(), News: r.news}
	if r.Slowly() {
		c.Of, c.Points = slowing, summed(r.Products, (*product).drawn)
	}
	if len(c.Points) < 2 {
		return ""
	}
	for _, p := range r.Thin() {
		points := p.points
		if r.Slowly() {
			points = p.drawn()
		}
		c.Worst = append(c.Worst, picture.Line{Name: p.Name, Points: points})
	}
	c.Alt = c.Told(r.clock.at)
	return c.SVG()
}

// What a chart draws the share of.
const (
	failing = "client checks that failed"
	slowing = "answers that were slower than usual"
)

// Slowly reports whether all that was hurt answered slowly, and did not fail.
func (r *Report) Slowly() bool {
	return len(r.Products) > 0 && !slices.ContainsFunc(r.Products, func(p *product) bool { return !p.Slowly() })
}

// AnySlowly reports whether something that was hurt did.
func (r *Report) AnySlowly() bool { return slices.ContainsFunc(r.Products, (*product).Slowly) }

// Thin are the products that the sum's chart draws one by one: the three of the
// largest share, when there are more than one.
func (r *Report) Thin() []*product { //nolint:revive // the page's template asks for it
	if len(r.Products) < 2 {
		return nil
	}
	list := slices.DeleteFunc(slices.Clone(r.Products), func(p *product) bool { return len(p.points) < 2 })
	slices.SortStableFunc(list, byShare)
	return list[:min(len(list), 3)]
}

// Chart draws a product's failure share over the incident, or that of its slow answers where
// it did not fail, for the page.
func (r *Report) Chart(p *product) template.HTML {
	c := picture.Chart{From: r.from, To: r.to, Zone: r.clock.zone, Points: p.drawn(), Marks: r.marked()}
	of := failing
	if p.Slowly() {
		of = slowing
	}
	c.Alt = p.Name + ": share of " + of + ", from " + r.clock.at(r.from) + " to " + r.clock.at(r.to)
	if most := c.Most(); most.Failures > 0 {
		c.Alt += "; most " + text.Percent(most.Share(), most.Tries) + " at " + r.clock.at(most.From)
	}
	for _, s := range p.stays {
		class := map[impact.Level]string{impact.Degraded: "degraded", impact.Outage: "degraded", impact.Unknown: "blind"}[s.level]
		if s.down() {
			class = "down"
		}
		if class != "" {
			c.Stays = append(c.Stays, picture.Stay{Class: class, From: s.from, To: s.to, Title: s.word() + " " + r.clock.at(s.from) + " to " + r.clock.at(s.to)})
		}
	}
	return c.SVG()
}

// slowRow stands behind the name of a product of which the slow answers are told.
const slowRow = " (slow answers)"

// trend is that of the products that were hurt.
func (b *builder) trend() picture.Trend {
	var list []picture.ProductPoints
	for _, p := range b.r.Products {
		name := p.Name
		if p.Slowly() {
			name += slowRow
		}
		list = append(list, picture.ProductPoints{Name: name, Points: p.drawn()})
	}
	return picture.TrendOfPoints(list, b.r.from, b.r.to, b.r.clock.zone)
}
