package cause

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMetricScore(t *testing.T) {
	nan := math.NaN()
	usual := []float64{9, 10, 11, 10, 9, 11, 10, 10} // median 10, median absolute deviation 0.5, middle 90 % from 9 to 11
	for _, c := range []struct {
		name string
		list []MetricSeries
		want float64
		ok   bool
	}{
		{"as usual", []MetricSeries{{"latency", usual, []float64{10, 10}}}, 0, true},
		{"up", []MetricSeries{{"latency", usual, []float64{20, 19, 21}}}, 10 / 0.7413, true},
		{"down", []MetricSeries{{"cpu", usual, []float64{0}}}, 10 / 0.7413, true},
		{"the strongest", []MetricSeries{{"cpu", usual, []float64{10}}, {"latency", usual, []float64{20}}, {"errors", usual, []float64{11}}}, 10 / 0.7413, true},
		{"one wild value does not matter", []MetricSeries{{"latency", usual, []float64{10, 10, 1e6}}}, 0, true},
		{"stood still: a twentieth of its size is the least deviation", []MetricSeries{{"conns", []float64{40, 40, 40, 40}, []float64{44}}}, 2, true},
		{"was nothing", []MetricSeries{{"errors", []float64{0, 0, 0, 0}, []float64{0.001}}}, 20, true},
		{"stands still but for the edges", []MetricSeries{{"errors", []float64{0, 0, 0, 0, 0, 0, 0, 0.32897, 0, 0}, []float64{0.5}}}, 5, true},
		{"holes are left out", []MetricSeries{{"latency", append([]float64{nan, math.Inf(1)}, usual...), []float64{nan, 20}}}, 10 / 0.7413, true},
		{"mostly absent before", []MetricSeries{{"latency", []float64{nan, nan, nan, nan, nan, 1, 1, 1, 1}, []float64{20}}}, 0, false},
		{"too few before", []MetricSeries{{"latency", []float64{1, 2, 3}, []float64{20}}}, 0, false},
		{"none since", []MetricSeries{{"latency", usual, []float64{nan}}}, 0, false},
		{"no metric", nil, 0, false},
	} {
		got, ok := MetricScore(c.list)
		if math.Abs(got-c.want) > 1e-6*max(1, c.want) || ok != c.ok {
			t.Errorf("%s: %.6f %v, want %.6f %v", c.name, got, ok, c.want, c.ok)
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
	u.deviation = max(madToSigma*middle(away), wideToSigma*wide)
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
		if n := len(sample(all)); n != metricSample {
			t.Errorf("%s: %d values looked at", name, n)
		}
	}
}
