package impact

// surelyExact is how many bad results there are from which on Wilson's interval is
// near enough, and costs nothing: at 20 of 100 its end is 0.133, the exact one 0.127.
const surelyExact = 20

// Surely returns the share that so many bad ones of some results are at least,
// with 97.5 %: the exact one-sided limit (C. J. Clopper and E. S. Pearson, Biometrika
// 26, 1934, p. 404). It is what who is hurt most is sorted by: 2 of 4 may be 7 %,
// which 20 of 150 are not. 0 without a bad one.
func Surely(bad, tries int) float64 {
	if bad <= 0 || tries <= 0 {
		return 0
	}
	if bad = min(bad, tries); bad >= surelyExact {
		low, _ := Wilson(bad, tries)
		return low
	}
	low, high := 0.0, 1.0
	for range 30 { // to 1e-9
		if mid := (low + high) / 2; 1-atMost(bad-1, tries, mid) < 0.025 {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}
