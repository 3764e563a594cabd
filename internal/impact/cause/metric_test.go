package cause

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// metricSeries are values of one metric, before the trouble began and since.
type metricSeries struct {
	name          string
	before, since []float64
}

// movedBy returns how far of several metrics those have moved which moved most; false
// when none has enough values.
func movedBy(list []metricSeries) (m Moved, ok bool) {
	for _, x := range list {
		if away, enough := Away(UsualOf(x.before), nil, x.since); enough {
			m, ok = m.With(away), true
		}
	}
	return m, ok
}

func TestHowFarMetricsMoved(t *testing.T) {
	nan := math.NaN()
	usual := []float64{9, 10, 11, 10, 9, 11, 10, 10} // median 10, median absolute deviation 0.5, middle 90 % from 9 to 11
	for _, c := range []struct {
		name string
		list []metricSeries
		want float64
		ok   bool
	}{
		{"as usual", []metricSeries{{"latency", usual, []float64{10, 10}}}, 0, true},
		{"two deviations are as usual", []metricSeries{{"latency", usual, []float64{11.6, 11.5, 1}}}, 0, true},
		{"more than half a deviation further", []metricSeries{{"latency", usual, []float64{11.7, 11.8, 1}}}, 1.7 / 0.7413, true},
		{"half of the values", []metricSeries{{"latency", usual, []float64{10, 20}}}, 5 / 0.7413, true},
		{"up", []metricSeries{{"latency", usual, []float64{20, 19, 21}}}, 10 / 0.7413, true},
		{"down", []metricSeries{{"cpu", usual, []float64{0}}}, 10 / 0.7413, true},
		{"the strongest", []metricSeries{{"cpu", usual, []float64{10}}, {"latency", usual, []float64{20}}, {"errors", usual, []float64{11}}}, 10 / 0.7413, true},
		{"one wild value does not matter", []metricSeries{{"latency", usual, []float64{10, 10, 1e6}}}, 0, true},
		{"stood still: a twentieth of its size is the least deviation", []metricSeries{{"conns", []float64{40, 40, 40, 40}, []float64{46}}}, 3, true},
		{"was nothing", []metricSeries{{"errors", []float64{0, 0, 0, 0}, []float64{0.001}}}, 20, true},
		{"stands still but for the edges", []metricSeries{{"errors", []float64{0, 0, 0, 0, 0, 0, 0, 0.32897, 0, 0}, []float64{0.5}}}, 5, true},
		{"holes are left out", []metricSeries{{"latency", append([]float64{nan, math.Inf(1)}, usual...), []float64{nan, 20}}}, 10 / 0.7413, true},
		{"mostly absent before", []metricSeries{{"latency", []float64{nan, nan, nan, nan, nan, 1, 1, 1, 1}, []float64{20}}}, 0, false},
		{"too few before", []metricSeries{{"latency", []float64{1, 2, 3}, []float64{20}}}, 0, false},
		{"none since", []metricSeries{{"latency", usual, []float64{nan}}}, 0, false},
		{"no metric", nil, 0, false},
	} {
		got, ok := movedBy(c.list)
		if math.Abs(got.Most-c.want) > 1e-6*max(1, c.want) || ok != c.ok {
			t.Errorf("%s: %.6f %v, want %.6f %v", c.name, got.Most, ok, c.want, c.ok)
		}
	}
}

// TestWhatMovedBeforeTheOnsetDidNotMoveByIt: time order, in deviations of 0.7413.
func TestWhatMovedBeforeTheOnsetDidNotMoveByIt(t *testing.T) {
	usual := UsualOf([]float64{9, 10, 11, 10, 9, 11, 10, 10})
	for _, c := range []struct {
		name          string
		lately, since []float64
		want          float64
	}{
		{"as usual lately", []float64{10, 9, 11}, []float64{20}, 10},
		{"there already", []float64{20, 21, 19}, []float64{20}, 0},
		{"moved on", []float64{15, 15}, []float64{20}, 5},
		{"the other way", []float64{0, 0}, []float64{20}, 10},
		{"back to what is usual", []float64{20, 20}, []float64{10}, 0},
		{"nothing came lately", nil, []float64{20}, 10},
		{"there for a moment", []float64{10, 20, 10}, []float64{20}, 10},
	} {
		if got, ok := Away(usual, c.lately, c.since); !ok || math.Abs(got-c.want/0.7413) > 1e-6 {
			t.Errorf("%s: %.3f, want %.3f", c.name, got, c.want/0.7413)
		}
	}
}

// TestTheUsualIsThatOfSortedValues: what is picked out of unsorted values is what
// sorting them gives, ties and few values included.
func TestTheUsualIsThatOfSortedValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 2000 {
		list := make([]float64, metricEnough+rng.IntN(60)) // all of so few are looked at
		for i := range list {
			list[i] = math.Round(rng.NormFloat64() * float64(rng.IntN(4)+1))
		}
		want := sortedUsual(list)
		if got := UsualOf(list); got != want {
			t.Fatalf("%v: %+v, want %+v", list, got, want)
		}
	}
}

// sortedUsual is UsualOf by all values, sorted.
func sortedUsual(list []float64) Usual {
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	middle := func(v []float64) float64 { return (v[(n-1)/2] + v[n/2]) / 2 }
	u := Usual{known: true, middle: middle(sorted)}
	wide := sorted[n-1-n/20] - sorted[n/20]
	away := make([]float64, n)
	for i, v := range sorted {
		away[i] = math.Abs(v - u.middle)
	}
	slices.Sort(away)
	u.deviation = max(madToSigma*middle(away), wideToSigma*wide, metricFlat*math.Abs(u.middle))
	return u
}

// TestTheUsualOfADayIsThatOfASample: of many values the usual is told by metricSample of
// them, wherever in the day these lie, and also of what comes every so many minutes.
func TestTheUsualOfADayIsThatOfASample(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for name, value := range map[string]func(i int) float64{
		"by chance":         func(int) float64 { return 100 + 10*rng.NormFloat64() },
		"a daily wave":      func(i int) float64 { return 100 + 30*math.Sin(2*math.Pi*float64(i)/1440) + 5*rng.NormFloat64() },
		"a job every 6 min": func(i int) float64 { return 100 + rng.NormFloat64() + []float64{0, 0, 0, 0, 0, 40}[i%6] },
	} {
		all := make([]float64, 1440)
		for i := range all {
			all[i] = value(i)
		}
		got, want := UsualOf(all), sortedUsual(all)
		if !got.known || math.Abs(got.middle-want.middle) > 0.25*want.deviation || got.deviation < 0.8*want.deviation || got.deviation > 1.25*want.deviation {
			t.Errorf("%s: %+v, want about %+v", name, got, want)
		}
		var room [metricSample]float64
		if n := len(picked(all, &room)); n != metricSample {
			t.Errorf("%s: %d values looked at", name, n)
		}
	}
}
