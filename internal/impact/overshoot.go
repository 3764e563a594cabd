package impact

import "math"

// The statistic does not meet its threshold, it jumps past it: one failure may
// multiply it by a thousand. The mean time to a false alarm is the threshold
// divided by the mean of threshold/statistic at an alarm. These are the means
// by the usual failure share, estimated by simulation over 1 to 20 checks (go
// test ./internal/impact -run Overshoot -v -overshoot prints them). Of few
// checks the mean jumps about, up to twice as high, since the statistic then
// moves on a lattice; what chain.safe adds to a baseline makes up for most of
// that, and the first two are a tenth above the mean.
// The false alarms of the whole are measured in TestDetectionTable.
var overshoots = []struct{ share, mean float64 }{
	{0.0005, 0.22}, {0.001, 0.25}, {0.002, 0.28}, {0.005, 0.35}, {0.01, 0.42}, {0.02, 0.49}, {0.05, 0.61}, {0.1, 0.68}, {0.2, 0.78},
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

// spare is what chain.safe saves of the budget, measured with baselines learnt
// in two weeks: the threshold is lowered by it. Few checks save less, since
// their statistic moves on a lattice.
func spare(streams int) float64 {
	if streams < 5 {
		return 0.87
	}
	return 0.69
}
