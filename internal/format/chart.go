package format

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

// series are the rows that a chart or a table shows.
func (t Trend) series() []TrendRow { return t.Rows[:min(len(t.Rows), maxSeries)] }

// cell writes a row's share in one step: "6.6", "0", "-" where nothing was
// measured.
func (r TrendRow) cell(i int) string {
	if r.Tries[i] == 0 {
		return "-"
	}
	return strings.TrimSuffix(text.Percent(text.Share(r.Failures[i], r.Tries[i]), r.Tries[i]), " %")
}

// Size of a chart, in units that are pixels on a phone: two stand side by side
// on a wide page, and on paper.
const (
	chartWidth  = 350
	chartHeight = 150
	plotLeft    = 36
	plotRight   = 8
	plotTop     = 14
	plotBottom  = 22
)

// plot maps times and shares to a chart.
type plot struct {
	from, to time.Time
	max      float64 // share at the top
	strings.Builder
}

func (p *plot) x(t time.Time) float64 {
	if !p.to.After(p.from) {
		return plotLeft
	}
	f := float64(t.Sub(p.from)) / float64(p.to.Sub(p.from))
	return plotLeft + min(max(f, 0), 1)*(chartWidth-plotLeft-plotRight)
}

func (p *plot) y(share float64) float64 {
	return plotTop + (1-min(share/p.max, 1))*(chartHeight-plotTop-plotBottom)
}

func (p *plot) draw(form string, args ...any) { fmt.Fprintf(p, form+"\n", args...) }

// num writes a coordinate.
func num(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 1, 64), "0"), ".")
}

// topOf returns the share at the top of a chart whose largest is given.
func topOf(largest float64) float64 {
	for _, top := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5} {
		if largest <= top {
			return top
		}
	}
	return 1
}

// mostStairs bounds the stretches that a chart draws one by one: more cannot
// be told apart on 300 pixels.
const mostStairs = 100

// thinned joins neighbours so that no more than mostStairs are left.
func thinned(list []point) []point {
	k := (len(list) + mostStairs - 1) / mostStairs
	if k < 2 {
		return list
	}
	var out []point
	for i := 0; i < len(list); i += k {
		part := list[i:min(i+k, len(list))]
		p := point{from: part[0].from, to: part[len(part)-1].to}
		for _, x := range part {
			p.tries, p.failures = p.tries+x.tries, p.failures+x.failures
		}
		out = append(out, p)
	}
	return out
}

// Chart draws a product's failure share over the incident: a stair, with the
// marks as dashed lines and the times on a level as bars below, hatched while
// degraded and full while down, so that nobody has to tell colours apart.
func (r *Report) Chart(p *reportProduct) template.HTML {
	list := thinned(p.points)
	var most point
	for _, x := range list {
		if x.share() > most.share() {
			most = x
		}
	}
	c := &plot{from: r.from, to: r.to, max: topOf(most.share())}
	alt := p.Name + ": share of client checks that failed, from " + r.clock.at(r.from) + " to " + r.clock.at(r.to)
	if most.failures > 0 {
		alt += "; most " + text.Percent(most.share(), most.tries) + " at " + r.clock.at(most.from)
	}
	c.draw(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, chartHeight, html.EscapeString(alt))
	for _, f := range []float64{0, 0.5, 1} {
		y := num(c.y(f * c.max))
		c.draw(`<line class="grid" x1="%d" y1="%s" x2="%d" y2="%s"/>`, plotLeft, y, chartWidth-plotRight, y)
		c.draw(`<text class="tick" x="%d" y="%s" text-anchor="end">%s %%</text>`, plotLeft-4, num(c.y(f*c.max)+3.5), strconv.FormatFloat(100*f*c.max, 'g', 3, 64))
	}
	r.ticks(c)
	r.stays(c, p)
	area, line := stairs(c, list)
	c.draw(`<path class="area" d="%s"/>`, area)
	c.draw(`<path class="stair" d="%s"/>`, line)
	for i, m := range r.Marks {
		x := num(c.x(m.at))
		c.draw(`<line class="mark" x1="%s" y1="%d" x2="%s" y2="%d"/>`, x, plotTop-2, x, chartHeight-plotBottom)
		c.draw(`<text class="tick" x="%s" y="%d" text-anchor="middle">%d</text>`, x, plotTop-4, i+1)
	}
	c.draw(`</svg>`)
	return template.HTML(c.String()) //nolint:gosec // every text in it is escaped above
}

// stairs returns the paths of the area and its upper edge; where nothing was
// measured there is neither.
func stairs(c *plot, list []point) (area, line string) {
	var a, l strings.Builder
	var last time.Time
	base := num(c.y(0))
	for i, x := range list {
		y := num(c.y(x.share()))
		x1, x2 := num(c.x(x.from)), num(c.x(x.to))
		if i == 0 || x.from.Sub(last) > time.Minute {
			if i > 0 {
				a.WriteString("V" + base + "Z")
			}
			a.WriteString("M" + x1 + " " + base)
			l.WriteString("M" + x1 + " " + y)
		}
		a.WriteString("V" + y + "H" + x2)
		l.WriteString("V" + y + "H" + x2)
		last = x.to
	}
	if len(list) > 0 {
		a.WriteString("V" + base + "Z")
	}
	return a.String(), l.String()
}

// ticks writes the times below a chart.
func (r *Report) ticks(c *plot) {
	span := r.to.Sub(r.from)
	form := "15:04"
	if span > 36*time.Hour {
		form = "Mon 15h"
	}
	if span > 6*24*time.Hour {
		form = "2 Jan"
	}
	for i := range 4 {
		at := r.from.Add(span * time.Duration(i) / 3)
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case 3:
			anchor = "end"
		}
		c.draw(`<text class="tick" x="%s" y="%d" text-anchor="%s">%s</text>`, num(c.x(at)), chartHeight-4, anchor, html.EscapeString(at.In(r.clock.zone).Format(form)))
	}
}

// stays draws the bar of levels under the axis.
func (r *Report) stays(c *plot, p *reportProduct) {
	const top, height = chartHeight - plotBottom + 2, 5
	for _, s := range p.stays {
		class := map[impact.Level]string{impact.Degraded: "degraded", impact.Outage: "down", impact.Unknown: "blind"}[s.level]
		if class == "" {
			continue
		}
		x1, x2 := c.x(s.from), c.x(s.to)
		c.draw(`<rect class="%s" x="%s" y="%d" width="%s" height="%d"><title>%s</title></rect>`, class, num(x1), top, num(max(x2-x1, 1)), height,
			html.EscapeString(wordOf(s.level)+" "+r.clock.at(s.from)+" to "+r.clock.at(s.to)))
	}
}
