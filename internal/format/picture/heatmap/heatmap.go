// Package heatmap draws a trend as a PNG: products by time, in one hue that
// reads in grey too, with the number in each cell. It is the only importer of
// x/image.
package heatmap

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"time"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
)

// palette goes from light to dark in one hue: it reads in grey too. The number
// stands in each cell all the same.
var palette = [picture.Shades]color.RGBA{{0xee, 0xf3, 0xfa, 0xff}, {0xc9, 0xdc, 0xf2, 0xff}, {0x8d, 0xb6, 0xe3, 0xff}, {0x45, 0x83, 0xc4, 0xff}, {0x12, 0x3f, 0x78, 0xff}}

var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.RGBA{0x1c, 0x24, 0x30, 0xff}
)

// Measures of a heat map in pixels before it is enlarged. With 10 steps it is
// 480 wide, which a phone shows at nearly that size.
const (
	heatSteps   = 10
	heatRows    = 12
	heatLetter  = 7 // width of a letter of basicfont.Face7x13
	heatName    = 16 * heatLetter
	heatCell    = 36
	heatLine    = 20
	heatMargin  = 8
	heatEnlarge = 2 // for screens with small pixels
)

// PNG draws a trend. It refuses one that is not sound.
func PNG(t picture.Trend) ([]byte, error) {
	if !t.Sound() {
		return nil, fmt.Errorf("draw heat map: the trend has rows of other lengths than its labels")
	}
	t = t.Folded(heatSteps)
	rows := t.Rows[:min(len(t.Rows), heatRows)]
	width := 2*heatMargin + heatName + heatCell*len(t.Labels)
	height := 2*heatMargin + heatLine*(len(rows)+4)
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	write := func(x, line int, c color.Color, s string) {
		d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: basicfont.Face7x13, Dot: fixed.P(x, heatMargin+heatLine*line+14)}
		d.DrawString(s)
	}
	write(heatMargin, 0, ink, ascii(t.Title, heatName/heatLetter-1))
	for i, l := range t.Labels {
		if i%2 == 0 { // every second one has room
			day, at := dayAndTime(l)
			x := heatMargin + heatName + heatCell*i
			if day != "" {
				write(x, 0, ink, ascii(day, 9))
			}
			write(x, 1, ink, ascii(at, 9))
		}
	}
	for n, row := range rows {
		line := n + 2
		write(heatMargin, line, ink, ascii(row.Name, heatName/heatLetter-1))
		for i, tries := range row.Tries {
			cell := image.Rect(0, 0, heatCell-1, heatLine-1).Add(image.Pt(heatMargin+heatName+heatCell*i, heatMargin+heatLine*line))
			figure, c := "-", color.Color(ink)
			if tries > 0 {
				s := picture.ShadeOf(text.Share(row.Failures[i], tries))
				draw.Draw(img, cell, image.NewUniform(palette[s]), image.Point{}, draw.Src)
				if s >= 3 {
					c = paper
				}
				figure = short(text.Share(row.Failures[i], tries))
			}
			write(cell.Max.X-4-heatLetter*len(figure), line, c, figure)
		}
	}
	fits := (width - 2*heatMargin) / heatLetter
	foot := "columns of " + text.Span(time.Duration(t.Step)*time.Second) + ", " + t.Zone
	if more := len(t.Rows) - len(rows); more > 0 {
		foot = text.Count(more) + " more; " + foot
	}
	write(heatMargin, len(rows)+2, ink, ascii("% of client checks that failed", fits))
	write(heatMargin, len(rows)+3, ink, ascii(foot, fits))
	var b bytes.Buffer
	if err := png.Encode(&b, enlarged(img)); err != nil {
		return nil, fmt.Errorf("draw heat map: %w", err)
	}
	return b.Bytes(), nil
}

// dayAndTime parts a label: "Tue 19:30" and "2 Jan 2006 19:30" into the two
// lines above a column.
func dayAndTime(label string) (day, at string) {
	for w := range strings.FieldsSeq(label) {
		switch {
		case strings.Contains(w, ":"):
			at = w
		case at == "" && len(day) < 5: // without the year
			day = strings.TrimSpace(day + " " + w)
		}
	}
	return day, at
}

// short writes a share for a cell of four letters: "0", "<.1", "2.5", "12".
func short(share float64) string {
	switch p := 100 * share; {
	case p == 0:
		return "0"
	case p < 0.05:
		return "<.1"
	case p < 9.95:
		return fmt.Sprintf("%.1f", p)
	default:
		return fmt.Sprintf("%.0f", p)
	}
}

// enlarged repeats each pixel, with a palette of its own: such a picture has a
// few kilobytes.
func enlarged(img *image.RGBA) image.Image {
	size := img.Bounds().Size()
	colors := color.Palette{paper, ink}
	for _, c := range palette {
		colors = append(colors, c)
	}
	out := image.NewPaletted(image.Rect(0, 0, heatEnlarge*size.X, heatEnlarge*size.Y), colors)
	known := map[color.RGBA]uint8{}
	for y := range size.Y {
		for x := range size.X {
			c := img.RGBAAt(x, y)
			i, ok := known[c]
			if !ok {
				i = uint8(colors.Index(c)) //nolint:gosec // a palette of 7
				known[c] = i
			}
			for dy := range heatEnlarge {
				for dx := range heatEnlarge {
					out.SetColorIndex(heatEnlarge*x+dx, heatEnlarge*y+dy, i)
				}
			}
		}
	}
	return out
}

// ascii is text that the picture's font has: accents go, other letters become
// question marks.
func ascii(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == '…':
			return '.'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, norm.NFD.String(text.Plain(s, limit, "(no name)")))
}
