package impact

import (
	"math"
	"time"
)

// minutesKept is how many minutes of a product are kept: those of 24 hours.
const minutesKept = 24 * 60

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
