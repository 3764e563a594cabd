package picture

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Picture's limits in Slack, in UTF-16 units.
const (
	maxAlt        = 2000 // alt_text of an image
	maxChartLabel = 20   // name of a series, label of a point
	maxAxisLabel  = 50
)

type chartPoint struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
}

type chartSeries struct {
	Name string       `json:"name"`
	Data []chartPoint `json:"data"`
}

// ChartBlock is the trend as Slack's own chart, nil when it cannot be drawn
// up: such a chart needs a value for each series at each time, and what was
// not measured must not look like nothing failed. So times at which the worst
// product was not measured are left out, and then series with a gap.
func (t Trend) ChartBlock() json.RawMessage {
	if len(t.Rows) == 0 {
		return nil
	}
	var at []int
	for i := range t.Labels {
		if t.Rows[0].Tries[i] > 0 {
			at = append(at, i)
		}
	}
	if len(at) < 3 {
		return nil
	}
	var series []chartSeries
	seen := map[string]bool{}
	for _, row := range t.Rows {
		if len(series) == maxSeries || slices.ContainsFunc(at, func(i int) bool { return row.Tries[i] == 0 }) {
			continue
		}
		s := chartSeries{Name: label(row.Name, seen)}
		for _, i := range at {
			s.Data = append(s.Data, chartPoint{t.Labels[i], math.Round(1000*text.Share(row.Failures[i], row.Tries[i])) / 10})
		}
		series = append(series, s)
	}
	var categories []string
	for _, i := range at {
		categories = append(categories, t.Labels[i])
	}
	data, err := json.Marshal(map[string]any{"type": "data_visualization", "title": t.Title, "chart": map[string]any{
		"type": "line", "series": series,
		"axis_config": map[string]any{"categories": categories, "x_label": text.Plain("time, "+t.Zone, maxAxisLabel, "time"), "y_label": "% of client checks that failed"},
	}})
	if err != nil {
		return nil // unreachable: shares are finite
	}
	return data
}

// label is a name that fits a series and is not taken.
func label(name string, taken map[string]bool) string {
	s := text.Plain(name, maxChartLabel, "(no name)")
	for n := 2; taken[s]; n++ {
		end := fmt.Sprintf(" %d", n)
		s = text.Plain(name, maxChartLabel-len(end), "(no name)") + end
	}
	taken[s] = true
	return s
}

// Alt says what a picture of the trend shows, for those who do not see it.
func (t Trend) Alt() string {
	if len(t.Rows) == 0 {
		return ""
	}
	s := "Share of client checks that failed, from " + t.Labels[0] + " to " + t.Labels[len(t.Labels)-1] + " (" + t.Zone + ")."
	for _, row := range t.Rows {
		line := " " + row.trendTold(t.Labels)
		if text.Units(s+line) > maxAlt-40 {
			return s + " And further products."
		}
		s += line
	}
	return s
}

// trendTold tells a row: its first, largest and last share.
func (r Row) trendTold(labels []string) string {
	first, last, most := -1, -1, -1
	for i, n := range r.Tries {
		if n == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
		if most < 0 || text.Share(r.Failures[i], n) > text.Share(r.Failures[most], r.Tries[most]) {
			most = i
		}
	}
	name := text.Plain(r.Name, 60, "(no name)")
	if first < 0 {
		return name + ": not measured."
	}
	at := func(i int) string { return text.Percent(text.Share(r.Failures[i], r.Tries[i]), r.Tries[i]) }
	return name + ": " + at(first) + " at first, " + at(last) + " at last, most " + at(most) + " at " + labels[most] + "."
}

// ImageBlock shows an uploaded picture of a trend.
func ImageBlock(file, alt string) json.RawMessage {
	data, err := json.Marshal(map[string]any{"type": "image", "slack_file": map[string]string{"id": file}, "alt_text": text.Plain(alt, maxAlt, "Failures over time")})
	if err != nil {
		return nil // unreachable: strings only
	}
	return data
}

// Folded returns the trend with at most n steps: neighbours together.
func (t Trend) Folded(n int) Trend {
	k := (len(t.Labels) + n - 1) / n
	if k < 2 {
		return t
	}
	out := Trend{Title: t.Title, Zone: t.Zone, Step: t.Step * k}
	for i := 0; i < len(t.Labels); i += k {
		out.Labels = append(out.Labels, t.Labels[i])
	}
	for _, row := range t.Rows {
		f := out.row(row.Name)
		for i := range row.Tries {
			f.Tries[i/k] += row.Tries[i]
			f.Failures[i/k] += row.Failures[i]
		}
		out.Rows = append(out.Rows, f)
	}
	return out
}

// Sound reports whether a trend that was stored has the shape that drawing
// relies on.
func (t Trend) Sound() bool {
	return len(t.Labels) > 0 && !slices.ContainsFunc(t.Rows, func(r Row) bool {
		return len(r.Tries) != len(t.Labels) || len(r.Failures) != len(t.Labels)
	})
}

// Shades is how many a heat map has beside "nothing measured".
const Shades = 5

// ShadeOf returns the shade of a share: 0 for none, then up to 2 %, 10 %, 50 %
// and more.
func ShadeOf(share float64) int {
	switch {
	case share <= 0:
		return 0
	case share <= 0.02:
		return 1
	case share <= 0.1:
		return 2
	case share <= 0.5:
		return 3
	default:
		return Shades - 1
	}
}
