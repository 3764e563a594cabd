package impact

import (
	"math"
	"time"
)

// The onset that is told takes a trouble for a step. Of a share that grows slowly that is too late: its
// first failures are rare. When it is over its whole course is known, and growth is tried as well, by
// cells of five minutes. The numbers are by TestWhatGrewBeganEarlier.
const (
	grownNats    = 3                    // so much likelier growth must be than a step
	grownAgainst = 2                    // the results before the told onset may be so much less likely than as usual: about the length in which one failure more was due
	grownBack    = int64(4 * time.Hour) // so far before it growth may have begun
)

// grownLong is in how many minutes a share may have grown to its level.
var grownLong = [...]int64{5, 10, 20, 30, 60, 90, 120, 180, 240, 360, 480}

// grownCell is what all that took part gave in five minutes.
type grownCell struct {
	at            int64
	n, bad, usual float64 // usual: bad results that are to be expected as a rule
}

// grown is when the trouble that ends began, most likely: the told onset where a step explains its course
// as well as growth, and never later.
func (m *model) grown(h history, at int64) int64 {
	t := &m.Trouble
	if t.Slow || t.Free == 0 {
		return t.Onset
	}
	from := max(t.Free, t.Onset-grownBack)
	cells := m.grownCells(h, from, at)
	if len(cells) == 0 || cells[0].at > t.Onset { // of longer ago than is kept
		return t.Onset
	}
	step, _ := fitGrowth(cells, t.Onset, 0, t.Onset)
	most, best := step+grownNats*m.spread(), t.Onset
	for back := int64(time.Minute); t.Onset-back >= max(from, cells[0].at); back += max(int64(time.Minute), back/20) {
		for _, long := range grownLong {
			all, before := fitGrowth(cells, t.Onset-back, long*int64(time.Minute), t.Onset)
			if all > most && before >= -grownAgainst {
				most, best = all, t.Onset-back
			}
		}
	}
	return best
}

// grownCells adds up the streams that take part, from an instant up to the last bad result, in the order of
// time; the first cell holds a result.
func (m *model) grownCells(h history, from, at int64) []grownCell {
	first := (from + cellSpan - 1) / cellSpan
	out := make([]grownCell, max(0, m.Trouble.LastBad/cellSpan-first+1))
	for i := range m.Streams {
		s := &m.Streams[i]
		if !s.Hit {
			continue
		}
		u := s.ratios(failing).share
		h.each(i, from, at, func(when int64, n, failed, _ int) {
			if k := when/cellSpan - first; k >= 0 && k < int64(len(out)) {
				c := &out[k]
				c.n, c.bad, c.usual = c.n+float64(n), c.bad+float64(failed), c.usual+u*float64(n)
			}
		})
	}
	for k := range out {
		out[k].at = (first + int64(k)) * cellSpan
	}
	for len(out) > 0 && out[0].n == 0 {
		out = out[1:]
	}
	return out
}

// fitGrowth is how much likelier than as usual cells are, in nats, if what fails beyond that grew evenly
// from an instant on for so long, to the level that they show; and how much of it those that begin before
// told say.
func fitGrowth(cells []grownCell, from, long, told int64) (all, before float64) {
	bad, tries := 0.0, 0.0
	for i := range cells {
		if f := grownPart(cells[i].at, from, long); f > 0 {
			bad, tries = bad+max(cells[i].bad-cells[i].usual, 0), tries+cells[i].n*f
		}
	}
	if bad == 0 {
		return 0, 0
	}
	level := min(bad/tries, 0.95)
	for i := range cells {
		c := &cells[i]
		f := grownPart(c.at, from, long)
		if f == 0 || c.n == 0 {
			continue
		}
		u := c.usual / c.n
		p := 1 - (1-u)*(1-level*f)
		gain := c.bad*math.Log(p/u) + (c.n-c.bad)*math.Log((1-p)/(1-u))
		all += gain
		if c.at < told {
			before += gain
		}
	}
	return all, before
}

// grownPart is which part of its level a share has in a cell, on average.
func grownPart(cell, from, long int64) float64 {
	sum := func(at int64) float64 { // of the part, up to an instant
		switch d := float64(at - from); {
		case d <= 0:
			return 0
		case d < float64(long):
			return d * d / (2 * float64(long))
		default:
			return d - float64(long)/2
		}
	}
	return (sum(cell+cellSpan) - sum(cell)) / float64(cellSpan)
}
