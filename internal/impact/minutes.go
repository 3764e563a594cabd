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

// minutes are the last 24 hours of a product, in 6 KiB, in 9 of one that had more than 255
// failures or slow results in a minute, or in 18 of one that had more than 65,535 results.
type minutes struct {
	newest int64 // number of the newest minute since 1970
	tiny   *[minutesKept]tinyMinute
	small  *[minutesKept]smallMinute // instead of tiny, unless nil
	large  *[minutesKept]minuteCell  // instead of both, unless nil
}

// minuteCell is one minute.
type minuteCell struct{ tries, failures, slow uint32 }

// smallMinute is the same in 6 bytes, tinyMinute in 4.
type (
	smallMinute struct{ tries, failures, slow uint16 }
	tinyMinute  struct {
		tries          uint16
		failures, slow uint8
	}
)

// frozen returns minutes that share nothing with m.
func (m *minutes) frozen() minutes {
	return minutes{m.newest, clone(m.tiny), clone(m.small), clone(m.large)}
}

func (m *minutes) get(n int64) minuteCell {
	switch n %= minutesKept; {
	case m.large != nil:
		return m.large[n]
	case m.small != nil:
		c := &m.small[n]
		return minuteCell{uint32(c.tries), uint32(c.failures), uint32(c.slow)}
	case m.tiny != nil:
		c := &m.tiny[n]
		return minuteCell{uint32(c.tries), uint32(c.failures), uint32(c.slow)}
	}
	return minuteCell{}
}

func (m *minutes) put(n int64, c minuteCell) {
	m.fit(c)
	switch n %= minutesKept; {
	case m.large != nil:
		m.large[n] = c
	case m.small != nil:
		m.small[n] = smallMinute{uint16(c.tries), uint16(c.failures), uint16(c.slow)}
	default:
		m.tiny[n] = tinyMinute{uint16(c.tries), uint8(c.failures), uint8(c.slow)}
	}
}

// fit makes room for a minute in the least form that holds it and all others.
func (m *minutes) fit(c minuteCell) {
	was := *m
	switch bad := max(c.failures, c.slow); {
	case m.large != nil:
		return
	case max(c.tries, bad) > math.MaxUint16:
		m.tiny, m.small, m.large = nil, nil, new([minutesKept]minuteCell)
	case m.small != nil:
		return
	case bad > math.MaxUint8:
		m.tiny, m.small = nil, new([minutesKept]smallMinute)
	case m.tiny == nil:
		m.tiny = new([minutesKept]tinyMinute)
		return
	default:
		return
	}
	for k := range int64(minutesKept) {
		m.put(k, was.get(k))
	}
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
