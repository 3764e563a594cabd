package impact

import "math"

// Shows returns the share of bad results that the tries since the first step
// exclude with 99 %: the exact one-sided limit of a share (C. J. Clopper and
// E. S. Pearson, Biometrika 26, 1934, p. 404). It is what can be said of a
// recovery whose second step was not reached. 1 without tries.
func (p Proof) Shows() float64 {
	n := p.Tries()
	if n <= 0 || p.Bad >= n {
		return 1
	}
	low, high := 0.0, 1.0
	for range 50 { // to 1e-15
		if mid := (low + high) / 2; atMost(p.Bad, n, mid) > 0.01 {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// Tries returns the results since the first step.
func (p Proof) Tries() int { return p.N - p.Before }

// atMost returns how likely k or fewer of n results are bad at a share.
func atMost(k, n int, share float64) float64 {
	good, bad := math.Log1p(-share), math.Log(share)
	sum, ways := 0.0, 0.0 // ways: logarithm of n choose i
	for i := range k + 1 {
		if i > 0 {
			ways += math.Log(float64(n-i+1) / float64(i))
		}
		sum += math.Exp(ways + float64(i)*bad + float64(n-i)*good)
	}
	return sum
}
