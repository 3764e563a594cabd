package impact

import (
	"math"
	"time"
)

// What is kept of the last 24 hours: minutes of the product, cells of five
// minutes of each check.
const (
	minutesKept = 24 * 60
	cellSpan    = int64(5 * time.Minute)
	cellsKept   = int64(24 * time.Hour / (5 * time.Minute))
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

// Minute is what a product's checks gave in one minute.
type Minute struct {
	At       time.Time // its beginning
	Tries    int
	Failures int
	Slow     int // degraded, or slower than usual
}

// minutes are the last 24 hours of a product, in 8 KiB, or in 17 of one that had
// more than 65,535 results in a minute.
type minutes struct {
	newest int64 // number of the newest minute since 1970
	small  *[minutesKept]smallMinute
	large  *[minutesKept]minuteCell // instead of small, unless nil
}

// minuteCell is one minute.
type minuteCell struct{ tries, failures, slow uint32 }

// smallMinute is the same in 6 bytes.
type smallMinute struct{ tries, failures, slow uint16 }

// frozen returns minutes that share nothing with m.
func (m *minutes) frozen() minutes { return minutes{m.newest, clone(m.small), clone(m.large)} }

func (m *minutes) get(n int64) minuteCell {
	if m.large != nil {
		return m.large[n%minutesKept]
	}
	if m.small == nil {
		return minuteCell{}
	}
	c := &m.small[n%minutesKept]
	return minuteCell{uint32(c.tries), uint32(c.failures), uint32(c.slow)}
}

func (m *minutes) put(n int64, c minuteCell) {
	if m.large == nil && max(c.tries, c.failures, c.slow) <= math.MaxUint16 {
		if m.small == nil {
			m.small = new([minutesKept]smallMinute)
		}
		m.small[n%minutesKept] = smallMinute{uint16(c.tries), uint16(c.failures), uint16(c.slow)}
		return
	}
	if m.large == nil {
		large := new([minutesKept]minuteCell)
		for k := range int64(minutesKept) {
			large[k] = m.get(k)
		}
		m.small, m.large = nil, large
	}
	m.large[n%minutesKept] = c
}

func (m *minutes) add(s seen) {
	n := s.at / int64(time.Minute)
	switch {
	case n <= m.newest-minutesKept:
		return
	case n > m.newest:
		for k := max(m.newest+1, n-minutesKept+1); k <= n; k++ {
			m.put(k, minuteCell{})
		}
		m.newest = n
	}
	c := m.get(n)
	c.count(s)
	m.put(n, c)
}

func (c *minuteCell) count(s seen) {
	c.tries++
	if s.failed() {
		c.failures++
	}
	if s.slow {
		c.slow++
	}
}

// reslow takes back what add told of the slowness of a result.
func (m *minutes) reslow(at int64, slow bool) {
	if n := at / int64(time.Minute); n > m.newest-minutesKept {
		c := m.get(n)
		if slow {
			c.slow++
		} else {
			c.slow--
		}
		m.put(n, c)
	}
}

// list returns the minutes that begin at or after from and before to, oldest
// first, without those that hold nothing.
func (m *minutes) list(from, to time.Time) []Minute {
	var out []Minute
	first := max(m.newest-minutesKept+1, (from.UnixNano()+int64(time.Minute)-1)/int64(time.Minute))
	last := min(m.newest, (to.UnixNano()-1)/int64(time.Minute))
	for k := first; k <= last; k++ {
		if c := m.get(k); c.tries > 0 {
			if out == nil {
				out = make([]Minute, 0, last-k+1)
			}
			out = append(out, c.told(time.Unix(0, k*int64(time.Minute)).UTC()))
		}
	}
	return out
}

// told is a cell that begins at an instant.
func (c minuteCell) told(at time.Time) Minute {
	return Minute{At: at, Tries: int(c.tries), Failures: int(c.failures), Slow: int(c.slow)}
}
