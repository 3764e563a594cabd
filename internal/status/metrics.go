package status

import (
	"math"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// metricsKept is how many values of a metric of a component are kept: a day at
// one a minute. Values may come at any interval; more than one a minute is
// thinned out.
const metricsKept = 24 * 60

// metric is one series of a component's own metrics.
type metric struct {
	at     []int64 // unix seconds, in order
	values []float32
}

// metrics are those of the components :: component id, name -> its values.
type metrics map[string]map[string]*metric

// redefined returns the metrics of these components, with what is known of those
// that stay.
func (ms metrics) redefined(components []string) metrics {
	out := make(metrics, len(components))
	for _, id := range components {
		if out[id] = ms[id]; out[id] == nil {
			out[id] = map[string]*metric{}
		}
	}
	return out
}

// measured takes in the values of a check that measures a component. Two checks
// may call different things alike, so that a name has the check before it.
func (ms metrics) measured(component string, r *checks.Result) {
	for _, p := range r.Evidence.Perf {
		ms.take(component, r.Check+" "+p.Label, r.Ended(), p.Value)
	}
}

// take takes in one value: see Board.ApplyMetric.
func (ms metrics) take(component, name string, at time.Time, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	of, ok := ms[component]
	if !ok {
		return
	}
	m := of[name]
	if m == nil {
		if len(of) >= 16 {
			return // one component's metrics: the first sixteen names
		}
		m = &metric{}
		of[name] = m
	}
	s := at.Unix()
	if n := len(m.at); n > 0 && s < m.at[n-1]+30 {
		return
	}
	if len(m.at) == metricsKept {
		m.at, m.values = append(m.at[:0], m.at[metricsKept/8:]...), append(m.values[:0], m.values[metricsKept/8:]...)
	}
	m.at, m.values = append(m.at, s), append(m.values, float32(value))
}

// storedMetric is a metric as it is kept over a restart: times as differences.
type storedMetric struct {
	At     []int64   `json:"at"`
	Values []float32 `json:"values"`
}

// metricWhole is how many of the newest values are stored, and metricThin that
// of older ones every fifth is: medians and spreads stay what they are, and
// 100 components with 16 metrics each make 5 MB.
const (
	metricWhole = 60
	metricThin  = 5
)

func (m *metric) stored() (s storedMetric) {
	last := int64(0)
	for i, at := range m.at {
		if i < len(m.at)-metricWhole && i%metricThin != 0 {
			continue
		}
		s.At, s.Values = append(s.At, at-last), append(s.Values, m.values[i])
		last = at
	}
	return s
}

func (s storedMetric) metric() *metric {
	m := &metric{}
	last := int64(0)
	for i := range min(len(s.At), len(s.Values), metricsKept) {
		last += s.At[i]
		m.at, m.values = append(m.at, last), append(m.values, s.Values[i])
	}
	return m
}

// scores are those of one onset; they are made anew every few minutes, since
// metrics come slowly and there are many.
type scores struct {
	onset, at time.Time
	of        map[string]float64 // :: component id -> score
}

const scoreEvery = 2 * time.Minute

// metricScores returns how far each component's own metrics moved at the onset.
func (r *ranking) metricScores(onset, now time.Time) map[string]float64 {
	if r.scores.of != nil && r.scores.onset.Equal(onset) && !passed(r.scores.at, now, min(max(scoreEvery, now.Sub(onset)/10), 30*time.Minute)) {
		return r.scores.of
	}
	scores := map[string]float64{}
	defer func() { r.scores.onset, r.scores.at, r.scores.of = onset, now, scores }()
	for id, of := range r.metrics {
		var list []cause.MetricSeries
		for name, m := range of {
			s := cause.MetricSeries{Name: name}
			for i, at := range m.at {
				switch {
				case at < onset.Unix():
					s.Before = append(s.Before, float64(m.values[i]))
				case at < onset.Add(6*time.Hour).Unix():
					s.Since = append(s.Since, float64(m.values[i]))
				}
			}
			list = append(list, s)
		}
		if score, ok := cause.MetricScore(list); ok {
			scores[id] = score
		}
	}
	return scores
}
