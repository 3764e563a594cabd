package impact

import "time"

// stream is the results of one check from one vantage.
type stream struct {
	of      *checkState
	vantage string // as it was known when the design was made
	at      uint32 // where its parts begin in design.numbers
	scopes  uint16 // how many it is in
	rows    uint16 // of Shared
}

// streamOf is that of a check.
func streamOf(c *checkState, vantage string) stream {
	return stream{of: c, vantage: vantage}
}
func (s *stream) every() time.Duration { return max(s.of.every, time.Millisecond) }
func (s *stream) seconds() float64     { return s.every().Seconds() }

// obs is one result as the model sees it, in 16 bytes, since those of two minutes
// are kept. The number of a stream has 28 bits: more than memory has room for.
type obs struct {
	at     int64 // end, unix nanoseconds
	tookUS uint32
	packed uint32 // stream, outcome in 2 bits, mark in 2 bits
}

func obsOf(at int64, tookUS uint32, stream int, outcome code, m mark) obs {
	return obs{at, tookUS, uint32(stream)<<4 | uint32(outcome&3)<<2 | uint32(m&3)}
}

func (o obs) stream() int   { return int(o.packed >> 4) }
func (o obs) outcome() code { return code(o.packed >> 2 & 3) }

// mark is what was told of it.
func (o obs) mark() mark { return mark(o.packed & 3) }

func (o *obs) setMark(m mark) { o.packed = o.packed&^3 | uint32(m&3) }

func (o obs) served() bool { return o.outcome().served() }

// ln is the logarithm of the latency, 0 of a result that was not served.
func (o obs) ln() float64 {
	if !o.served() {
		return 0
	}
	return lnSeconds(o.tookUS)
}

// mark is what else counts by a result: that may change when another one comes
// late and is put before it.
type mark uint8

const (
	markSlow  mark = 1 << iota // slower than usual
	markUsual                  // in the histogram of usual latencies
)

// design is what a model is made for; it changes only with the configuration
// and with vantages that appear.
type design struct {
	streams []stream
	scopes  []scope
	numbers []uint32       // stream by stream, the scopes that it is in and its rows of Shared, as they are read
	parts   map[string]int // :: component id -> its scope
	alarm   float64        // statistic from which trouble is told
	normal  int64          // results before this instant are known to be normal
	perDay  float64        // results expected

	class []uint8              // :: scope -> its weight's number
	share [3][machines]float64 // :: number of a weight, machine -> part of one rate's statistic in the sum
}

// link notes for each stream which scopes it is in and which rows of Shared
// it has: all in one piece.
func (d *design) link(c *Shared) {
	in := make([]int, len(d.streams)) // how many scopes
	rows := make([][]uint32, len(d.streams))
	all := 0
	for _, sc := range d.scopes {
		for _, i := range sc.members {
			in[i]++
		}
		all += len(sc.members)
	}
	for i := range d.streams {
		if c != nil {
			rows[i] = c.rows(d.streams[i].of.uses)
			all += len(rows[i])
		}
	}
	d.numbers = make([]uint32, all)
	at := 0
	for i := range d.streams {
		s := &d.streams[i]
		s.at, s.rows = uint32(at), uint16(len(rows[i]))
		copy(d.numbers[at+in[i]:], rows[i])
		at += in[i] + len(rows[i])
	}
	for k, sc := range d.scopes {
		for _, i := range sc.members {
			s := &d.streams[i]
			d.numbers[int(s.at)+int(s.scopes)] = uint32(k)
			s.scopes++
		}
	}
}

// in returns the scopes that a stream is in.
func (d *design) in(stream int) []uint32 {
	s := &d.streams[stream]
	return d.numbers[s.at:][:s.scopes]
}

// rows returns those of Shared that a stream has.
func (d *design) rows(stream int) []uint32 {
	s := &d.streams[stream]
	return d.numbers[s.at+uint32(s.scopes):][:s.rows]
}

// weighUp notes what part each statistic has in the sum: one of few numbers.
func (d *design) weighUp() {
	d.class = make([]uint8, len(d.scopes))
	for k := range d.scopes {
		c := d.scopes[k].class()
		d.class[k] = uint8(c)
		for mc := range machines {
			d.share[c][mc] = d.scopes[k].weight * machineWeight[mc] / rateCount
		}
	}
}
