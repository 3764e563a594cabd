package cause

import (
	"math"
	"slices"
)

// MetricSeries are values of one metric of a component, before the trouble
// began and since; in which unit does not matter, nor does their order.
// Values that are not finite are left out.
type MetricSeries struct {
	Name   string
	Before []float64
	Since  []float64
}

const (
	// metricEnough values before the onset make a spread; with fewer, two that
	// happen to be alike would make it tiny.
	metricEnough = 4
	// madToSigma makes the median absolute deviation of a normal distribution
	// its standard deviation, and wideToSigma the span of its middle 90 %.
	madToSigma  = 1.4826
	wideToSigma = 1 / 3.2897
	// metricFlat is the least deviation that is believed, as a part of the
	// metric's own usual size: a counter that stood still is not infinitely
	// surprised when it moves by one.
	metricFlat = 0.05
)

// MetricScore returns how far a component's own metrics have moved since the
// onset: for each the distance of the medians in robust standard deviations,
// up or down, and of these the largest. A deviation is the larger one of the
// median absolute deviation and the span of the middle 90 % (for metrics that
// stand still most of the time), but at least metricFlat of the usual size.
// False when no metric has enough values. A metric that was absent in more
// than half of the points before (NaN) has no usual value. It is meant for
// Rank.
func MetricScore(list []MetricSeries) (score float64, ok bool) {
	for _, m := range list {
		if s, enough := m.score(); enough {
			score, ok = max(score, s), true
		}
	}
	return score, ok
}

func (m MetricSeries) score() (float64, bool) { return UsualOf(m.Before).Away(m.Since) }

// Usual is what a metric is while all is as usual. To know it all values before
// are sorted: who asks again and again keeps it.
type Usual struct {
	known             bool
	middle, deviation float64
}

// UsualOf returns what is usual of a metric with these values.
func UsualOf(before []float64) Usual {
	sorted := finite(before)
	if len(sorted) < metricEnough || 2*len(sorted) < len(before) {
		return Usual{}
	}
	slices.Sort(sorted)
	edge := len(sorted) / 20
	wide := sorted[len(sorted)-1-edge] - sorted[edge]
	u := Usual{known: true, middle: middleOf(sorted)}
	for i, v := range sorted {
		sorted[i] = math.Abs(v - u.middle)
	}
	slices.Sort(sorted)
	u.deviation = max(madToSigma*middleOf(sorted), wideToSigma*wide)
	return u
}

// Away returns how far the middle of some values is from what is usual, in
// deviations; false when there is nothing to tell it by.
func (u Usual) Away(since []float64) (float64, bool) {
	sorted := finite(since)
	if !u.known || len(sorted) == 0 {
		return 0, false
	}
	slices.Sort(sorted)
	now := middleOf(sorted)
	if now == u.middle {
		return 0, true
	}
	// A metric that was 0 all the time has no size of its own but the new one.
	size := math.Abs(u.middle)
	if size == 0 {
		size = math.Abs(now)
	}
	return math.Abs(now-u.middle) / max(u.deviation, metricFlat*size), true
}

func finite(vs []float64) []float64 {
	out := make([]float64, 0, len(vs))
	for _, v := range vs {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

// middleOf returns the middle one of sorted values, or the mean of both; there
// is one at least.
func middleOf(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
