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

// SumChart draws the failure share of all products that were hurt, for the page.
func (r *Report) SumChart() template.HTML {
	if len(r.sum) < 2 {
		return ""
	}
	c := picture.Sum{From: r.from, To: r.to, Zone: r.clock.zone, Points: r.sum, Marks: r.marked(), News: r.news}
	for _, p := range r.Thin() {
		c.Worst = append(c.Worst, picture.Line{Name: p.Name, Points: p.points})
	}
	c.Alt = c.Told(r.clock.at)
	return c.SVG()
}

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

// Chart draws a product's failure share over the incident, for the page.
func (r *Report) Chart(p *product) template.HTML {
	c := picture.Chart{From: r.from, To: r.to, Zone: r.clock.zone, Points: p.points, Marks: r.marked()}
	c.Alt = p.Name + ": share of client checks that failed, from " + r.clock.at(r.from) + " to " + r.clock.at(r.to)
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

// trend is that of the products that were hurt.
func (b *builder) trend() picture.Trend {
	var list []picture.ProductPoints
	for _, p := range b.r.Products {
		list = append(list, picture.ProductPoints{Name: p.Name, Points: p.points})
	}
	return picture.TrendOfPoints(list, b.r.from, b.r.to, b.r.clock.zone)
}
