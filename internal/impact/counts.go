package impact

// Counts are results of a span of time, folded.
type Counts struct {
	Tries    int // results that tell something: pass, degraded or fail
	Failures int // of these, failed
	Slow     int // of these, degraded: the check itself says so
	Slower   int // of these, passed but slower than is usual for the check at that hour
	Unknown  int // results beside the tries in which we could not observe
}

// Share returns failures / tries, and 0 without tries.
func (c Counts) Share() float64 {
	if c.Tries == 0 {
		return 0
	}
	return float64(c.Failures) / float64(c.Tries)
}

func (c Counts) plus(d Counts) Counts {
	return Counts{c.Tries + d.Tries, c.Failures + d.Failures, c.Slow + d.Slow, c.Slower + d.Slower, c.Unknown + d.Unknown}
}
