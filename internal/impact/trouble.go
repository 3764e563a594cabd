package impact

import (
	"fmt"
	"math"
	"time"
)

// trouble is what is known of a product's present trouble.
type trouble struct {
	On        bool
	Slow      bool   // slowness, not failures
	Scope     string // key of the scope that showed it
	Began     int64  // when it was noticed
	Free      int64  // up to then an earlier one lasted; 0 when an older version began it
	Onset     int64  // when it began, most likely
	OnsetLow  int64  // 95 % interval of that
	OnsetHigh int64
	N, Bad    int // the product's results since the onset
	LastBad   int64
	Clean     int   // results since LastBad
	Gap       int64 // longest time between two bad ones
	Outage    bool
	Why       string // of the level
	Changed   int64  // when the level last changed

	HitN, HitBad int // of the streams that take part, since the onset
	HitAtBad     int // HitN at their last bad one: what comes after must not dilute the share

	Solid Counts // of HitAtBad, before Stray; see astray
	Stray int    // bad results in the only run of them after that; more than solidStray: none was
	Fall  fall   // since when most fails, if it does
	Rise  rise   // after that
	All   allFails

	Recovery float64 // Shiryaev-Roberts statistic that it is over
	Goes     float64 // likelihood ratio that it goes on since it was noticed, until that is sure; 0 when an older version began it
	Hold     int64   // for so long after the onset it may be one of the short ones that come back
	Lasts    lasts
	Spreads  float64  // likewise that it spreads to what did not show it
	Repair   float64  // likelihood ratio that it is over since Marked
	Marked   int64    // when somebody last tried something; 0 when nobody did
	Marks    int      // how often
	Recent   [10]tick // the last ten minutes
}

// tick counts the results of one minute.
type tick struct {
	Minute int64
	N, Bad int32
}

// outageShare is the failure share from which on a product counts as down.
const outageShare = 0.50

// outageOdds is how many times likelier the counts must be at outageShare than
// at half of it. The share is counted from the onset, which was chosen for its
// failures, so that of few results it is too high: where 20 % fail, five of the
// first ten once failed in one trouble of ten (TestAFifthIsNoOutage).
const outageOdds = 100

// mostFail reports whether surely most of n results fail, at those odds.
func mostFail(n, bad int, odds float64) bool {
	const half = outageShare / 2
	gain := math.Log(outageShare / half)
	loss := math.Log((1 - outageShare) / (1 - half))
	return float64(bad) >= outageShare*float64(n) && float64(bad)*gain+float64(n-bad)*loss >= math.Log(odds)
}

// leastBad is the least number of bad results that a trouble begins with. Of
// checks that run a few times an hour one failure would exceed the threshold,
// and keep it within the budget; but nobody believes one result.
const leastBad = 2

// alarm begins a trouble, or makes failures of what began as slowness.
func (m *model) alarm(d *design, h history, at int64) {
	m.exact(d)
	if m.Total < d.alarm && !m.suspected(d) {
		return
	}
	sc, mc, rate := m.best(d)
	onset, low, high := m.onset(d, h, sc, mc, rate, at)
	if badOf(h, d.scopes[sc].members, mc, onset, at) < leastBad {
		return
	}
	was := m.Trouble
	m.Trouble = trouble{On: true, Slow: mc == slowing, Scope: d.scopes[sc].key, Began: at, Changed: at, Free: max(m.Learn, 1)}
	t := &m.Trouble
	if was.On {
		t.Marked, t.Marks = was.Marked, was.Marks
		t.Free = onset
	}
	t.Onset, t.OnsetLow, t.OnsetHigh = onset, low, high
	m.Learn = max(m.Learn, t.Onset)
	m.hitPerDay = 0
	m.begin(h, d.scopes[sc].members, mc, at)
	t.HitAtBad, t.LastBad, t.Goes, t.Spreads = t.HitN, at, 1, 1
	t.Fall.begin(t)
	t.Hold = max(m.Briefs[mc].usual(at), h.short(mc, at))
	t.Lasts.begin(m, mc, at)
	for _, i := range d.scopes[0].members { // the last ten minutes, for the level
		h.each(i, t.Onset, at, func(when int64, n, failed, slow int) {
			if n != 1 {
				return
			}
			if t.Slow {
				failed = slow
			}
			t.minute(when, failed > 0)
		})
	}
	if !t.Slow {
		m.Returns.begin(m)
	}
	t.Why = because(t.Slow, t.HitBad, t.HitN)
	t.level(at)
	m.Quiet, m.Suspicion = proof{}, suspicion{}
	m.clear()
}

// badOf counts the bad results of some streams in a span, as a machine sees them.
func badOf(h history, streams []int, mc machine, from, to int64) (bad int) {
	for _, i := range streams {
		if c := h.between(i, from, to); mc == slowing {
			bad += c.Slow
		} else {
			bad += c.Failures
		}
	}
	return bad
}

// begin gives the trouble the counts since its onset, and says which streams
// take part in it: those that showed it, and others that are struck.
func (m *model) begin(h history, showed []int, mc machine, at int64) {
	t := &m.Trouble
	hit := map[int]bool{}
	for _, i := range showed {
		hit[i] = true
	}
	for i := range m.Streams {
		s := &m.Streams[i]
		c := h.between(i, t.Onset, at)
		bad := c.Failures
		if t.Slow {
			bad = c.Slow
		}
		s.N, s.Bad, s.Again, s.Hit = int32(c.Tries), int32(bad), againOf(h, i, t.Slow, t.Onset, at), hit[i]
		if !s.Hit {
			s.Hit = s.struck(mc)
		}
		t.N += c.Tries
		t.Bad += bad
		if s.Hit {
			t.HitN += c.Tries
			t.HitBad += bad
		}
		s.unlearn(t.Onset - pendingSpan)
	}
}

// againOf counts a stream's bad results in a span that follow a bad one of it, as far as single results are kept: without those
// until the trouble was noticed, failures in bursts would count as independent when it is told.
func againOf(h history, stream int, slow bool, from, to int64) (again int32) {
	prev := false
	h.each(stream, from, to, func(_ int64, n, failed, slower int) {
		bad := failed > 0
		if slow {
			bad = slower > 0
		}
		again += int32(index(n == 1 && bad && prev))
		prev = n == 1 && bad
	})
	return again
}

// struck reports whether a stream fails so much more than usual since the
// onset that it takes part in the trouble.
func (s *streamModel) struck(mc machine) bool {
	usual := s.ratios(mc).share
	return s.Bad >= 3 && float64(s.Bad) > 6*usual*float64(s.N)+2
}

// follow takes one result into the present trouble.
func (m *model) follow(d *design, h history, s *streamModel, r *sight) {
	t := &m.Trouble
	mc := machineOf(t.Slow)
	bad, prev := r.as(mc)
	s.N++
	s.Bad += int32(index(bad))
	s.Again += int32(index(bad && (prev && mc == failing || r.slowBefore && mc == slowing)))
	t.N++
	t.Bad += index(bad)
	t.minute(r.at, bad)
	if !s.Hit && bad && s.struck(mc) {
		s.Hit = true // it spreads: what was clean so far was not looked at here
		m.hitPerDay = 0
		t.HitN += int(s.N) - 1
		t.HitBad += int(s.Bad) - 1
		t.Recovery = 0
	}
	if s.Hit {
		t.HitN++
		if bad {
			t.astray(prev)
			t.HitBad++
			t.HitAtBad = t.HitN
		}
	}
	if bad {
		if s.Hit {
			t.Gap = max(t.Gap, r.at-t.LastBad)
			t.LastBad = r.at
		}
		t.Clean = 0
	} else {
		t.Clean++
	}
	t.goes(s, r, mc, m.goesLimit())
	if s.Hit {
		t.down(r.at, bad)
		of := s.ratiosAt(mc, r)
		t.Lasts.add(&of.of[index(prev)][index(bad)], r.at, bad)
		lr := of.against(m.limit(), prev, bad)
		t.Recovery = (1 + t.Recovery) * lr
		if t.Marked > 0 && r.at >= t.Marked {
			t.Repair = min(t.Repair*lr, 1e200)
		}
	}
	t.level(r.at)
	switch {
	case m.recovered(d, r.at):
		m.recover(d, h, r.at)
	case m.lasting(r.at):
		m.accept(r.at)
	}
}

func (t *trouble) minute(at int64, bad bool) {
	n := at / int64(time.Minute)
	c := &t.Recent[n%int64(len(t.Recent))]
	if c.Minute > n {
		return
	}
	if c.Minute < n {
		*c = tick{Minute: n}
	}
	c.N++
	c.Bad += int32(index(bad))
}

// level decides between degraded and outage: down when surely most of the last
// ten minutes, or of the last two, failed; up again as soon as it answers, or below 40 %.
func (t *trouble) level(at int64) {
	if t.Slow {
		return
	}
	now := at / int64(time.Minute)
	var n, bad, n2, bad2 int
	for _, c := range t.Recent {
		if now-c.Minute < 10 && c.Minute <= now {
			n, bad = n+int(c.N), bad+int(c.Bad)
		}
		if now-c.Minute < 2 && c.Minute <= now {
			n2, bad2 = n2+int(c.N), bad2+int(c.Bad)
		}
	}
	share := Counts{Tries: n, Failures: bad}.Share()
	share2 := Counts{Tries: n2, Failures: bad2}.Share()
	down := t.Outage
	switch {
	case t.Outage && t.over():
		t.answers(at)
		return
	case mostFail(n, bad, t.odds()), mostFail(n2, bad2, t.odds()):
		down = true
	case share < outageShare-0.1 || n2 >= 5 && share2 < outageShare-0.1:
		down = false
	}
	switch {
	case down == t.Outage:
	case down:
		t.Outage, t.Changed, t.Why = true, at, fmt.Sprintf("%d of the last %d failed", bad2, n2)
		t.Rise = rise{}
	default:
		t.Outage, t.Changed, t.Why = false, at, fmt.Sprintf("%d of the last %d failed, no longer most", bad2, n2)
		t.Fall, t.All = fall{}, allFails{}
	}
}
