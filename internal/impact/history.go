package impact

import "time"

// history gives what came before: the model itself keeps no results.
type history interface {
	// between returns a stream's counts of results that ended at or after
	// from, and not after to.
	between(stream int, from, to int64) Counts
	// each calls f for results of a stream that ended at or after from, and not
	// after to, in the order of time: single ones where they are kept, and
	// counts of five minutes, of which at is the beginning, before that.
	each(stream int, from, to int64, f func(at int64, n, failed, slow int))
	// firstBad returns the first minute of the product in a span that holds a
	// bad result; from when none does.
	firstBad(from, to int64, slow bool) int64
	// short returns how long short troubles of a kind last at most in the company, 0
	// while that is not known.
	short(mc machine, at int64) int64
}

// short implements history.
func (t *Tracker) short(mc machine, at int64) int64 { return int64(t.cfg.Shared.usualShort(mc, at)) }

// between implements history.
func (t *Tracker) between(number int, from, to int64) Counts {
	var c Counts
	t.each(number, from, to, func(_ int64, n, failed, slow int) {
		c.Tries += n
		c.Failures += failed
		c.Slow += slow
	})
	return c
}

// each implements history: single results of the last six minutes at least,
// cells of five minutes before that.
func (t *Tracker) each(number int, from, to int64, f func(at int64, n, failed, slow int)) {
	tp := t.tapes[number]
	single := (to - int64(6*time.Minute)) / cellSpan * cellSpan
	tp.cells.before(from, single, f)
	w := &tp.window.seen
	for i := tp.window.since(max(from, single)); i < w.len(); i++ {
		s := w.get(i)
		if s.at > to {
			break
		}
		if s.told() {
			f(s.at, 1, index(s.failed()), index(s.slow))
		}
	}
}

// firstBad implements history.
func (t *Tracker) firstBad(from, to int64, slow bool) int64 {
	for _, m := range t.minutes.list(instant(from), instant(to)) {
		if !slow && m.Failures > 0 || slow && m.Slow > 0 {
			return m.At.UnixNano()
		}
	}
	return from
}
