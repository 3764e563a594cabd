package impact

import "math"

// The statistic does not meet its threshold, it jumps past it: one failure may
// multiply it by a thousand. The mean time to a false alarm is the threshold
// divided by the mean of threshold/statistic at an alarm. These are the means
// by the usual failure share, estimated by simulation; of 1 to 50 checks the
// largest, for the mean jumps about with few checks, since the statistic then
// moves on a lattice (go test ./internal/impact -run Overshoot -v -overshoot
// prints them).
var overshoots = []struct{ share, mean float64 }{
	{0.0002, 0.30}, {0.0005, 0.38}, {0.001, 0.44}, {0.005, 0.45}, {0.01, 0.47}, {0.02, 0.53}, {0.05, 0.68}, {0.1, 0.74}, {0.2, 0.82},
}

// overshoot returns what the proved threshold may be multiplied by, so that
// the budget of false alarms is used and not exceeded.
func overshoot(share float64) float64 {
	last := len(overshoots) - 1
	if share <= overshoots[0].share {
		return overshoots[0].mean
	}
	for i := range last {
		a, b := overshoots[i], overshoots[i+1]
		if share < b.share {
			f := math.Log(share/a.share) / math.Log(b.share/a.share)
			return a.mean + f*(b.mean-a.mean)
		}
	}
	return overshoots[last].mean
}
