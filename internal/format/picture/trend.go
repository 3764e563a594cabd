package picture

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
)

// Trend is the failures of some products over time, the worst first: what
// charts, pictures and tables of figures are drawn from. It is stored with
// messages that wait to be delivered: fields may be added, never renamed.
type Trend struct {
	Title  string   `json:"title"`
	Zone   string   `json:"zone"`   // of the labels
	Labels []string `json:"labels"` // beginning of each step; unique, at most 20 of at most 20 characters
	Step   int      `json:"step"`   // seconds
	Rows   []Row    `json:"rows"`   // worst first

	Sum     Row      `json:"sum,omitzero"`      // of all products that were hurt, also those that are no row; none in trends of earlier versions
	Begin   int64    `json:"begin,omitempty"`   // of the first step, in Unix seconds
	Moments []Moment `json:"moments,omitempty"` // in order of time
}

// Moment is an instant that a picture points out.
type Moment struct {
	At   int `json:"at"`             // seconds after Begin
	Mark int `json:"mark,omitempty"` // number of the action that was tried; 0: news
}

// Point puts an instant in, if it lies in what the trend shows: an action by
// its number, or news by 0.
func (t *Trend) Point(at time.Time, mark int) {
	after := at.Unix() - t.Begin
	if at.IsZero() || after < 0 || after > int64(t.Step*len(t.Labels)) {
		return
	}
	t.Moments = append(t.Moments, Moment{At: int(after), Mark: mark})
	slices.SortStableFunc(t.Moments, func(x, y Moment) int { return cmp.Compare(x.At, y.At) })
}

// Lines are what a picture draws: the sum, and the worst rows beside it. Where
// one product was hurt, that one is all.
func (t Trend) Lines(most int) (sum Row, worst []Row) {
	switch {
	case len(t.Rows) == 0:
		return t.Sum, nil
	case len(t.Rows) == 1:
		return t.Rows[0], nil
	case len(t.Sum.Tries) == 0: // of an earlier version
		return t.Rows[0], t.Rows[1:min(len(t.Rows), most+1)]
	}
	return t.Sum, t.Rows[:min(len(t.Rows), most)]
}

// Row is one product: what its checks gave in each step.
type Row struct {
	Name     string `json:"name"`
	Tries    []int  `json:"tries"` // 0 where nothing was measured
	Failures []int  `json:"failures"`
}

func (r Row) total() (failures, tries int) {
	for i := range r.Tries {
		failures, tries = failures+r.Failures[i], tries+r.Tries[i]
	}
	return failures, tries
}

// Limits of a trend: Slack's charts take 20 points with labels of 20
// characters and 6 series, of which four can be told apart; a table of more rows
// than 16 is too small to be read on a phone.
const (
	trendSteps = 20
	trendRows  = 16
	maxSeries  = 6
)

// steps are the lengths that a step may have.
var stepLengths = []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// stepOf returns the step with which a span has at most trendSteps, however it
// lies to the hour.
func stepOf(d time.Duration) time.Duration {
	for _, s := range stepLengths {
		if d <= (trendSteps-1)*s {
			return s
		}
	}
	days := d/((trendSteps-1)*24*time.Hour) + 1
	return days * 24 * time.Hour
}

// newTrend returns a trend without rows over a span, and the beginning of its
// first step.
func newTrend(title string, from, to time.Time, tz *time.Location) (Trend, time.Time) {
	if tz == nil {
		tz = time.UTC
	}
	step := stepOf(to.Sub(from))
	first := from.Truncate(step)
	t := Trend{Title: title, Zone: tz.String(), Step: int(step / time.Second), Begin: first.Unix()}
	c := text.Clock{TZ: tz}
	form := "15:04"
	switch {
	case to.Sub(from) >= 6*24*time.Hour:
		form = "2 Jan 2006 15:04"
	case !c.SameDay(from, to):
		form = "Mon 15:04"
	}
	seen := map[string]bool{}
	for at := first; at.Before(to) && len(t.Labels) < trendSteps; at = at.Add(step) {
		label := at.In(tz).Format(form)
		if seen[label] { // the hour that a clock set back has twice
			label = at.In(tz).Format(form + " MST")
		}
		if seen[label] || text.Units(label) > 20 {
			label = at.UTC().Format("2 Jan 15:04") + " UTC"
		}
		seen[label] = true
		t.Labels = append(t.Labels, label)
	}
	return t, first
}

// add counts tries of a time into a row.
func (t Trend) add(r *Row, first, at time.Time, tries, failures int) {
	i := int(at.Sub(first) / (time.Duration(t.Step) * time.Second))
	if at.Before(first) || i >= len(t.Labels) {
		return
	}
	r.Tries[i] += tries
	r.Failures[i] += failures
}

func (t Trend) row(name string) Row {
	return Row{Name: name, Tries: make([]int, len(t.Labels)), Failures: make([]int, len(t.Labels))}
}

// sorted puts the worst rows first and keeps no more than can be read.
func (t Trend) sorted() Trend {
	slices.SortStableFunc(t.Rows, func(x, y Row) int {
		fx, nx := x.total()
		fy, ny := y.total()
		return cmp.Or(cmp.Compare(impact.Surely(fy, ny), impact.Surely(fx, nx)), cmp.Compare(text.Share(fy, ny), text.Share(fx, nx)))
	})
	t.Rows = t.Rows[:min(len(t.Rows), trendRows)]
	return t
}

// ProductMinutes is one product with its last minutes.
type ProductMinutes struct {
	Name    string
	Minutes []impact.Minute
}

// with adds another row's counts.
func (r Row) with(other Row) {
	for i := range other.Tries {
		r.Tries[i] += other.Tries[i]
		r.Failures[i] += other.Failures[i]
	}
}

// ProductPoints is one product with what was counted of it.
type ProductPoints struct {
	Name   string
	Points []Point
}

// TrendOfPoints draws up counts of stretches that may be longer than a step: a
// step shows those whose middle lies in it, or that lie over its own middle, so
// that no step within what was measured is empty. Its rows are shares: their
// counts can't be added up.
func TrendOfPoints(list []ProductPoints, from, to time.Time, tz *time.Location) Trend {
	t, first := newTrend("Failures in %", from, to, tz)
	step := time.Duration(t.Step) * time.Second
	for _, p := range list {
		row := t.row(p.Name)
		for _, x := range p.Points {
			middle := x.From.Add(x.To.Sub(x.From) / 2)
			for i := range t.Labels {
				at := first.Add(time.Duration(i) * step)
				half := at.Add(step / 2)
				if !middle.Before(at) && middle.Before(at.Add(step)) || !half.Before(x.From) && half.Before(x.To) {
					row.Tries[i], row.Failures[i] = row.Tries[i]+x.Tries, row.Failures[i]+x.Failures
				}
			}
		}
		if _, n := row.total(); n > 0 {
			t.Rows = append(t.Rows, row)
		}
	}
	return t.sorted()
}

// NewTrend draws minutes of products up together, with names made harmless: the
// sum of all that were measured, and a row for each that had a failure. False when
// there is no row or there are fewer than three steps, which show no trend.
func NewTrend(list []ProductMinutes, from, to time.Time, tz *time.Location) (Trend, bool) {
	t, first := newTrend("Failures in %", from, to, tz)
	for _, p := range list {
		row := t.row(text.Plain(p.Name, 60, "(no name)"))
		for _, m := range p.Minutes {
			t.add(&row, first, m.At, m.Tries, m.Failures)
		}
		if _, n := row.total(); n > 0 {
			t.Rows = append(t.Rows, row)
		}
	}
	t.Sum = t.row("All " + text.Plural(len(t.Rows), "product"))
	for _, row := range t.Rows {
		t.Sum.with(row)
	}
	t = t.sorted()
	t.Rows = slices.DeleteFunc(t.Rows, func(r Row) bool { failures, _ := r.total(); return failures == 0 })
	return t, len(t.Rows) > 0 && len(t.Labels) >= 3
}

// Series are the rows that a chart or a table shows.
func (t Trend) Series() []Row { return t.Rows[:min(len(t.Rows), maxSeries)] }

// Cell writes a row's share in one step: "6.6", "0", "-" where nothing was
// measured.
func (r Row) Cell(i int) string {
	if r.Tries[i] == 0 {
		return "-"
	}
	return strings.TrimSuffix(text.Percent(text.Share(r.Failures[i], r.Tries[i]), r.Tries[i]), " %")
}
