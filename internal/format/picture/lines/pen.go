package lines

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
	"golang.org/x/text/unicode/norm"
)

// goRegular is the font: Latin, Greek and Cyrillic letters, in 145 KiB.
var goRegular = sync.OnceValues(func() (*sfnt.Font, error) { return opentype.Parse(goregular.TTF) })

type point struct{ x, y float64 }

// pen draws into an image with smooth edges.
type pen struct {
	img  *image.RGBA
	font *sfnt.Font
	face font.Face
}

func newPen(size image.Rectangle, letter float64) (pen, error) {
	f, err := goRegular()
	if err != nil {
		return pen{}, fmt.Errorf("read the font: %w", err) // unreachable: it is built in
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: letter, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return pen{}, fmt.Errorf("read the font: %w", err) // unreachable: likewise
	}
	return pen{img: image.NewRGBA(size), font: f, face: face}, nil
}

// long is how wide a text is.
func (p *pen) long(s string) float64 { return float64(font.MeasureString(p.face, s)) / 64 }

// write writes what fits into a width; y is the line that letters stand on.
func (p *pen) write(x, y float64, c color.RGBA, s string, within float64) {
	whole := []rune(s)
	for cut := len(whole); p.long(s) > within && cut > 0; {
		cut--
		s = strings.TrimSpace(string(whole[:cut])) + "…"
	}
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(c), Face: p.face, Dot: fixed.P(int(math.Round(x)), int(math.Round(y)))}
	d.DrawString(s)
}

// drawable leaves out of a text what the font has no letters for: an accent
// that cannot stand on its letter, or another script. Empty when less than half
// of its letters are left: a name of two letters out of ten is none.
func (p *pen) drawable(s string) string {
	var b strings.Builder
	var has, lacks int
	for _, r := range norm.NFC.String(s) {
		got := p.letters(r)
		b.WriteString(got)
		switch {
		case !unicode.IsLetter(r) && !unicode.IsNumber(r):
		case got == "":
			lacks++
		default:
			has++
		}
	}
	if has == 0 || lacks > has {
		return ""
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// letters is a letter as the font has it: itself, or without its accents, or nothing.
func (p *pen) letters(r rune) string {
	if p.knows(r) {
		return string(r)
	}
	return strings.Map(func(r rune) rune {
		if !p.knows(r) || unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(string(r)))
}

func (p *pen) knows(r rune) bool {
	var b sfnt.Buffer
	i, err := p.font.GlyphIndex(&b, r)
	return err == nil && i != 0
}

// fill fills a polygon.
func (p *pen) fill(corners []point, c color.RGBA) {
	if len(corners) < 3 {
		return
	}
	p.paint([][]point{corners}, c)
}

// paint fills polygons. Only the rows that they reach are worked through: a line of the
// grid has two of them, and the picture hundreds.
func (p *pen) paint(polygons [][]point, c color.RGBA) {
	if len(polygons) == 0 {
		return
	}
	high, low := math.Inf(1), math.Inf(-1)
	for _, corners := range polygons {
		for _, at := range corners {
			high, low = min(high, at.y), max(low, at.y)
		}
	}
	rows := p.img.Rect
	rows.Min.Y, rows.Max.Y = int(max(math.Floor(high), float64(rows.Min.Y))), int(min(math.Ceil(low)+1, float64(rows.Max.Y)))
	if rows.Empty() {
		return
	}
	r := vector.NewRasterizer(rows.Dx(), rows.Dy())
	at := func(q point) (x, y float32) { return float32(q.x), float32(q.y) - float32(rows.Min.Y) }
	for _, corners := range polygons {
		r.MoveTo(at(corners[0]))
		for _, q := range corners[1:] {
			r.LineTo(at(q))
		}
		r.ClosePath()
	}
	r.Draw(p.img, rows, image.NewUniform(c), image.Point{})
}

// stroke draws a line through points, dashed where dash says how long what is
// drawn and what is left out are.
func (p *pen) stroke(path []point, wide float64, c color.RGBA, dash [2]float64) {
	var bars [][]point
	gone := 0.0 // of the dashes
	for i := 1; i < len(path); i++ {
		a, b := path[i-1], path[i]
		long := math.Hypot(b.x-a.x, b.y-a.y)
		if long == 0 {
			continue
		}
		if dash[0] == 0 {
			bars = append(bars, segment(a, b, wide))
			continue
		}
		along := func(d float64) point { return point{a.x + (b.x-a.x)*d/long, a.y + (b.y-a.y)*d/long} }
		for at := 0.0; at < long; {
			in := math.Mod(gone, dash[0]+dash[1])
			step := dash[0] - in
			if in >= dash[0] {
				step = dash[0] + dash[1] - in
			}
			step = max(min(step, long-at), 1e-6)
			if in < dash[0] {
				bars = append(bars, segment(along(at), along(at+step), wide))
			}
			at, gone = at+step, gone+step
		}
	}
	p.paint(bars, c)
}

// segment is a bar that reaches half its width beyond both ends, which are not the
// same point, so that two meet without a notch.
func segment(a, b point, wide float64) []point {
	long := math.Hypot(b.x-a.x, b.y-a.y)
	ux, uy := (b.x-a.x)/long*wide/2, (b.y-a.y)/long*wide/2
	reach := 0.0
	if wide > 4 {
		reach = 0.5
	}
	a, b = point{a.x - ux*reach, a.y - uy*reach}, point{b.x + ux*reach, b.y + uy*reach}
	return []point{{a.x - uy, a.y + ux}, {b.x - uy, b.y + ux}, {b.x + uy, b.y - ux}, {a.x + uy, a.y - ux}}
}
