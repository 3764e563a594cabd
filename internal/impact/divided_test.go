package impact

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDividedIsWhatEachInstantSays: what leaves instants out decides as each of them does, of shares that stay, that
// change, and of windows without tries.
func TestDividedIsWhatEachInstantSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	divided, whole := 0, 0
	for run := range 400 {
		share, later, change := rng.Float64()*rng.Float64(), 0.0, rng.IntN(120)
		if later = share; run%2 == 0 {
			later = min(1, share*(0.4+1.6*rng.Float64()))
		}
		var all Counts
		var since []Counts
		for n := range 120 {
			for range rng.IntN(30) {
				all.Tries++
				all.Failures += index(rng.Float64() < map[bool]float64{false: share, true: later}[n > change])
			}
			want := slices.ContainsFunc(since, func(now Counts) bool {
				return Moved(Counts{Tries: all.Tries - now.Tries, Failures: all.Failures - now.Failures}, now) != Same
			})
			if got := Divided(since, all); got != want {
				t.Fatalf("run %d, %d windows: %t, by each instant %t", run, n, got, want)
			}
			divided, whole = divided+index(want), whole+index(!want)
			since = append(since, all)
		}
	}
	if min(divided, whole) < 1000 {
		t.Errorf("%d are divided, %d are not", divided, whole)
	}
}
