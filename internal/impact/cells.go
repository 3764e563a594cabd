package impact

import (
	"math"
	"time"
)

// CellSpan is by how much time older results are remembered together.
const CellSpan = 5 * time.Minute

// What is kept of each check: cells of five minutes, of 24 hours.
const (
	cellSpan  = int64(CellSpan)
	cellsKept = int64(24 * time.Hour / CellSpan)
)

// cells are the results of one stream over 24 hours. A cell counts to 255: more than
// one result a second and a bit is told as 255.
type cells struct {
	Newest int64 // number of the newest cell since 1970; 0 while there is none
	open   cell  // the newest one, which most results are counted in
	past   day   // the others; nil while there is none
}

// cell is tries, failures and slow results.
type cell [3]uint8

const (
	cellTries = iota
	cellFailed
	cellSlow
)

// day is a form in which the cells of a day are kept, by their number modulo cellsKept.
type day interface {
	get(i int64) cell
	put(i int64, x cell) bool // false: x is not of this form, and nothing changed
	copied() day
}

// get returns a cell by its number, modulo cellsKept or not.
func (c *cells) get(n int64) cell {
	switch n %= cellsKept; {
	case n == c.Newest%cellsKept:
		return c.open
	case c.past == nil:
		return cell{}
	}
	return c.past.get(n)
}

func (c *cells) put(n int64, x cell) {
	if n %= cellsKept; n == c.Newest%cellsKept {
		c.open = x
		return
	}
	c.store(n, x)
}

// store puts a cell to those that are over, in the least form that holds it and all others.
func (c *cells) store(i int64, x cell) {
	switch {
	case c.past != nil && c.past.put(i, x):
		return
	case c.past == nil && x == (cell{}):
		return
	}
	c.past = packed(c.past, i, x)
}

// packed returns a day with a cell more in the least form that holds all. The day may be
// nil.
func packed(was day, i int64, x cell) day {
	for _, form := range []day{new(codedDay), new(smallDay), new(largeDay)} {
		fits := form.put(i, x)
		for k := int64(0); k < cellsKept && fits && was != nil; k++ {
			if k != i {
				fits = form.put(k, was.get(k))
			}
		}
		if fits {
			return form
		}
	}
	panic("a cell fits into no form") // unreachable: the last form holds every cell
}

// begin makes a cell the newest one.
func (c *cells) begin(n int64) {
	c.store(c.Newest%cellsKept, c.open)
	for k := max(c.Newest+1, n-cellsKept+1); k <= n; k++ {
		c.store(k%cellsKept, cell{})
	}
	if _, least := c.past.(*codedDay); c.past != nil && !least && n/cellsKept != c.Newest/cellsKept {
		c.past = packed(c.past, n%cellsKept, cell{}) // once a day: what took more room may be over
	}
	c.Newest, c.open = n, cell{}
}

// frozen returns cells that share nothing with c.
func (c *cells) frozen() cells {
	out := *c
	if c.past != nil {
		out.past = c.past.copied()
	}
	return out
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
		c.begin(n)
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
