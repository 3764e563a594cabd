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

func (m MetricSeries) score() (float64, bool) {
	before, since := finite(m.Before), finite(m.Since)
	if len(before) < metricEnough || 2*len(before) < len(m.Before) || len(since) == 0 {
		return 0, false
	}
	usual, now := medianOf(before), medianOf(since)
	away := make([]float64, len(before))
	for i, v := range before {
		away[i] = math.Abs(v - usual)
	}
	if now == usual {
		return 0, true
	}
	// A metric that was 0 all the time has no size of its own but the new one.
	size := math.Abs(usual)
	if size == 0 {
		size = math.Abs(now)
	}
	sorted := slices.Sorted(slices.Values(before))
	edge := len(sorted) / 20
	wide := sorted[len(sorted)-1-edge] - sorted[edge]
	return math.Abs(now-usual) / max(madToSigma*medianOf(away), wideToSigma*wide, metricFlat*size), true
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

// medianOf returns the middle value, or the mean of both; vs is not empty.
func medianOf(vs []float64) float64 {
	sorted := slices.Sorted(slices.Values(vs))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
