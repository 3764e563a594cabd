package picture

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Point is what a product's checks gave in a stretch of time.
type Point struct {
	From, To        time.Time
	Tries, Failures int
}

// Share is that of the tries that failed.
func (p Point) Share() float64 { return text.Share(p.Failures, p.Tries) }

// Stay is a time on one level, as a bar is drawn for it.
type Stay struct {
	Class    string // of the page's style: "degraded", "down" or "blind"
	From, To time.Time
	Title    string // what a reader sees who points at it
}

// Chart is a product's failure share over an incident.
type Chart struct {
	From, To time.Time
	Zone     *time.Location // of the times below it
	Alt      string         // says what it shows, for those who do not see it
	Points   []Point
	Stays    []Stay
	Marks    []time.Time // when something was tried
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
	from, to      time.Time
	width, height int     // of the whole picture
	max           float64 // share at the top
	strings.Builder
}

func (p *plot) x(t time.Time) float64 {
	if !p.to.After(p.from) {
		return plotLeft
	}
	f := float64(t.Sub(p.from)) / float64(p.to.Sub(p.from))
	return plotLeft + min(max(f, 0), 1)*float64(p.width-plotLeft-plotRight)
}

func (p *plot) y(share float64) float64 {
	return plotTop + (1-min(share/p.max, 1))*float64(p.height-plotTop-plotBottom)
}

func (p *plot) draw(form string, args ...any) { fmt.Fprintf(p, form+"\n", args...) }

// num writes a coordinate.
func num(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 1, 64), "0"), ".")
}

// Top returns the share at the top of a chart whose largest is given.
func Top(largest float64) float64 {
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
func thinned(list []Point) []Point { return joined(list, mostStairs) }

// joined is thinned to so many.
func joined(list []Point, most int) []Point {
	k := (len(list) + most - 1) / most
	if k < 2 {
		return list
	}
	var out []Point
	for i := 0; i < len(list); i += k {
		part := list[i:min(i+k, len(list))]
		p := Point{From: part[0].From, To: part[len(part)-1].To}
		for _, x := range part {
			p.Tries, p.Failures = p.Tries+x.Tries, p.Failures+x.Failures
		}
		out = append(out, p)
	}
	return out
}

// Most returns the stretch with the largest share, as it is drawn.
func (c Chart) Most() Point {
	var most Point
	for _, x := range thinned(c.Points) {
		if x.Share() > most.Share() {
			most = x
		}
	}
	return most
}

// SVG draws a stair, with the marks as dashed lines and the times on a level as
// bars below, hatched while degraded and full while down, so that nobody has to
// tell colours apart.
func (c Chart) SVG() template.HTML {
	p := &plot{from: c.From, to: c.To, width: chartWidth, height: chartHeight, max: Top(c.Most().Share())}
	p.frame(c.Alt)
	p.ticks(c.Zone)
	c.bars(p)
	area, line := stairs(p, thinned(c.Points))
	p.draw(`<path class="area" d="%s"/>`, area)
	p.draw(`<path class="stair" d="%s"/>`, line)
	p.marks(c.Marks)
	p.draw(`</svg>`)
	return template.HTML(p.String()) //nolint:gosec // every text in it is escaped above
}

// stairs returns the paths of the area and its upper edge; where nothing was
// measured there is neither.
func stairs(c *plot, list []Point) (area, line string) {
	var a, l strings.Builder
	var last time.Time
	base := num(c.y(0))
	for i, x := range list {
		y := num(c.y(x.Share()))
		x1, x2 := num(c.x(x.From)), num(c.x(x.To))
		if i == 0 || x.From.Sub(last) > time.Minute {
			if i > 0 {
				a.WriteString("V" + base + "Z")
			}
			a.WriteString("M" + x1 + " " + base)
			l.WriteString("M" + x1 + " " + y)
		}
		a.WriteString("V" + y + "H" + x2)
		l.WriteString("V" + y + "H" + x2)
		last = x.To
	}
	if len(list) > 0 {
		a.WriteString("V" + base + "Z")
	}
	return a.String(), l.String()
}

// percentTick writes a share of the axis.
func percentTick(share float64) string { return strconv.FormatFloat(100*share, 'g', 3, 64) }

// ticks writes the times below a chart.
func (p *plot) ticks(zone *time.Location) {
	span := p.to.Sub(p.from)
	form := "15:04"
	if span > 36*time.Hour {
		form = "Mon 15h"
	}
	if span > 6*24*time.Hour {
		form = "2 Jan"
	}
	for i := range 4 {
		at := p.from.Add(span * time.Duration(i) / 3)
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case 3:
			anchor = "end"
		}
		p.draw(`<text class="tick" x="%s" y="%d" text-anchor="%s">%s</text>`, num(p.x(at)), p.height-4, anchor, html.EscapeString(at.In(zone).Format(form)))
	}
}

// bars draws the times on a level under the axis.
func (c Chart) bars(p *plot) {
	const top, height = chartHeight - plotBottom + 2, 5
	for _, s := range c.Stays {
		x1, x2 := p.x(s.From), p.x(s.To)
		p.draw(`<rect class="%s" x="%s" y="%d" width="%s" height="%d"><title>%s</title></rect>`, s.Class, num(x1), top, num(max(x2-x1, 1)), height, html.EscapeString(s.Title))
	}
}
