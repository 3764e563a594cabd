package impact

import "time"

// Limits that a recovery must exclude: half of the trouble's share, but at
// least 1 % and at most 10 % of failures.
const (
	limitLow, limitHigh         = 0.01, 0.10
	slowLimitLow, slowLimitHigh = 0.10, 0.30
)

// limit returns the bad share that recovery must exclude.
func (m *model) limit() float64 {
	t := &m.Trouble
	share := 0.0
	if t.HitAtBad > 0 {
		share = float64(t.HitBad) / float64(t.HitAtBad)
	}
	if t.Slow {
		return min(max(share/2, slowLimitLow), slowLimitHigh)
	}
	return min(max(share/2, limitLow), limitHigh)
}

// recoveryDays is how many days of a trouble that goes on at the limit pass
// between two wrong "recovered": 1 % a day.
const recoveryDays = 100

// repairOdds is the likelihood ratio from which a marked repair is believed
// (Wald 1945): 1 % wrong.
const repairOdds = 100

// quietFactor times the longest quiet gap of the trouble must pass without a
// failure: flapping is one trouble.
const quietFactor = 1.2

func (m *model) needed(d *design) float64 {
	if m.hitPerDay == 0 { // asked for at each result of a trouble, and the streams that take part are many
		for i := range m.Streams {
			if m.Streams[i].Hit {
				m.hitPerDay += float64(24*time.Hour) / float64(d.streams[i].every())
			}
		}
	}
	return recoveryDays * m.hitPerDay
}

func (m *model) recovered(d *design, at int64) bool {
	t := &m.Trouble
	if t.Clean == 0 {
		return false
	}
	if t.Marked > 0 && at > t.Marked && t.Repair >= repairOdds*float64(max(t.Marks, 1)) {
		return true
	}
	if t.Recovery >= m.needed(d) && float64(at-t.LastBad) >= quietFactor*float64(t.Gap) {
		return true
	}
	return m.solidOver(d, at)
}

// recover ends the trouble, and begins the stricter proof.
func (m *model) recover(d *design, h history, at int64) {
	t := m.Trouble
	ended, low, high := m.ending(h, at)
	excluded := m.limit()
	if t.Recovery < m.needed(d) && t.Repair < repairOdds && t.solid() {
		excluded = t.solidLimit()
	}
	m.Near.end(&t)
	m.over = m.Briefs[machineOf(t.Slow)].add(&t)
	m.overOf = machineOf(t.Slow)
	m.Quiet = proof{On: true, Slow: t.Slow, Since: t.LastBad, N: t.Clean, Before: t.Clean, Share: float64(t.HitBad) / float64(max(t.HitAtBad, 1)),
		Excluded: excluded, Recovered: at, Onset: t.Onset, Began: m.grown(h, at), Marked: t.Marked, Ended: ended, EndedLow: low, EndedHigh: high}
	m.Quiet.begin(m)
	if usual, share := m.Returns.end(m, at); usual {
		m.Quiet = proof{Accepted: true, Share: share, Recovered: at, Onset: m.Returns.First, Repeats: m.Returns.Count}
	}
	m.Trouble = trouble{}
	m.Learn = at
	m.forgetHits()
}

func (m *model) forgetHits() {
	m.hitPerDay = 0
	for i := range m.Streams {
		s := &m.Streams[i]
		s.Hit, s.N, s.Bad, s.Again = false, 0, 0, 0
	}
	m.clear()
}

// How long a steady trouble lasts until it is what is usual now: a release
// that made something slower is told once and then learnt. Failures take
// longer, since an outage may last for days, and a product of which most
// fails is never as usual.
const (
	slowLasts     = 24 * time.Hour
	failLasts     = 72 * time.Hour
	failLastsNew  = 24 * time.Hour // where nothing was known before
	lastingAtMost = 0.35
)

func (m *model) lasting(at int64) bool {
	t := &m.Trouble
	age := time.Duration(at - t.Onset)
	if t.Slow {
		return age >= slowLasts
	}
	if t.Outage || float64(t.HitBad) > lastingAtMost*float64(t.HitN) || at-t.LastBad > int64(time.Hour) {
		return false
	}
	if age < failLastsNew {
		return false // before all streams are looked at
	}
	if age >= failLasts {
		return true
	}
	for i := range m.Streams {
		if s := &m.Streams[i]; s.Hit && s.Fail.N >= learnt {
			return false
		}
	}
	return true
}

// accept takes what the trouble showed for usual.
func (m *model) accept(at int64) {
	t := m.Trouble
	m.Near.end(&t)
	m.over, m.overOf = ended{Onset: t.Onset, Until: at}, machineOf(t.Slow)
	m.Returns.end(m, at)
	for i := range m.Streams {
		s := &m.Streams[i]
		b := s.change()
		n, bad, again := float64(s.N), float64(s.Bad), float64(s.Again)
		if t.Slow {
			s.Pace = newPace()
			s.changeSeason()
			s.season.Base = noBase
			s.season.forget(hourOf(t.Onset), hourOf(t.Onset+int64(hoursLong)))
		} else if n > 0 {
			s.Fail, b.Accepted = chain{N: n, Bad: bad, Again: again}, true
			if all := s.all(); all.N > n { // with what was before it since the first of several
				s.Fail = all
			}
		}
		s.learnt()
	}
	share := float64(t.HitBad) / float64(max(t.HitN, 1))
	m.Quiet = proof{Accepted: true, Slow: t.Slow, Share: share, Recovered: at, Onset: t.Onset}
	m.Trouble = trouble{}
	m.Learn = at
	m.forgetHits()
}

// mark starts the clock of a repair that somebody says they made.
func (m *model) mark(at int64) {
	if t := &m.Trouble; t.On && at > t.Marked {
		t.Marked, t.Repair = at, 1
		t.Marks++
	}
}
