package picture

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

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

// chartLines is how many products a chart shows beside their sum.
const chartLines = 3

// ChartBlock is the trend as Slack's own chart, the sum first, nil when it
// cannot be drawn up: such a chart needs a value for each series at each time,
// and what was not measured must not look like nothing failed. So times at which
// the worst product was not measured are left out, and then series with a gap.
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
	sum, worst := t.Lines(chartLines)
	var series []chartSeries
	seen := map[string]bool{}
	for _, row := range append([]Row{sum}, worst...) {
		if slices.ContainsFunc(at, func(i int) bool { return row.Tries[i] == 0 }) {
			continue
		}
		s := chartSeries{Name: label(row.Name, seen)}
		for _, i := range at {
			s.Data = append(s.Data, chartPoint{t.labelOf(i), math.Round(1000*text.Share(row.Failures[i], row.Tries[i])) / 10})
		}
		series = append(series, s)
	}
	var categories []string
	axis := "time, " + t.Zone
	for _, i := range at {
		categories = append(categories, t.labelOf(i))
		if t.labelOf(i) != t.Labels[i] {
			axis = "time, " + t.Zone + "; [1]: an action"
		}
	}
	data, err := json.Marshal(map[string]any{"type": "data_visualization", "title": t.Title, "chart": map[string]any{
		"type": "line", "series": series,
		"axis_config": map[string]any{"categories": categories, "x_label": text.Plain(axis, maxAxisLabel, "time"), "y_label": "% of client checks that failed"},
	}})
	if err != nil {
		return nil // unreachable: shares are finite
	}
	return data
}

// labelOf is a step's label with the numbers of the actions that were tried in
// it, as far as they fit: "20:50 [1]".
func (t Trend) labelOf(i int) string {
	var numbers []string
	for _, m := range t.Moments {
		if m.Mark > 0 && m.At/max(t.Step, 1) == i {
			numbers = append(numbers, strconv.Itoa(m.Mark))
		}
	}
	out := t.Labels[i]
	if len(numbers) > 0 {
		out += " [" + strings.Join(numbers, ",") + "]"
	}
	if text.Units(out) > maxChartLabel {
		return t.Labels[i]
	}
	return out
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
	rows := t.Rows
	if len(rows) > 1 && len(t.Sum.Tries) > 0 {
		rows = append([]Row{t.Sum}, rows...)
	}
	for _, row := range rows {
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

// Sound reports whether a trend that was stored has the shape that drawing
// relies on.
func (t Trend) Sound() bool {
	rows := t.Rows
	if len(t.Sum.Tries)+len(t.Sum.Failures) > 0 {
		rows = append([]Row{t.Sum}, rows...)
	}
	return len(t.Labels) > 0 && len(t.Rows) > 0 && !slices.ContainsFunc(rows, func(r Row) bool {
		return len(r.Tries) != len(t.Labels) || len(r.Failures) != len(t.Labels)
	})
}

// shades is how many a table of shares has beside "nothing measured".
const shades = 5

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
		return shades - 1
	}
}
