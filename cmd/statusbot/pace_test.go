package main

import "testing"

func TestPaceOfCollections(t *testing.T) {
	for _, tt := range []struct {
		percent   int
		perSecond float64
		want      int
	}{
		{gcPercent, 0.1, gcPercent}, // hardly anything is probed
		{gcPercent, 2, gcPercent},
		{gcPercent, 3.5, 18}, // hundreds of handshakes a second
		{18, 2.5, 18},
		{18, 0.5, gcPercent},
		{gcPercent, 1000, 22},
	} {
		if got := paceOf(tt.percent, tt.perSecond); got != tt.want {
			t.Errorf("%d %% at %v a second: %d, want %d", tt.percent, tt.perSecond, got, tt.want)
		}
	}
}
