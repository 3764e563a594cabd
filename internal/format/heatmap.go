package format

// shades are how many a heat map has beside "nothing measured".
const shades = 5

// shadeOf returns the shade of a share: 0 for none, then up to 2 %, 10 %, 50 %
// and more.
func shadeOf(share float64) int {
	switch {
	case share <= 0:
		return 0
	case share <= 0.02:
		return 1
	case share <= 0.1:
		return 2
	case share <= 0.5:
		return 3
	default:
		return shades - 1
	}
}
