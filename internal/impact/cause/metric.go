package cause

import (
	"math"
	"slices"
)

const (
	// metricEnough values before the onset make a spread; with fewer, two that
	// happen to be alike would make it tiny.
	metricEnough = 4
	// madToSigma makes the median absolute deviation of a normal distribution
	// its standard deviation, and wideToSigma the span of its middle 90 %.
	madToSigma  = 1.4826
	wideToSigma = 1 / 3.2897
	// metricSample of the values are looked at, if there are more: the middle of so
	// many lies within a twelfth of a deviation of that of all, and a day's values of many
	// metrics cost as much as all results of the hour.
	metricSample = 240
	// metricFlat is the least deviation that is believed, as a part of the
	// metric's own usual size: a counter that stood still is not infinitely
	// surprised when it moves by one.
	metricFlat = 0.05

	metricFloor = -0.3 // nats against a component whose own metrics are as usual
	metricTop   = 3.0  // and at most for one of whose metrics two moved or more
	metricAlone = 2.0  // or one
	metricStill = 3.0  // deviations that say nothing
)

// Moved is how far the own metrics of a component moved at an onset, in deviations (Away).
type Moved struct {
	Most float64 // the one that moved most
	Next float64 // and the next one; 0 where no second one moved
}

// With returns it with one metric more.
func (m Moved) With(away float64) Moved {
	if away > m.Most {
		return Moved{away, m.Most}
	}
	return Moved{m.Most, max(m.Next, away)}
}

// agree reports whether two metrics say so: one alone may have moved for a reason of its own.
func (m Moved) agree() bool { return m.Next > metricStill }

// metricNats turns how far metrics moved into bounded weights, :: component id -> nats: a
// component's own metrics break ties and never outvote the checks. How far counts by its
// logarithm, and all are lowered alike where the largest would have more than metricTop:
// what a cause does to others moves their metrics along, only less. What moved alone has
// metricAlone at most, and lowers only what moved alone.
func metricNats(moved map[string]Moved) map[string]float64 {
	agreed, alone := metricStill, metricStill // the largest of each
	for _, m := range moved {
		if most := min(m.Most, math.MaxFloat64); m.agree() && most > agreed { // not NaN
			agreed = most
		} else if most > alone {
			alone = most
		}
	}
	lowered := max(0, math.Log(agreed/metricStill)-metricTop)
	loweredAlone := max(lowered, math.Log(alone/metricStill)-metricAlone)
	nats := make(map[string]float64, len(moved))
	for id, m := range moved {
		down := lowered
		if !m.agree() {
			down = loweredAlone
		}
		if !math.IsNaN(m.Most) {
			nats[id] = max(metricFloor, math.Log(min(m.Most, math.MaxFloat64)/metricStill)-down)
		}
	}
	return nats
}

// metricQuiet deviations and fewer say what standing still says (metricNats).
var metricQuiet = metricStill * math.Exp(metricFloor)

// Usual is what a metric is while all is as usual. Who asks again and again keeps it.
type Usual struct {
	known             bool
	middle, deviation float64
}

// number is what values of a metric are kept as.
type number interface{ float32 | float64 }

// UsualOf returns what is usual of a metric with these values: its middle, and as a
// deviation the larger one of the median absolute deviation and the span of the middle
// 90 % (for metrics that stand still most of the time). A metric that was absent in more
// than half of the points (NaN) has no usual value.
func UsualOf[F number](before []F) Usual {
	var room [metricSample]float64
	list := picked(before, &room)
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
	u.deviation = max(madToSigma*middleIn(list), wideToSigma*wide, metricFlat*math.Abs(u.middle))
	return u
}

// Away returns how far the middle of the values since an onset is from what is usual of a
// metric, and from what it was lately, shortly before the onset, whichever is nearer: what
// moved before the onset, and stayed there, did not move by what began with it. It is in
// deviations, and 0 where that says no more than standing still does; false when there is
// nothing to tell it by. With no values of lately it goes by what is usual alone.
func Away[F number](u Usual, lately, since []F) (float64, bool) {
	moved, known := mayMove(u, since)
	if !known || !moved {
		return 0, known
	}
	var room [metricSample]float64
	now := middleIn(picked(since, &room))
	// A metric that was 0 all the time has no size of its own but the new one.
	deviation := u.deviation
	if u.middle == 0 {
		deviation = max(deviation, metricFlat*math.Abs(now))
	}
	distance := math.Abs(now - u.middle)
	if was := picked(lately, &room); len(was) > 0 {
		distance = min(distance, math.Abs(now-middleIn(was)))
	}
	return distance / deviation, true
}

// mayMove reports whether the middle of values may be further away than what stands still:
// half of them are, on one side. Most metrics of most components are not, and each is
// asked for each onset.
func mayMove[F number](u Usual, since []F) (moved, known bool) {
	low, high := F(u.middle-metricQuiet*u.deviation), F(u.middle+metricQuiet*u.deviation)
	below, above, n := 0, 0, 0
	for _, v := range since {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		if n++; v > high {
			above++
		} else if v < low {
			below++
		}
	}
	return 2*above >= n || 2*below >= n, u.known && n > 0
}

// picked returns the finite ones of values, or of metricSample of them: at the places of a
// Weyl sequence (multiples of the golden section), which lie evenly and are in step with
// nothing that comes every so many minutes.
func picked[F number](all []F, room *[metricSample]float64) []float64 {
	n := uint64(len(all))
	list := room[:0]
	for i := range min(n, metricSample) {
		if n > metricSample {
			i = (i * 0x9e3779b97f4a7c15 >> 32) * n >> 32
		}
		if v := float64(all[i]); !math.IsNaN(v) && !math.IsInf(v, 0) {
			list = append(list, v)
		}
	}
	return list
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
