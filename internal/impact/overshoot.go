package impact

import "math"

// The statistic does not meet its threshold, it jumps past it: one failure may
// multiply it by a thousand. The mean time to a false alarm is the threshold
// divided by the mean of threshold/statistic at an alarm. These are the means,
// by the usual failure share and the number of checks, estimated by simulation
// (go test ./internal/impact -run Overshoot -overshoot).
var (
	overshootShares  = []float64{0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2}
	overshootStreams = []int{1, 3, 5, 10, 20, 50}
	overshoots       = [10][6]float64{}
)

// overshoot returns what the proved threshold may be multiplied by, so that
// the budget of false alarms is used and not exceeded.
func overshoot(share float64, streams int) float64 {
	row := 0
	for row < len(overshootShares)-1 && math.Log(share) > (math.Log(overshootShares[row])+math.Log(overshootShares[row+1]))/2 {
		row++
	}
	column := 0
	for column < len(overshootStreams)-1 && streams > overshootStreams[column] {
		column++
	}
	return overshoots[row][column]
}
