// Package lines draws a trend as a PNG: the share of all products that were hurt
// as one thick line with its 95 % interval as a band, the worst as thin dashed
// ones, what was tried as numbered lines and news as diamonds. It reads in grey
// too. It is the only importer of x/image.
package lines

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"strconv"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.RGBA{0x1c, 0x24, 0x30, 0xff}
	soft  = color.RGBA{0x5a, 0x66, 0x75, 0xff}
	grid  = color.RGBA{0xd4, 0xda, 0xe2, 0xff}
	thick = color.RGBA{0x1f, 0x5f, 0xae, 0xff}
	shade = color.RGBA{0xc9, 0xdc, 0xf2, 0xff}
)

// Measures in pixels. A phone shows 960 at half the size.
const (
	width    = 960
	left     = 96
	right    = 28
	top      = 84
	plot     = 330 // height of the plot
	line     = 36  // of text
	letter   = 26  // size of the font
	maxThin  = 3
	maxMarks = 12 // more would hide the lines
)

// dashes of the thin lines: drawn, left out.
var dashes = [maxThin][2]float64{{22, 6}, {10, 6}, {3, 6}}

// PNG draws a trend. It refuses one that is not sound.
func PNG(t picture.Trend) ([]byte, error) {
	if !t.Sound() {
		return nil, fmt.Errorf("draw lines: the trend has rows of other lengths than its labels")
	}
	sum, thin := t.Lines(maxThin)
	c, err := newCanvas(t, sum, thin)
	if err != nil {
		return nil, fmt.Errorf("draw lines: %w", err)
	}
	c.axes()
	c.band(sum)
	for i, r := range thin {
		c.row(r, 2.5, soft, dashes[i])
	}
	c.row(sum, 6, thick, [2]float64{})
	c.moments()
	c.legend(sum, thin)
	var b bytes.Buffer
	if err := png.Encode(&b, c.img); err != nil {
		return nil, fmt.Errorf("draw lines: %w", err)
	}
	return b.Bytes(), nil
}

// canvas is the picture of a trend.
type canvas struct {
	pen
	t   picture.Trend
	max float64 // share at the top
}

func newCanvas(t picture.Trend, sum picture.Row, thin []picture.Row) (*canvas, error) {
	most := 0.0
	for _, r := range append([]picture.Row{sum}, thin...) {
		for i, n := range r.Tries {
			most = max(most, text.Share(r.Failures[i], n))
		}
	}
	lines := 2 + len(thin) // of the legend
	p, err := newPen(image.Rect(0, 0, width, top+plot+line*(lines+2)), letter)
	if err != nil {
		return nil, err
	}
	draw.Draw(p.img, p.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	return &canvas{pen: p, t: t, max: picture.Top(most)}, nil
}

// x is where a place on the axis lies, in steps from its beginning.
func (c *canvas) x(steps float64) float64 {
	return left + steps/float64(len(c.t.Labels))*(width-left-right)
}

func (c *canvas) y(share float64) float64 { return top + (1-min(share/c.max, 1))*plot }

// axes draws the grid, the shares beside it and the times below it.
func (c *canvas) axes() {
	c.write(8, 30, ink, "% of client checks that failed", width)
	for _, f := range []float64{0, 0.5, 1} {
		y := c.y(f * c.max)
		c.stroke([]point{{left, y}, {width - right, y}}, 2, grid, [2]float64{})
		s := strconv.FormatFloat(100*f*c.max, 'g', 3, 64) + " %"
		c.write(left-12-c.long(s), y+9, soft, s, left)
	}
	last := 0.0
	for i, l := range c.t.Labels {
		long := c.long(l)
		x := min(c.x(float64(i)), width-8-long)
		if i > 0 && x < last+28 {
			continue
		}
		c.stroke([]point{{c.x(float64(i)), c.y(0)}, {c.x(float64(i)), c.y(0) + 8}}, 2, soft, [2]float64{})
		c.write(x, c.y(0)+line, soft, l, width)
		last = x + long
	}
}

// runs are a row's stretches that were measured, as points in the middle of the steps.
func (c *canvas) runs(r picture.Row, share func(failures, tries int) float64) (out [][]point) {
	var run []point
	for i, n := range r.Tries {
		if n == 0 {
			out, run = append(out, run), nil
			continue
		}
		run = append(run, point{c.x(float64(i) + 0.5), c.y(share(r.Failures[i], n))})
	}
	return append(out, run)
}

func (c *canvas) row(r picture.Row, wide float64, col color.RGBA, dash [2]float64) {
	for _, run := range c.runs(r, text.Share) {
		if len(run) == 1 { // alone between gaps
			run = []point{{run[0].x - 4, run[0].y}, {run[0].x + 4, run[0].y}}
		}
		c.stroke(run, wide, col, dash)
	}
}

// band fills the 95 % interval.
func (c *canvas) band(r picture.Row) {
	lows := c.runs(r, func(f, n int) float64 { low, _ := impact.Wilson(f, n); return low })
	for i, run := range c.runs(r, func(f, n int) float64 { _, high := impact.Wilson(f, n); return high }) {
		for k := len(lows[i]) - 1; k >= 0; k-- {
			run = append(run, lows[i][k])
		}
		c.fill(run, shade)
	}
}

// moments draws what was tried, with its number on top, and news on the axis.
func (c *canvas) moments() {
	last, drawn := -100.0, 0
	for _, m := range c.t.Moments {
		x := c.x(float64(m.At) / float64(max(c.t.Step, 1)))
		if m.Mark == 0 {
			y := c.y(0)
			c.fill([]point{{x, y - 12}, {x + 12, y}, {x, y + 12}, {x - 12, y}}, ink)
			continue
		}
		if drawn++; drawn > maxMarks {
			continue
		}
		c.stroke([]point{{x, top - 6}, {x, top + plot}}, 2.5, ink, [2]float64{6, 6})
		if s := strconv.Itoa(m.Mark); x-last > c.long(s)+6 {
			c.write(x-c.long(s)/2, top-14, ink, s, width)
			last = x
		}
	}
}

// legend says what the lines are.
func (c *canvas) legend(sum picture.Row, thin []picture.Row) {
	y := float64(top + plot + 2*line + 6)
	sample := func(wide float64, col color.RGBA, dash [2]float64, name string) {
		c.stroke([]point{{12, y - 9}, {84, y - 9}}, wide, col, dash)
		c.write(left, y, ink, name, width-left)
		y += line
	}
	sample(6, thick, [2]float64{}, c.named(sum.Name, 0)+", band: 95 % interval")
	for i, r := range thin {
		sample(2.5, soft, dashes[i], c.named(r.Name, i+1))
	}
	foot := "time: " + c.t.Zone
	if slices.ContainsFunc(c.t.Moments, func(m picture.Moment) bool { return m.Mark > 0 }) {
		foot += "; numbers: actions"
	}
	if slices.ContainsFunc(c.t.Moments, func(m picture.Moment) bool { return m.Mark == 0 }) {
		foot += "; diamonds: news"
	}
	c.write(12, y, soft, foot, width-24)
}

// unnamed are products whose names the font has no letters for, by their place
// among the lines: the first is alone.
var unnamed = [maxThin + 1]string{"the product", "the worst product", "the second worst", "the third worst"}

// named is a product's name as far as the font has its letters. Of one that it has
// not the place is told: the picture's description has the names in that order.
func (c *canvas) named(name string, place int) string {
	if s := c.drawable(text.Plain(name, 44, "(no name)")); s != "" {
		return s
	}
	return unnamed[place] + " (its name is in the description)"
}
