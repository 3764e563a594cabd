package impact

import (
	"math"
	"slices"
)

// mostR is what a statistic grows to: beyond every threshold by more than 10^20. It has
// seven digits, which is more than is known of the shares that it is made of, and there are
// three of each.
const mostR = 1e38

// model is what a product's results say, taken in one after the other. It
// points to nothing that changes, so that a copy is a memory copy.
type model struct {
	At        int64 // end of the newest result taken in
	Streams   []streamModel
	R         []float32 // :: scope, machine, rate -> Shiryaev-Roberts statistic, at most mostR
	Total     float64   // their weighted sum
	Trouble   trouble
	Suspicion suspicion
	Quiet     proof // after a trouble: the evidence that it is over
	Returns   returns
	Near      near
	Hours     hours
	Briefs    [machines]briefs
	Learn     int64               // what ended before this instant is not learnt from: it belongs to a trouble
	last      *[rateCount]float64 // ratios of the result taken in last; nil when it was not weighed
	over      ended               // the last trouble, of whichever kind
	overOf    machine
	hitPerDay float64 // results that streams which take part in the trouble give a day; 0 when it must be summed up anew
}

// streamModel is one stream's part in the model: what each result changes, in 168
// bytes, since there are three of it.
type streamModel struct {
	*baseline
	fail          *ratios
	Pace          pace
	waiting       pending
	N, Bad, Again int32   // since the onset of the present trouble
	FailPrev      bool    // the last result failed
	SlowLast      uint8   // which of the last eight answers were slow, the newest the lowest bit
	Hit           bool    // it takes part in the present trouble
	FollowWeight  uint8   // as how many of its own failures Follow counts
	Floor         float32 // share that fails at this hour of the day as a rule
	Unrest        float32 // by what the usual share is multiplied, as it moves from hour to hour; 0 for 1
	Follow        float32 // how likely a failure in the company is followed by another; 0 while that is not known
}

func (d *design) newModel() model {
	m := model{Streams: make([]streamModel, len(d.streams)), R: make([]float32, len(d.scopes)*block)}
	for i := range m.Streams {
		m.Streams[i] = newStreamModel()
	}
	return m
}

func newStreamModel() streamModel {
	s := streamModel{baseline: &baseline{season: unknownSeason}, Pace: newPace()}
	s.slowAnew()
	s.ratiosAnew()
	return s
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

// frozen returns a model that shares nothing with m that changes.
func (m *model) frozen() model {
	var c model
	c.copyFrom(m)
	c.Suspicion.W = slices.Clone(c.Suspicion.W)
	return c
}

// learnt takes new ratios after the baseline changed; it is one of this model's own.
func (s *streamModel) learnt() {
	s.slowAnew()
	s.ratiosAnew()
}

// slowAnew takes new ratios of slowness; the baseline is one of this model's own.
func (s *streamModel) slowAnew() {
	if s.Slow.N > slowKept {
		s.Slow.halve()
		s.Lately.halve()
	}
	share, _ := s.Slow.safe(slowPrior, 0, 0)
	again := s.Lately.again(share)
	for i, l := range s.Lately.sizes(again) {
		s.slow[i] = slowRatiosOf(share, again[i], l)
	}
}

func (s *streamModel) ratiosAnew() {
	usual := s.usual()
	if !s.Restless && !s.Accepted {
		usual = usual.doubted(failPrior)
	}
	share, again := usual.safe(failPrior, float64(s.Follow), float64(s.FollowWeight))
	share = min(max(share*max(float64(s.Unrest), 1), float64(s.Floor)), 0.9)
	s.fail = ratiosOf(share, max(share, again))
}

// ratios are those of a machine, by the last result alone.
func (s *streamModel) ratios(m machine) *ratios {
	if m == slowing {
		return s.slow[0]
	}
	return s.fail
}

// ratiosAt are those by which a machine weighs one result, after the ones before it.
func (s *streamModel) ratiosAt(m machine, r *sight) *ratios {
	if m == slowing && r.late > 0 {
		return s.slow[r.late-1]
	}
	return s.ratios(m)
}

// machineWeight is each machine's part in the statistic. Latency is allowed a twentieth of the false alarms, and as
// much again is not used: where answers wander it makes more than its part (TestStrangeWeather, gusts).
var machineWeight = [machines]float64{failing: 0.9, slowing: 0.05}

// size tells by how much a result is slower than usual; ln is the logarithm of
// its latency.
func (m *model) size(o obs, ln float64) (z size) {
	if s := &m.Streams[o.stream()]; o.served() {
		z = s.Pace.size(o.at, ln, s.season)
	}
	if o.outcome() == codeDegraded {
		z = max(z, sizeSlow)
	}
	return z
}

// sight is one result as it is weighed: what it was, and what the one before it of
// its stream was, since bad ones come in bursts.
type sight struct {
	at                       int64
	outcome                  code
	size                     size
	failedBefore, slowBefore bool
	late                     uint8  // see lateOf
	beside                   nearby // where another stream failed just before
}

// nearby is where another stream of the product failed just before a result.
type nearby uint8

const (
	besideNone      nearby = iota
	besideElsewhere        // at another vantage
	besideHere             // at the same
)

func (r *sight) failed() bool { return r.outcome == codeFail }
func (r *sight) served() bool { return r.outcome.served() }

// as tells a result as one machine sees it: to that of slowness a failure is bad as
// well, and it was bad before where one of the last eight answers was slow.
func (r *sight) as(mc machine) (bad, before bool) {
	if mc == slowing {
		return r.size.slow() || r.failed(), r.late > 0
	}
	return r.failed(), r.failedBefore
}

// feed takes in one result that tells something: how slow it is moves what is usual of the latency, what else failed in
// the moment says what it is weighed by, and it waits to be learnt (record). Then it is weighed: into the trouble or
// what is left of one (follow, Quiet), into the statistics of what may begin (weigh), and into the test
// of a hint. h gives the counts that a new trouble begins with.
func (m *model) feed(d *design, h history, o obs, ln float64, z size) {
	m.At = max(m.At, o.at)
	s := &m.Streams[o.stream()]
	r := sight{at: o.at, outcome: o.outcome(), size: z, failedBefore: s.FailPrev, slowBefore: s.SlowLast&1 > 0, late: lateOf(s.SlowLast)}
	failed, slow := r.failed(), z.slow()
	s.FailPrev = failed
	m.hour(o.at, failed && !r.failedBefore)
	if r.served() {
		s.SlowLast = s.SlowLast<<1 | uint8(index(slow))
		if s.Pace.changes(o.at) {
			s.changeSeason()
		}
		long := o.at-m.Trouble.Onset > int64(hoursLong)
		told := m.Trouble.On && (m.Trouble.Slow || !long)
		switch {
		case m.Trouble.On && m.Trouble.Slow && long:
			s.Pace.pass(o.at, s.season)
		case m.Trouble.On && m.Trouble.Slow || m.doubts(d) && s.Pace.N >= paceKnown:
			s.Pace.hour(o.at, ln, s.season, told)
		default:
			s.Pace.learn(o.at, ln, d.streams[o.stream()].seconds(), slow && r.slowBefore, told, s.season)
		}
	}
	m.last = nil
	fail, failedBefore := m.together(d, o.stream(), &r)
	m.Hours.Runs += int32(index(failed && !r.failedBefore && r.beside == besideNone))
	m.record(d, s, &r)
	if o.at < d.normal {
		return
	}
	if m.Trouble.On {
		m.follow(d, h, s, &r)
	} else if m.Quiet.On {
		m.Quiet.add(s, &r)
	}
	if !m.Trouble.On || m.Trouble.Slow {
		m.weigh(d, o.stream(), failing, &fail.of[index(failedBefore)][index(failed)])
	}
	if !m.Trouble.On {
		m.last = &fail.of[index(failedBefore)][index(failed)]
	}
	if !m.Trouble.On && r.served() {
		m.weigh(d, o.stream(), slowing, &s.ratiosAt(slowing, &r).sized[index(r.late > 0)][z])
	}
	hinted := false
	if m.Suspicion.On && !m.Trouble.On {
		m.Suspicion.Bad += index(failed)
		m.weighSuspicion(d, o.stream(), fail, failedBefore, failed)
		if failed {
			hinted = m.suspected(d)
			m.Suspicion.Ask = m.asks(d)
		}
	}
	if m.Total >= d.alarm || hinted {
		m.alarm(d, h, o.at)
	}
}

// doubts reports whether the statistic is half of the way to an alarm, in nats. Until it is
// that or falls back, the level of the latency does not follow: what is judged is not learnt.
func (m *model) doubts(d *design) bool { return !m.Trouble.On && m.Total >= math.Sqrt(d.alarm) }

// weigh takes one result into one machine's statistics of every scope that
// its stream is in: R <- (w + R) LR (Shiryaev 1963, Roberts 1966; w are rateWeights). In normal
// times R grows on average by one a result at most, so the mean time to an
// alarm is at least the threshold, in results (Pollak 1985).
func (m *model) weigh(d *design, stream int, mc machine, lr *[rateCount]float64) {
	total := m.Total
	for _, k := range d.in(stream) {
		at := (int(k)*int(machines) + int(mc)) * rateCount
		rs := (*[rateCount]float32)(m.R[at:])
		weights := &rateWeights
		if mc == failing && d.class[k] == classCheck {
			weights = &checkWeights
		}
		change := 0.0
		for i := range rs {
			was := float64(rs[i])
			rs[i] = float32(min((weights[i]+was)*lr[i], mostR))
			change += float64(rs[i]) - was
		}
		total += d.share[d.class[k]][mc] * change
	}
	m.Total = total
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// exact computes the statistic anew: sums of differences drift.
func (m *model) exact(d *design) {
	m.Total = 0
	for k := range d.scopes {
		for mc := range machines {
			at := (k*int(machines) + int(mc)) * rateCount
			for _, r := range m.R[at : at+rateCount] {
				m.Total += d.scopes[k].weight * machineWeight[mc] / rateCount * float64(r)
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
				if v := d.scopes[k].weight * machineWeight[x] * float64(r); v > most {
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
