package impact

import "math"

// z95 is the 97.5 % point of the normal distribution: two-sided 95 %.
const z95 = 1.959963984540054

// Wilson returns the 95 % score interval of a share of failures among tries
// (E. B. Wilson, JASA 22, 1927, p. 209). With no tries it is [0, 1]: nothing
// is known.
func Wilson(failures, tries int) (low, high float64) {
	if tries <= 0 {
		return 0, 1
	}
	low, high = wilson(float64(failures), float64(tries), z95)
	// The bounds are exact at the ends; rounding must not say otherwise.
	if failures == 0 {
		low = 0
	}
	if failures == tries {
		high = 1
	}
	return max(low, 0), min(high, 1)
}

func wilson(failures, n, z float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p := failures / n
	z2 := z * z
	centre := (p + z2/(2*n)) / (1 + z2/n)
	half := z / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	return max(centre-half, 0), min(centre+half, 1)
}
