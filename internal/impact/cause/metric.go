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
	// metricSample of the values before are looked at, if there are more: the middle of so
	// many lies within a twelfth of a deviation of that of all, and a day's values of many
	// metrics cost as much as all results of the hour.
	metricSample = 240
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

func (m MetricSeries) score() (float64, bool) { return Away(UsualOf(m.Before), m.Since) }

// Usual is what a metric is while all is as usual. Who asks again and again keeps it.
type Usual struct {
	known             bool
	middle, deviation float64
}

// number is what values of a metric are kept as.
type number interface{ float32 | float64 }

// UsualOf returns what is usual of a metric with these values.
func UsualOf[F number](before []F) Usual {
	list := finite(sample(before))
	n := len(list)
	if n < metricEnough || 2*n < min(len(before), metricSample) {
		return Usual{}
	}
	edge := n / 20
	u := Usual{known: true, middle: middleIn(list)}
	wide := nth(list[(n-1)/2:], n-1-edge-(n-1)/2) - nth(list[:(n-1)/2], edge)
	for i, v := range list {
		list[i] = math.Abs(v - u.middle)
	}
	u.deviation = max(madToSigma*middleIn(list), wideToSigma*wide)
	return u
}

// Away returns how far the middle of some values is from what is usual of a metric, in
// deviations; false when there is nothing to tell it by.
func Away[F number](u Usual, since []F) (float64, bool) {
	list := finite(since)
	if !u.known || len(list) == 0 {
		return 0, false
	}
	now := middleIn(list)
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

// sample returns the values, or metricSample of them: at the places of a Weyl sequence
// (multiples of the golden section), which lie evenly and are in step with nothing that
// comes every so many minutes.
func sample[F number](all []F) []F {
	n := uint64(len(all))
	if n <= metricSample {
		return all
	}
	out := make([]F, metricSample)
	for i := range out {
		out[i] = all[(uint64(i)*0x9e3779b97f4a7c15>>32)*n>>32]
	}
	return out
}

func finite[F number](vs []F) []float64 {
	out := make([]float64, 0, len(vs))
	for _, v := range vs {
		if v := float64(v); !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

// middleIn returns the middle one of values, or the mean of both, and puts what is less
// before it and what is more behind; there is one at least.
func middleIn(list []float64) float64 {
	n := len(list)
	low := nth(list, (n-1)/2)
	if n%2 == 1 {
		return low
	}
	return (low + slices.Min(list[n/2:])) / 2
}

// nth returns the k-th value in the order of size, and puts what is not more before it
// and what is not less behind (C. A. R. Hoare, 1961): a day's values need not be
// sorted for the three that are asked for.
func nth(list []float64, k int) float64 {
	for low, high := 0, len(list)-1; low < high; {
		pivot := list[(low+high)/2]
		i, j := low, high
		for i <= j {
			for list[i] < pivot {
				i++
			}
			for list[j] > pivot {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return list[k]
		}
	}
	return list[k]
}
