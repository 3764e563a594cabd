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

// cells are the results of one stream over 24 hours, in 864 bytes. A cell
// counts to 255: more than one result a second and a bit is told as 255.
type cells struct {
	Newest int64 // number of the newest cell since 1970; 0 while there is none
	Counts [cellsKept][3]uint8
}

const (
	cellTries = iota
	cellFailed
	cellSlow
)

func (c *cells) add(s seen) {
	n := s.at / cellSpan
	switch {
	case n <= c.Newest-cellsKept:
		return
	case n > c.Newest:
		for k := max(c.Newest+1, n-cellsKept+1); k <= n; k++ {
			c.Counts[k%cellsKept] = [3]uint8{}
		}
		c.Newest = n
	}
	x := &c.Counts[n%cellsKept]
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
}

// reslow takes back what add told of the slowness of a result.
func (c *cells) reslow(at int64, slow bool) {
	n := at / cellSpan
	if n <= c.Newest-cellsKept {
		return
	}
	switch x := &c.Counts[n%cellsKept]; {
	case slow && x[cellSlow] < x[cellTries]:
		x[cellSlow]++
	case !slow && x[cellSlow] > 0:
		x[cellSlow]--
	}
}

// before calls f for each cell that begins at or after from and ends at or
// before to, oldest first, with its beginning.
func (c *cells) before(from, to int64, f func(at int64, n, failed, slow int)) {
	if c.Newest == 0 {
		return
	}
	first := max(c.Newest-cellsKept+1, (from+cellSpan-1)/cellSpan)
	for k := first; k <= c.Newest && (k+1)*cellSpan <= to; k++ {
		if x := c.Counts[k%cellsKept]; x[cellTries] > 0 {
			f(k*cellSpan, int(x[cellTries]), int(x[cellFailed]), int(x[cellSlow]))
		}
	}
}

// Minute is what a product's checks gave in one minute.
type Minute struct {
	At       time.Time // its beginning
	Tries    int
	Failures int
	Slow     int     // degraded, or slower than usual
	Served   int     // with a latency
	LnSum    float64 // of the natural logarithms of these latencies in seconds
}

// minutes are the last 24 hours of a product, 35 KiB.
type minutes struct {
	Newest int64 // number of the newest minute since 1970
	Cells  [minutesKept]minuteCell
}

type minuteCell struct {
	Tries, Failures, Slow, Served uint32
	LnSum                         float64
}

func (m *minutes) add(s seen) {
	n := s.at / int64(time.Minute)
	switch {
	case n <= m.Newest-minutesKept:
		return
	case n > m.Newest:
		for k := max(m.Newest+1, n-minutesKept+1); k <= n; k++ {
			m.Cells[k%minutesKept] = minuteCell{}
		}
		m.Newest = n
	}
	c := &m.Cells[n%minutesKept]
	c.Tries++
	if s.failed() {
		c.Failures++
	}
	if s.slow {
		c.Slow++
	}
	if s.served() {
		c.Served++
		c.LnSum += rounded(lnSeconds(s.tookUS))
	}
}

// rounded makes sums exact, whatever the order of adding.
func rounded(ln float64) float64 { return math.RoundToEven(ln*(1<<20)) / (1 << 20) }

// reslow takes back what add told of the slowness of a result.
func (m *minutes) reslow(at int64, slow bool) {
	if n := at / int64(time.Minute); n > m.Newest-minutesKept {
		if c := &m.Cells[n%minutesKept]; slow {
			c.Slow++
		} else {
			c.Slow--
		}
	}
}

// list returns the minutes that begin at or after from and before to, oldest
// first, without those that hold nothing.
func (m *minutes) list(from, to time.Time) []Minute {
	var out []Minute
	first := max(m.Newest-minutesKept+1, (from.UnixNano()+int64(time.Minute)-1)/int64(time.Minute))
	for k := first; k <= m.Newest && k*int64(time.Minute) < to.UnixNano(); k++ {
		if c := m.Cells[k%minutesKept]; c.Tries > 0 {
			out = append(out, Minute{At: time.Unix(0, k*int64(time.Minute)).UTC(), Tries: int(c.Tries), Failures: int(c.Failures),
				Slow: int(c.Slow), Served: int(c.Served), LnSum: c.LnSum})
		}
	}
	return out
}
