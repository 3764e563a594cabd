package impact

import (
	"time"
)

// goesSure is the likelihood ratio from which a trouble surely goes on, by what
// came after it was noticed: one more failure, if it is not long after. It was chosen
// so that one usual failure of a check that fails 0.4 % is not enough, nor one
// of a better check after some ten clean results.
const goesSure = 30

// goes takes in one result after the trouble was noticed, by how much likelier it is
// when all is as usual: of a check that takes part in it, or of one that does not, to
// which it may spread. What another check sees from the same place in the same moment is
// no news, nor is what comes while it may be one of the short troubles that come back. Once sure it stays so.
func (t *trouble) goes(s *streamModel, r *sight, mc machine, limit float64) {
	bad, prev := r.as(mc)
	if r.at-t.Onset <= t.Hold || bad && !prev && r.beside == besideHere && r.at-t.Began <= nearSpan {
		return
	}
	to := &t.Spreads
	if s.Hit {
		to = &t.Goes
	}
	if *to > 0 && *to < goesSure {
		*to = max(*to/s.ratiosAt(mc, r).against(limit, prev, bad), 1e-3)
	}
}

// goesLimit is the share that a trouble has at least that goes on: half of its own.
func (m *model) goesLimit() float64 {
	t := &m.Trouble
	switch {
	case t.solid():
		return t.solidLimit()
	case t.Slow: // above what says nothing after a slow answer
		return max(float64(t.HitBad)/float64(max(t.HitAtBad, 1))/2, slowLimitLow)
	}
	return m.limit()
}

// GoesOn reports whether the present trouble went on after it was noticed.
func (t *Tracker) GoesOn() bool {
	tr := &t.now.Trouble
	return tr.On && (tr.Goes == 0 || tr.Goes >= goesSure || tr.Spreads >= goesSure)
}

// Struck returns the share of bad results of the checks that take part in the
// present trouble, and from when until when it was seen.
func (t *Tracker) Struck() (share float64, onset, last time.Time) {
	tr := &t.now.Trouble
	return float64(tr.HitBad) / float64(max(tr.HitAtBad, 1)), instant(tr.Onset), instant(tr.LastBad)
}

// Unhurt counts what the checks that take no part in a trouble saw from a vantage
// of ours within a span.
func (t *Tracker) Unhurt(vantage string, from, to time.Time) (clean, bad int) {
	for i, tp := range t.tapes {
		if tp.vantage != vantage || t.now.Trouble.On && t.now.Streams[i].Hit {
			continue
		}
		c := t.between(i, from.UnixNano(), to.UnixNano())
		clean += c.Tries - c.Failures
		bad += c.Failures
	}
	return clean, bad
}

// What speaks for a vantage: so many clean results at least, and so many that it
// would give them once in a hundred times if it failed as the trouble does.
const (
	speaksLeast = 3
	speaksWrong = 0.01
	speaksBad   = 1 // usual failures among them; more are news of their own
)

// Speaks reports whether clean results of a vantage, and bad ones of the checks that take no
// part in a trouble, show that this, in which that share fails, is not its own.
func Speaks(share float64, clean, bad int) bool {
	return clean >= speaksLeast && bad <= speaksBad && atMost(bad, clean+bad, min(share, 0.9)) <= speaksWrong
}
