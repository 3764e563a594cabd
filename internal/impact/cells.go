package impact

import (
	"math"
	"time"
)

// What is kept of each check: cells of five minutes, of 24 hours.
const (
	cellSpan  = int64(5 * time.Minute)
	cellsKept = int64(24 * time.Hour / (5 * time.Minute))
)

// cells are the results of one stream over 24 hours: in 288 bytes of a check that
// runs every 20 s or more seldom, in 576 with more than 3 failures or slow results in a
// cell, and in 864 of one that runs every 2 s or had more than 15 failures or 31 slow
// results in a cell. A cell counts to 255: more than one result a second and a bit is
// told as 255.
type cells struct {
	Newest int64              // number of the newest cell since 1970; 0 while there is none
	tiny   *[cellsKept]uint8  // from the top: 2 bits of failures, 2 of slow ones, 4 of tries
	small  *[cellsKept]uint16 // instead of tiny, unless nil: 4 bits of failures, 5 of slow ones, 7 of tries
	Counts *[cellsKept]cell   // instead of both, unless nil
}

// cell is tries, failures and slow results.
type cell [3]uint8

const (
	cellTries = iota
	cellFailed
	cellSlow
)

func (c *cells) get(n int64) cell {
	if c.Counts != nil {
		return c.Counts[n%cellsKept]
	}
	switch {
	case c.small != nil:
		x := c.small[n%cellsKept]
		return cell{uint8(x & 127), uint8(x >> 12), uint8(x >> 7 & 31)}
	case c.tiny != nil:
		x := c.tiny[n%cellsKept]
		return cell{x & 15, x >> 6, x >> 4 & 3}
	}
	return cell{}
}

func (c *cells) put(n int64, x cell) {
	c.fit(x)
	switch n %= cellsKept; {
	case c.Counts != nil:
		c.Counts[n] = x
	case c.small != nil:
		c.small[n] = uint16(x[cellTries]) | uint16(x[cellSlow])<<7 | uint16(x[cellFailed])<<12
	default:
		c.tiny[n] = x[cellTries] | x[cellSlow]<<4 | x[cellFailed]<<6
	}
}

// fit makes room for a cell in the least form that holds it and all others.
func (c *cells) fit(x cell) {
	switch {
	case c.Counts != nil:
	case x[cellTries] > 127 || x[cellFailed] > 15 || x[cellSlow] > 31:
		c.Counts = c.all()
		c.tiny, c.small = nil, nil
	case c.small != nil:
	case x[cellTries] > 15 || x[cellFailed] > 3 || x[cellSlow] > 3:
		old := *c
		c.tiny, c.small = nil, new([cellsKept]uint16)
		for k := range cellsKept {
			if is := old.get(k); is != (cell{}) {
				c.put(k, is)
			}
		}
	case c.tiny == nil:
		c.tiny = new([cellsKept]uint8)
	}
}

// clone returns a copy of what p points to, nil of nil.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	out := *p
	return &out
}

// all returns the cells in the form in which they are stored.
func (c *cells) all() *[cellsKept]cell {
	if c.Counts != nil {
		return c.Counts
	}
	out := new([cellsKept]cell)
	for n := range cellsKept {
		out[n] = c.get(n)
	}
	return out
}

// restored returns cells of the form in which they are stored.
func restored(newest int64, all *[cellsKept]cell) cells {
	c := cells{Newest: newest}
	if all != nil {
		for n, x := range all {
			if x != (cell{}) {
				c.put(int64(n), x)
			}
		}
	}
	return c
}

func (c *cells) add(s seen) {
	n := s.at / cellSpan
	switch {
	case n <= c.Newest-cellsKept:
		return
	case n > c.Newest:
		for k := max(c.Newest+1, n-cellsKept+1); k <= n; k++ {
			c.put(k, cell{})
		}
		c.Newest = n
	}
	x := c.get(n)
	if x[cellTries] == math.MaxUint8 {
		return
	}
	x[cellTries]++
	if s.failed() {
		x[cellFailed]++
	}
	if s.slow {
		x[cellSlow]++
	}
	c.put(n, x)
}

// reslow takes back what add told of the slowness of a result.
func (c *cells) reslow(at int64, slow bool) {
	n := at / cellSpan
	if n <= c.Newest-cellsKept {
		return
	}
	x := c.get(n)
	switch {
	case slow && x[cellSlow] < x[cellTries]:
		x[cellSlow]++
	case !slow && x[cellSlow] > 0:
		x[cellSlow]--
	}
	c.put(n, x)
}

// before calls f for each cell that begins at or after from and ends at or
// before to, oldest first, with its beginning.
func (c *cells) before(from, to int64, f func(at int64, n, failed, slow int)) {
	if c.Newest == 0 {
		return
	}
	first := max(c.Newest-cellsKept+1, (from+cellSpan-1)/cellSpan)
	for k := first; k <= c.Newest && (k+1)*cellSpan <= to; k++ {
		if x := c.get(k); x[cellTries] > 0 {
			f(k*cellSpan, int(x[cellTries]), int(x[cellFailed]), int(x[cellSlow]))
		}
	}
}
