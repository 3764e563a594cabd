package status

import (
	"math"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact/cause"
)

// metricsKept is how many values of a metric of a component are kept: a day at
// one a minute. Values may come at any interval; those that come sooner than
// metricEvery after another are left out.
const (
	metricsKept = 24 * 60
	metricEvery = 30 * time.Second
)

// metric is one series of a component's own metrics.
type metric struct {
	at     []int64 // unix seconds, in order
	values []float32
	usual  []usualBefore // asked for before, oldest first; at most usualKept
}

// usualBefore is what was usual before an instant: of so many values, of which
// the first is of that time.
type usualBefore struct {
	first int64
	n     int
	cause.Usual
}

// usualKept is for so many onsets: that of what hurts, and those of what is
// suspected to.
const usualKept = 4

// whole returns of how many values before an onset, of which there are n, one knows what
// is usual: of those before its hour, so that a day's values are sorted once an hour and not
// for each of many onsets. Where these are few all count.
func (m *metric) whole(n int, onset time.Time) int {
	if hour := m.near(n, onset.Truncate(time.Hour)); hour >= metricWhole {
		return hour
	}
	return n
}

// before returns what is usual by the first n values. A day's values are sorted
// for it, once for each number asked for.
func (m *metric) before(n int) cause.Usual {
	if n == 0 {
		return cause.Usual{}
	}
	for _, u := range m.usual {
		if u.first == m.at[0] && u.n == n {
			return u.Usual
		}
	}
	if len(m.usual) == usualKept {
		m.usual = append(m.usual[:0], m.usual[1:]...)
	}
	u := usualBefore{m.at[0], n, cause.UsualOf(m.values[:n])}
	m.usual = append(m.usual, u)
	return u.Usual
}

// metrics are those of the components :: component id -> its metrics.
type metrics map[string]ofComponent

// redefined returns the metrics of these components, with what is known of those
// that stay.
func (ms metrics) redefined(components []string) metrics {
	out := make(metrics, len(components))
	for _, id := range components {
		if out[id] = ms[id]; out[id] == nil {
			out[id] = ofComponent{}
		}
	}
	return out
}

// measured takes in the values of a check that measures a component. Two checks
// may call different things alike, so that a name has the check before it.
func (ms metrics) measured(component string, r *checks.Result) {
	of, ok := ms[component]
	if !ok {
		return
	}
	var room [128]byte
	for _, p := range r.Evidence.Perf {
		name := append(append(append(room[:0], r.Check...), ' '), p.Label...)
		of.take(name, r.Ended(), p.Value)
	}
}

// ofComponent are the metrics of one component :: name -> its values.
type ofComponent map[string]*metric

// take takes in one value: see Board.ApplyMetric. That a name is known costs no room.
func (of ofComponent) take(name []byte, at time.Time, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	m := of[string(name)]
	if m == nil {
		if len(of) >= 16 {
			return // one component's metrics: the first sixteen names
		}
		m = &metric{}
		of[string(name)] = m
	}
	s := at.Unix()
	if n := len(m.at); n > 0 && s < m.at[n-1]+int64(metricEvery/time.Second) {
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
// of older ones a fifth is, in step with nothing that comes every so often (a Weyl
// sequence): medians and spreads stay what they are, and 100 components with 16
// metrics each make 5 MB.
const (
	metricWhole = 60
	metricThin  = 5
)

func (m *metric) stored() (s storedMetric) {
	last := int64(0)
	for i, at := range m.at {
		if i < len(m.at)-metricWhole && uint32(i)*0x9e3779b9 > math.MaxUint32/metricThin {
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
	of        map[string]cause.Moved // :: component id -> how far its metrics moved
}

const (
	scoreEvery = 2 * time.Minute
	scoresKept = 8 // onsets: what flickers is asked for in turn with what hurts

	// scoreSpan is how long after an onset metrics are looked at: what moves later does so for
	// a reason of its own, or by what others do to it.
	scoreSpan = time.Hour

	// What a metric was lately is what it was from latelySpan to latelyEnds before the
	// onset, which is estimated: what began slowly is dated some minutes too late.
	latelySpan = 45 * time.Minute
	latelyEnds = 10 * time.Minute
)

// metricScores returns how far each component's own metrics moved at the onset.
func (r *ranking) metricScores(onset, now time.Time) map[string]cause.Moved {
	i := slices.IndexFunc(r.scores, func(s scores) bool { return s.onset.Equal(onset) })
	if i >= 0 {
		made := r.scores[i].at
		if made.Sub(onset) > scoreSpan || !passed(made, now, max(scoreEvery, now.Sub(onset)/10)) {
			return r.scores[i].of
		}
	}
	made := scores{onset, now, r.metrics.scored(onset)}
	switch {
	case i >= 0:
		r.scores[i] = made
	case len(r.scores) == scoresKept:
		r.scores = append(append(r.scores[:0], r.scores[1:]...), made)
	default:
		r.scores = append(r.scores, made)
	}
	return made.of
}

// scored returns how far the metrics of all components moved that have any.
func (ms metrics) scored(onset time.Time) map[string]cause.Moved {
	out := make(map[string]cause.Moved, len(ms))
	for id, of := range ms {
		for _, m := range of {
			n, _ := slices.BinarySearch(m.at, onset.Unix())
			lately := m.values[m.near(n, onset.Add(-latelySpan)):m.near(n, onset.Add(-latelyEnds))]
			since := m.values[n:m.near(n, onset.Add(scoreSpan))]
			if away, ok := cause.Away(m.before(m.whole(n, onset)), lately, since); ok {
				out[id] = out[id].With(away)
			}
		}
	}
	return out
}

// near returns how many values are of the time before an instant that is within an hour of
// the n-th one: these are few.
func (m *metric) near(n int, at time.Time) int {
	const hour = int(time.Hour/metricEvery) + 1
	low := max(0, n-hour)
	k, _ := slices.BinarySearch(m.at[low:min(n+hour, len(m.at))], at.Unix())
	return low + k
}
