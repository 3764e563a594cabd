package picture

import (
	"html"
	"html/template"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

// Sum is the failure share of all products that were hurt together, over an
// incident: one thick line with its 95 % interval as a band, what was tried as
// numbered lines, news as diamonds, and the worst products as thin lines.
type Sum struct {
	From, To time.Time
	Zone     *time.Location // of the times below it
	Of       string         // what the share is of: "client checks that failed"
	Alt      string         // says what it shows, for those who do not see it
	Points   []Point
	Worst    []Line // at most three are drawn
	Marks    []time.Time
	News     []time.Time
}

// Line is one product's line.
type Line struct {
	Name   string
	Points []Point
}

// Size of the sum's chart; a phone shows it at three quarters.
const (
	sumWidth  = 480
	sumHeight = 190
	maxThin   = 3
	// A thin line has fewer tries than the sum, and would be noise with as many stairs.
	thinStairs = 30
)

// SVG draws the chart. The thin lines have dashes of their own, so that nobody
// has to tell colours apart.
func (c Sum) SVG() template.HTML {
	points := thinned(c.Points)
	p := &plot{from: c.From, to: c.To, width: sumWidth, height: sumHeight, max: Top(c.highest(points))}
	p.frame(c.Alt)
	p.ticks(c.Zone)
	p.draw(`<path class="band" d="%s"/>`, band(p, points))
	for i, l := range c.Worst[:min(len(c.Worst), maxThin)] {
		_, line := stairs(p, joined(l.Points, thinStairs))
		p.draw(`<path class="thin thin%d" d="%s"/>`, i+1, line)
	}
	_, line := stairs(p, points)
	p.draw(`<path class="sum" d="%s"/>`, line)
	p.marks(c.Marks)
	for _, at := range c.News {
		x, y := p.x(at), p.y(0)
		p.draw(`<path class="news" d="M%s %sl4 4l-4 4l-4 -4Z"/>`, num(x), num(y-4))
	}
	p.draw(`</svg>`)
	return template.HTML(p.String()) //nolint:gosec // every text in it is escaped where it is drawn
}

// highest is the largest share that is drawn: the band may be cut, a line not.
func (c Sum) highest(points []Point) float64 {
	most := 0.0
	for _, x := range points {
		most = max(most, x.Share())
	}
	for _, l := range c.Worst[:min(len(c.Worst), maxThin)] {
		for _, x := range joined(l.Points, thinStairs) {
			most = max(most, x.Share())
		}
	}
	return most
}

// band is the path of the 95 % interval of each stretch.
func band(c *plot, list []Point) string {
	var b strings.Builder
	for _, x := range list {
		if x.Tries == 0 {
			continue
		}
		low, high := impact.Wilson(x.Failures, x.Tries)
		b.WriteString("M" + num(c.x(x.From)) + " " + num(c.y(low)) + "V" + num(c.y(high)) + "H" + num(c.x(x.To)) + "V" + num(c.y(low)) + "Z")
	}
	return b.String()
}

// Told says what the line shows, for those who do not see it.
func (c Sum) Told(at func(time.Time) string) string {
	s := "Share of " + c.Of + " on all products that were hurt, from " + at(c.From) + " to " + at(c.To)
	most := Point{}
	for _, x := range thinned(c.Points) {
		if x.Share() > most.Share() {
			most = x
		}
	}
	if most.Failures > 0 {
		s += "; most " + text.Percent(most.Share(), most.Tries) + " at " + at(most.From)
	}
	return s
}

// frame begins a picture with its axis of shares.
func (p *plot) frame(alt string) {
	p.draw(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, p.width, p.height, html.EscapeString(alt))
	for _, f := range []float64{0, 0.5, 1} {
		y := num(p.y(f * p.max))
		p.draw(`<line class="grid" x1="%d" y1="%s" x2="%d" y2="%s"/>`, plotLeft, y, p.width-plotRight, y)
		p.draw(`<text class="tick" x="%d" y="%s" text-anchor="end">%s %%</text>`, plotLeft-4, num(p.y(f*p.max)+3.5), percentTick(f*p.max))
	}
}

// marks draws what was tried as dashed lines with a number on top; where two
// stand closer than a number is wide, the later number is left out.
func (p *plot) marks(list []time.Time) {
	last := -100.0
	for i, at := range list {
		x := p.x(at)
		p.draw(`<line class="mark" x1="%s" y1="%d" x2="%s" y2="%d"/>`, num(x), plotTop-2, num(x), p.height-plotBottom)
		if x-last >= 9 {
			p.draw(`<text class="tick" x="%s" y="%d" text-anchor="middle">%d</text>`, num(x), plotTop-4, i+1)
			last = x
		}
	}
}
