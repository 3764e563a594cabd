package impact

// A scheduler that is not ours may slip: a series of others declares a check
// every 8 minutes and has 4 between two results in the median and 19 in one of
// ten, so that three intervals without one are no news. What one gap in twenty
// exceeds is followed: up by nineteen parts for a longer one, down by one for any
// other, a part being a fortieth of the interval.
const (
	slipFactor = 2  // so many times that is a silence
	slipMost   = 6  // intervals: what is longer was no slip
	slipPart   = 40 // chosen so that ten long gaps are learnt, and one is not
)

// slipped learns from the time since the newest measurement.
func (c *checkState) slipped(at int64) {
	every := int64(c.every)
	if c.slips == 0 {
		c.slips = every
	}
	if c.measured == 0 {
		return
	}
	if gap := min(at-c.measured, slipMost*every); gap > c.slips {
		c.slips = min(c.slips+19*every/slipPart, gap)
	} else {
		c.slips -= every / slipPart
	}
}
