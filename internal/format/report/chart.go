package report

import (
	"html/template"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

// Chart draws a product's failure share over the incident, for the page.
func (r *Report) Chart(p *product) template.HTML {
	c := picture.Chart{From: r.from, To: r.to, Zone: r.clock.zone, Points: p.points}
	c.Alt = p.Name + ": share of client checks that failed, from " + r.clock.at(r.from) + " to " + r.clock.at(r.to)
	if most := c.Most(); most.Failures > 0 {
		c.Alt += "; most " + text.Percent(most.Share(), most.Tries) + " at " + r.clock.at(most.From)
	}
	for _, s := range p.stays {
		class := map[impact.Level]string{impact.Degraded: "degraded", impact.Outage: "down", impact.Unknown: "blind"}[s.level]
		if class != "" {
			c.Stays = append(c.Stays, picture.Stay{Class: class, From: s.from, To: s.to, Title: wordOf(s.level) + " " + r.clock.at(s.from) + " to " + r.clock.at(s.to)})
		}
	}
	for _, m := range r.Marks {
		c.Marks = append(c.Marks, m.at)
	}
	return c.SVG()
}

// trend is that of the products that were hurt.
func (b *builder) trend() picture.Trend {
	var list []picture.ProductMinutes
	for _, p := range b.r.Products {
		pm := picture.ProductMinutes{Name: p.Name}
		for _, x := range p.points {
			pm.Minutes = append(pm.Minutes, impact.Minute{At: x.From.Add(x.To.Sub(x.From) / 2), Tries: x.Tries, Failures: x.Failures})
		}
		list = append(list, pm)
	}
	return picture.TrendOf(list, b.r.from, b.r.to, b.r.clock.zone)
}
