package impact

import (
	"math"
	"time"
)

// stream is the results of one check from one vantage.
type stream struct {
	check   string
	vantage string
	region  string
	uses    []string // components, closed over depends_on
	every   time.Duration
	seconds float64 // every
	scopes  []int   // that it is in
	rows    []int   // of the company
}

// obs is one result as the model sees it.
type obs struct {
	at      int64 // end, unix nanoseconds
	tookUS  uint32
	stream  uint16
	outcome code
	mark    mark // what was told of it
}

func (o obs) served() bool { return o.outcome.served() }

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
	parts   map[string]int // :: component id -> its scope
	alarm   float64        // statistic from which trouble is told
	normal  int64          // results before this instant are known to be normal
	perDay  float64        // results expected
}

// model is what a product's results say, taken in one after the other. It
// holds no pointer but to shared constants, so that a copy is a memory copy.
type model struct {
	At        int64 // end of the newest result taken in
	Streams   []streamModel
	R         []float64 // :: scope, machine, rate -> Shiryaev-Roberts statistic
	Total     float64   // their weighted sum
	Trouble   trouble
	Suspicion suspicion
	Quiet     proof               // after a trouble: the evidence that it is over
	Learn     int64               // what ended before this instant is not learnt from: it belongs to a trouble
	last      *[rateCount]float64 // ratios of the result taken in last; nil when it was not weighed
	hitPerDay float64             // results that streams which take part in the trouble give a day; 0 when it must be summed up anew
}

// streamModel is one stream's part in the model.
type streamModel struct {
	Fail, Slow         chain
	FailPrev, SlowPrev bool // the last result was bad
	Hit                bool // it takes part in the present trouble
	Pace               pace
	Pending            [pendingCells]pending
	N, Bad, Again      int32 // since the onset of the present trouble
	fail, slow         *ratios
}

// pending counts results that are not learnt yet: whether they were normal
// shows only later.
type pending struct {
	Begin                 int64 // unix nanoseconds
	N, Bad, Again         uint16
	SlowN, Slow, SlowMore uint16
}

// What is learnt waits for an hour, in cells of 10 minutes: failures of 2 %
// on one product are seen within that time as a rule.
const (
	pendingCells = 7
	pendingSpan  = int64(10 * time.Minute)
)

func (d *design) newModel() model {
	m := model{Streams: make([]streamModel, len(d.streams)), R: make([]float64, len(d.scopes)*block)}
	for i := range m.Streams {
		m.Streams[i].Pace = newPace()
		m.Streams[i].learnt()
	}
	return m
}

// copyFrom makes m the same as o, in the memory it has.
func (m *model) copyFrom(o *model) {
	streams, r, l := m.Streams[:0], m.R[:0], m.Suspicion.L[:0]
	streams = append(streams, o.Streams...)
	r = append(r, o.R...)
	l = append(l, o.Suspicion.L...)
	*m = *o
	m.Streams, m.R, m.Suspicion.L = streams, r, l
}

// learnt takes new ratios after the baseline changed.
func (s *streamModel) learnt() {
	s.Fail.fade()
	s.Slow.fade()
	s.ratiosAnew()
}

func (s *streamModel) ratiosAnew() {
	share, again := s.Fail.safe(failPrior)
	s.fail = ratiosOf(failing, share, again)
	share, again = s.Slow.safe(slowPrior)
	s.slow = ratiosOf(slowing, share, again)
}

func (s *streamModel) ratios(m machine) *ratios {
	if m == slowing {
		return s.slow
	}
	return s.fail
}

// machineWeight is each machine's part in the statistic: latency is allowed a
// tenth of the false alarms.
var machineWeight = [machines]float64{failing: 0.9, slowing: 0.1}

// slow reports whether a result is slower than usual; ln is the logarithm of
// its latency.
func (m *model) slow(o obs, ln float64) bool {
	return o.served() && (o.outcome == codeDegraded || m.Streams[o.stream].Pace.slow(o.at, ln))
}

// feed takes in one result that tells something. h gives the counts that a new
// trouble begins with.
func (m *model) feed(d *design, h history, o obs, ln float64, slow bool) {
	m.At = max(m.At, o.at)
	s := &m.Streams[o.stream]
	bad, served := o.outcome == codeFail, o.served()
	prevFail, prevSlow := s.FailPrev, s.SlowPrev
	s.FailPrev = bad
	if served {
		s.SlowPrev = slow
		if !m.Trouble.On || !m.Trouble.Slow {
			s.Pace.learn(o.at, ln, d.streams[o.stream].seconds)
		}
	}
	m.last = nil
	m.record(d, s, o.at, bad, prevFail, served, slow, prevSlow)
	if o.at < d.normal {
		return
	}
	if m.Trouble.On {
		m.follow(d, s, o, bad, slow, prevFail, prevSlow)
	} else if m.Quiet.On {
		m.Quiet.add(s, o.at, bad, slow, prevFail, prevSlow)
	}
	if !m.Trouble.On || m.Trouble.Slow {
		m.weigh(d, int(o.stream), failing, s.fail, prevFail, bad)
	}
	if !m.Trouble.On {
		m.last = &s.fail.of[index(prevFail)][index(bad)]
	}
	if !m.Trouble.On && served {
		m.weigh(d, int(o.stream), slowing, s.slow, prevSlow, slow)
	}
	hinted := false
	if m.Suspicion.On && !m.Trouble.On {
		m.Suspicion.Bad += index(bad)
		m.weighSuspicion(d, int(o.stream), s.fail, prevFail, bad)
		hinted = bad && m.suspected(d)
	}
	if m.Total >= d.alarm || hinted {
		m.alarm(d, h, o.at)
	}
}

// weigh takes one result into one machine's statistics of every scope that
// its stream is in: R <- (1 + R) LR (Shiryaev 1963, Roberts 1966). In normal
// times R grows on average by one a result at most, so the mean time to an
// alarm is at least the threshold, in results (Pollak 1985).
func (m *model) weigh(d *design, stream int, mc machine, r *ratios, prev, bad bool) {
	lr := &r.of[index(prev)][index(bad)]
	for _, k := range d.streams[stream].scopes {
		at := (k*int(machines) + int(mc)) * rateCount
		rs := m.R[at : at+rateCount : at+rateCount]
		change := 0.0
		for i := range rs {
			next := (1 + rs[i]) * lr[i]
			if next > 1e200 {
				next = 1e200
			}
			change += next - rs[i]
			rs[i] = next
		}
		m.Total += d.scopes[k].weight * machineWeight[mc] / rateCount * change
	}
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// record counts a result towards the baseline: at once while all is known to
// be normal, else an hour later if no trouble came of it.
func (m *model) record(d *design, s *streamModel, at int64, bad, prevFail, served, slow, prevSlow bool) {
	if at < d.normal {
		s.Fail.add(1, float64(index(bad)), float64(index(bad && prevFail)))
		if served && s.Pace.N >= paceKnown {
			s.Slow.add(1, float64(index(slow)), float64(index(slow && prevSlow)))
		}
		if int64(s.Fail.N)%64 == 0 {
			s.learnt()
		}
		return
	}
	if m.Trouble.On {
		return
	}
	begin := at - at%pendingSpan
	p := &s.Pending[(begin/pendingSpan)%pendingCells]
	if p.Begin != begin {
		if p.N > 0 && p.Begin >= m.Learn && p.Begin < begin {
			s.Fail.add(float64(p.N), float64(p.Bad), float64(p.Again))
			s.Slow.add(float64(p.SlowN), float64(p.Slow), float64(p.SlowMore))
			s.learnt()
		}
		*p = pending{Begin: begin}
	}
	if p.N == math.MaxUint16 {
		return
	}
	p.N++
	p.Bad += uint16(index(bad))
	p.Again += uint16(index(bad && prevFail))
	if served && s.Pace.N >= paceKnown {
		p.SlowN++
		p.Slow += uint16(index(slow))
		p.SlowMore += uint16(index(slow && prevSlow))
	}
}

// exact computes the statistic anew: sums of differences drift.
func (m *model) exact(d *design) {
	m.Total = 0
	for k := range d.scopes {
		for mc := range machines {
			at := (k*int(machines) + int(mc)) * rateCount
			for _, r := range m.R[at : at+rateCount] {
				m.Total += d.scopes[k].weight * machineWeight[mc] / rateCount * r
			}
		}
	}
}

// best returns the hypothesis that explains the results best.
func (m *model) best(d *design) (sc int, mc machine, rate int) {
	most := -1.0
	if m.suspected(d) {
		for k := range d.scopes {
			for i, x := range m.Suspicion.L[k*rateCount : (k+1)*rateCount] {
				if v := m.Suspicion.W[k] * x; v > most {
					most, sc, mc, rate = v, k, failing, i
				}
			}
		}
		return sc, mc, rate
	}
	for k := range d.scopes {
		for x := range machines {
			at := (k*int(machines) + int(x)) * rateCount
			for i, r := range m.R[at : at+rateCount] {
				if v := d.scopes[k].weight * machineWeight[x] * r; v > most {
					most, sc, mc, rate = v, k, x, i
				}
			}
		}
	}
	return sc, mc, rate
}

func (m *model) clear() {
	clear(m.R)
	m.Total = 0
}
