package house

import "testing"

func TestPaceOfCollections(t *testing.T) {
	for _, tt := range []struct {
		percent   int
		perSecond float64
		want      int
	}{
		{GCPercent, 0.1, GCPercent}, // hardly anything is probed
		{GCPercent, 2, GCPercent},
		{GCPercent, 3.5, 18}, // hundreds of handshakes a second
		{18, 2.5, 18},
		{18, 0.5, GCPercent},
		{GCPercent, 1000, 22},
	} {
		if got := paceOf(tt.percent, tt.perSecond); got != tt.want {
			t.Errorf("%d %% at %v a second: %d, want %d", tt.percent, tt.perSecond, got, tt.want)
		}
	}
}
