package picture_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/picture/lines"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

var update = flag.Bool("update", false, "write the golden picture anew")

var evening = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

// minutesOf makes minutes of 60 tries each; failures says how many failed in
// minute i, below 0: nothing was measured.
func minutesOf(n int, failures func(i int) int) []impact.Minute {
	var out []impact.Minute
	for i := range n {
		if k := failures(i); k >= 0 {
			out = append(out, impact.Minute{At: evening.Add(time.Duration(i) * time.Minute), Tries: 60, Failures: k})
		}
	}
	return out
}

func steady(k int) func(int) int { return func(int) int { return k } }

func trendOf(t testing.TB, n int, products map[string]func(int) int, order ...string) picture.Trend {
	t.Helper()
	var list []picture.ProductMinutes
	for _, name := range order {
		list = append(list, picture.ProductMinutes{Name: name, Minutes: minutesOf(n, products[name])})
	}
	trend, ok := picture.NewTrend(list, evening, evening.Add(time.Duration(n)*time.Minute), time.UTC)
	if !ok {
		t.Fatal("no trend")
	}
	return trend
}

func chartOf(t testing.TB, trend picture.Trend) (out struct {
	Chart struct {
		Series []struct {
			Name string
			Data []struct {
				Label string
				Value float64
			}
		}
	}
}) {
	t.Helper()
	block := trend.ChartBlock()
	if block == nil {
		t.Fatal("no chart")
	}
	if problems := blockkit.ValidateMessage("t", fmt.Appendf(nil, "[%s]", block)); len(problems) > 0 {
		t.Errorf("Slack would refuse it: %v\n%s", problems, block)
	}
	if err := json.Unmarshal(block, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestChart(t *testing.T) {
	c := chartOf(t, trendOf(t, 40, map[string]func(int) int{"Billing": func(i int) int { return i % 2 * 12 }, "Search": steady(3), "Mail": steady(0)}, "Mail", "Search", "Billing")).Chart
	if len(c.Series) != 3 || c.Series[0].Name != "All 3 products" || c.Series[1].Name != "Billing" || c.Series[2].Name != "Search" {
		t.Fatalf("series %+v, want the sum, Billing before Search, and Mail left out", c.Series)
	}
	if n := len(c.Series[0].Data); n < 13 || n > 20 {
		t.Errorf("%d points for 40 minutes", n)
	}
	if p := c.Series[2].Data[3]; p.Value != 5 {
		t.Errorf("3 of 60 is told as %v", p.Value)
	}
}

// TestChartNeverShowsWhatWasNotMeasured: neither as 0 nor at all.
func TestChartNeverShowsWhatWasNotMeasured(t *testing.T) {
	gap := func(i int) int {
		if i >= 10 && i < 15 {
			return -1
		}
		return 30
	}
	c := chartOf(t, trendOf(t, 19, map[string]func(int) int{"Billing": gap, "Search": steady(3), "Pay": func(i int) int {
		if i == 2 {
			return -1
		}
		return 1
	}}, "Billing", "Search", "Pay")).Chart
	if len(c.Series) != 3 || len(c.Series[1].Data) != 14 {
		t.Fatalf("%d series, %d points; want the sum, Pay left out, and 5 of 19 minutes", len(c.Series), len(c.Series[1].Data))
	}
	for _, p := range c.Series[1].Data {
		if p.Value != 50 {
			t.Errorf("%s has %v", p.Label, p.Value)
		}
	}
}

// hostileNames are names that would break out of a label, or out of Slack's limits.
var hostileNames = []string{
	`</td><script>alert(1)</script>`, "<!channel> @here :fire:", "a|b\n# head", "`code` *bold*", "\u202egnp.exe", strings.Repeat("<b>", 4000), "", "https://evil.example/x",
}

func TestChartsOfAnySpanAndName(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC) // the clock is set back in it
	for _, d := range []time.Duration{5 * time.Minute, 19 * time.Minute, time.Hour, 7 * time.Hour, 15 * time.Hour, 24 * time.Hour, 9 * 24 * time.Hour, 400 * 24 * time.Hour} {
		var list []picture.ProductMinutes
		for i, name := range append([]string{"Billing", "Billing", "Billing", "A product with a name that is much longer than that", "A product with a name that is much longer than this"}, hostileNames...) {
			p := picture.ProductMinutes{Name: name}
			for at := time.Duration(0); at < d; at += d / 100 {
				p.Minutes = append(p.Minutes, impact.Minute{At: night.Add(at), Tries: 10, Failures: 1 + i%9})
			}
			list = append(list, p)
		}
		trend, ok := picture.NewTrend(list, night, night.Add(d), zone)
		if !ok {
			t.Fatalf("%s: no trend", d)
		}
		if n := len(chartOf(t, trend).Chart.Series); n != 4 {
			t.Errorf("%s: %d series", d, n)
		}
		image := picture.ImageBlock("F0000000001", trend.Alt())
		for _, p := range blockkit.ValidateMessage("t", fmt.Appendf(nil, "[%s]", image)) {
			t.Errorf("%s: %v", d, p)
		}
		if data, err := lines.PNG(trend); err != nil || len(data) > 80<<10 {
			t.Errorf("%s: %d bytes, %v", d, len(data), err)
		}
	}
	if _, ok := picture.NewTrend([]picture.ProductMinutes{{Name: "a", Minutes: minutesOf(9, steady(0))}}, evening, evening.Add(9*time.Minute), nil); ok {
		t.Error("a trend of no failure")
	}
}

// TestLines compares the picture with testdata/lines.png. Edges are smoothed,
// which another processor may round otherwise: by a hair, in no more than a few pixels.
func TestLines(t *testing.T) {
	trend := trendOf(t, 60, map[string]func(int) int{
		"Billing": func(i int) int { return 4 + i/40*6 - i%3 }, "Київ Ελλάδα": func(i int) int { return 2 + i%4 }, "Café Zürich": func(i int) int { return 2 - i%2*3 },
		"Checkout service of Europe": func(i int) int { return i / 58 }, "決済": func(i int) int { return 5 + i%3 },
	}, "Billing", "Київ Ελλάδα", "Café Zürich", "Checkout service of Europe", "決済")
	trend.Point(evening.Add(20*time.Minute), 1)
	trend.Point(evening.Add(45*time.Minute), 2)
	trend.Point(evening.Add(4*time.Minute), 0)
	trend.Point(evening.Add(-time.Hour), 3) // before it begins
	got, err := lines.PNG(trend)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "lines.png")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := differing(t, want, got); n > 50 {
		t.Errorf("the picture differs from testdata/lines.png in %d pixels", n)
	}
	for _, say := range []string{"from 19:30 to 20:25 (UTC)", "All 5 products: ", "Billing: 5.3 % at first, 15 % at last, most 15 % at 20:15."} {
		if !strings.Contains(trend.Alt(), say) {
			t.Errorf("alt %q lacks %q", trend.Alt(), say)
		}
	}
	trend.Rows[0].Tries = trend.Rows[0].Tries[:1]
	if _, err := lines.PNG(trend); err == nil {
		t.Error("a broken trend was drawn")
	}
}

// TestActionsStandInTheChart: by their numbers, in the label of the step.
func TestActionsStandInTheChart(t *testing.T) {
	trend := trendOf(t, 19, map[string]func(int) int{"Billing": steady(3), "Search": steady(2)}, "Billing", "Search")
	trend.Point(evening.Add(2*time.Minute), 1)
	trend.Point(evening.Add(150*time.Second), 2)
	if got := chartOf(t, trend).Chart.Series[0].Data[2].Label; got != "19:32 [1,2]" {
		t.Errorf("the step of the actions is labelled %q", got)
	}
}

// TestAnOlderTrendIsDrawn: one that waits since before there was a sum.
func TestAnOlderTrendIsDrawn(t *testing.T) {
	trend := trendOf(t, 19, map[string]func(int) int{"Billing": steady(3), "Search": steady(2)}, "Billing", "Search")
	trend.Sum, trend.Begin = picture.Row{}, 0
	if _, err := lines.PNG(trend); err != nil || !trend.Sound() {
		t.Error(err)
	}
	if c := chartOf(t, trend).Chart; len(c.Series) != 2 || c.Series[0].Name != "Billing" {
		t.Errorf("series %+v", c.Series)
	}
}

// differing counts the pixels that anybody could tell apart.
func differing(t testing.TB, a, b []byte) (n int) {
	t.Helper()
	x, y := pixels(t, a), pixels(t, b)
	if x.Rect != y.Rect {
		t.Fatalf("%v, and %v", x.Rect, y.Rect)
	}
	for i := 0; i < len(x.Pix); i += 4 {
		for k := range 3 {
			if d := int(x.Pix[i+k]) - int(y.Pix[i+k]); d > 24 || d < -24 {
				n++
				break
			}
		}
	}
	return n
}

func pixels(t testing.TB, data []byte) *image.RGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := img.(*image.RGBA)
	if !ok {
		t.Fatalf("the picture is a %T", img)
	}
	return p
}

// BenchmarkPNG is a picture of two hours of two products.
func BenchmarkPNG(b *testing.B) {
	trend := trendOf(b, 120, map[string]func(int) int{"Billing": steady(3), "Search": func(i int) int { return i % 20 }}, "Billing", "Search")
	for b.Loop() {
		if _, err := lines.PNG(trend); err != nil {
			b.Fatal(err)
		}
	}
}
