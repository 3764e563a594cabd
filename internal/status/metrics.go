package status

import (
	"math"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
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

// ApplyMetric takes in one value of a component's own metric, such as its CPU
// share or its latency: it helps to tell components apart that the checks do
// not. Values of components that are not declared, values that are no numbers
// and values that are older than the newest are left out.
func (b *Board) ApplyMetric(component, name string, at time.Time, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	of, ok := b.metrics[component]
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

// scores are those of one onset; they are made anew every few minutes, since
// metrics come slowly and there are many.
type scores struct {
	onset, at time.Time
	of        map[string]float64 // :: component id -> score
}

const scoreEvery = 2 * time.Minute

// metricScores returns how far each component's own metrics moved at the onset.
func (b *Board) metricScores(onset, now time.Time) map[string]float64 {
	if b.scores.of != nil && b.scores.onset.Equal(onset) && now.Sub(b.scores.at) < min(max(scoreEvery, now.Sub(onset)/10), 30*time.Minute) {
		return b.scores.of
	}
	scores := map[string]float64{}
	defer func() { b.scores.onset, b.scores.at, b.scores.of = onset, now, scores }()
	for id, of := range b.metrics {
		var list []impact.MetricSeries
		for name, m := range of {
			s := impact.MetricSeries{Name: name}
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
		if score, ok := impact.MetricScore(list); ok {
			scores[id] = score
		}
	}
	return scores
}
