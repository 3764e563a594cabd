package impact

import "time"

// clock tells when the clock that results are stamped by was set back: by hand,
// by a time server, or since another machine leads whose clock is behind. What is
// older than lateness is not judged, and after such a step all is, until the
// clock is where it was: for an hour where it was an hour.
//
// It goes by the results alone, in the order of the journal, so that all who read
// them decide the same. The results of one stream come in the order of time: that
// several are older than others of their own stream, none that is not comes
// between them, and they go on for as long as lateness, is a clock's doing. What
// comes late, be it much at once, is of a stream that was silent, is mixed with
// what comes in time, or is over before.
type clock struct {
	Newest      int64 // end of the newest result since the last step, unix nanoseconds
	N           int   // results in a row that lie back
	First, Last int64 // end of the first and of the newest of them
}

const (
	// backBy is by how much more than its stream's newest a result lies back that
	// is of a clock that was set: what is later than lateness and up to a minute more
	// may still be put in its place.
	backBy = 2 * lateness
	// backLeast is how many such results it takes.
	backLeast = 3
)

// take looks at one result; stream is the end of the newest one of its stream, 0
// while there was none. It reports whether the clock was set back, and to when.
func (c *clock) take(at, stream int64) (to int64, back bool) {
	switch {
	case at > c.Newest-int64(lateness):
		c.Newest, c.N = max(c.Newest, at), 0
		return 0, false
	case at > min(c.Newest, stream)-int64(backBy):
		return 0, false // late
	case c.N == 0 || at < c.Last-int64(lateness):
		c.N, c.First, c.Last = 1, at, at
		return 0, false
	}
	c.N, c.Last = c.N+1, max(c.Last, at)
	if c.N < backLeast || c.Last-c.First < int64(lateness) {
		return 0, false
	}
	c.Newest, c.N = c.Last, 0
	return c.Last, true
}

// follow takes a result into the clock, and sets the tracker back when that was.
// What is passive says its own time, by whatever clock: it tells nothing of ours.
func (t *Tracker) follow(c *checkState, s seen, stream int64, known, judge bool) {
	if c.passive || known && stream-s.at < int64(KeepResults) {
		return
	}
	clock := &t.clock
	if !judge {
		clock = &t.replayed
	}
	newest := clock.Newest
	if to, back := clock.take(s.at, stream); back {
		t.SetBack(instant(to), judge)
		t.back = clockStep{to: to, from: newest}
	}
}

// clockStep is a step of the clock back, in unix nanoseconds; zero is none.
type clockStep struct{ to, from int64 }

// WentBack returns to when the clock of the product's results was set back, and
// from when, if the result that was taken in last showed that.
func (t *Tracker) WentBack() (to, from time.Time, ok bool) {
	if t.back.to == 0 {
		return time.Time{}, time.Time{}, false
	}
	to, from, t.back = instant(t.back.to), instant(t.back.from), clockStep{}
	return to, from, true
}

// Newest returns when the newest result ended; zero while there is none.
func (t *Tracker) Newest() time.Time {
	at := int64(0)
	for _, c := range t.list {
		at = max(at, c.asOf)
	}
	return instant(at)
}

// SetBack has the product's time go on from an instant before its newest result:
// what lies after it is drawn back to it, single results and counts of minutes that do
// are forgotten. What is usual, a trouble and its evidence stay. With judge false
// it concerns the windows only, as in Apply.
func (t *Tracker) SetBack(to time.Time, judge bool) {
	at := to.UnixNano()
	for _, c := range t.list {
		c.asOf, c.measured = min(c.asOf, at), min(c.measured, at)
		for _, tp := range c.tapes() {
			tp.window.cut(at, &t.latency)
			if judge {
				tp.cells.cut(at)
			}
		}
	}
	t.units.cut(at)
	t.naming = min(t.naming, at)
	if !judge {
		return
	}
	t.minutes.cut(at)
	t.now.setBack(at)
	t.settle()
}

// cut forgets what ended after an instant. Latency is told of each served result
// that is no longer counted.
func (w *window) cut(at int64, latency *histogram) {
	n := int32(w.since(at + 1))
	for i := max(n, w.from); int(i) < w.seen.len(); i++ {
		s := w.seen.get(int(i))
		w.counts.count(s, -1)
		if s.served() {
			latency.count(bucketOf(s.tookUS), -1)
		}
	}
	w.seen.truncate(int(n))
	w.from = min(w.from, n)
}

// truncate keeps the first n.
func (l *sightings) truncate(n int) {
	if l.long != nil {
		*l.long = (*l.long)[:n]
		return
	}
	l.short = l.short[:n]
}

// cut forgets the cells that begin after an instant.
func (c *cells) cut(at int64) {
	last := at / cellSpan
	if last >= c.Newest {
		return
	}
	var x cell
	if last > c.Newest-cellsKept {
		x = c.get(last)
	}
	for n := max(last, c.Newest-cellsKept) + 1; n <= c.Newest; n++ {
		c.put(n, cell{})
	}
	c.Newest, c.open = last, x
}

// cut forgets the minutes that begin after an instant.
func (m *minutes) cut(at int64) {
	last := at / int64(time.Minute)
	for n := max(last, m.newest-minutesKept) + 1; n <= m.newest; n++ {
		m.put(n, minuteCell{})
	}
	m.newest = min(m.newest, last)
}

// cut forgets the units that begin after an instant.
func (u *units) cut(at int64) {
	if u == nil {
		return
	}
	last := at / u.length
	for n := max(last, u.newest-unitsKept) + 1; n <= u.newest; n++ {
		u.cells[n%unitsKept] = minuteCell{}
	}
	u.newest = min(u.newest, last)
}

// setBack draws all instants back that lie after one.
func (m *model) setBack(at int64) {
	m.Trouble.setBack(at, m.At)
	q, r := &m.Quiet, &m.Returns
	for _, x := range []*int64{&m.At, &m.Learn, &m.Suspicion.Since, &q.Onset, &q.Began, &q.Marked, &q.Since, &q.Ended, &q.EndedLow, &q.EndedHigh, &q.Recovered, &q.ProvenAt, &r.First, &r.Last} {
		*x = min(*x, at)
	}
	for i := range m.Streams {
		m.Streams[i].unlearn(at + pendingSpan)
	}
}

// setBack draws the instants of a trouble back, whose newest result was of then.
// The minutes by which the level is decided keep their distance from it: what was
// down is not up by that.
func (t *trouble) setBack(at, then int64) {
	instants := []*int64{&t.Began, &t.Free, &t.Onset, &t.OnsetLow, &t.OnsetHigh, &t.LastBad, &t.Changed, &t.Marked, &t.Rise.Until, &t.Lasts.Until, &t.All.From, &t.All.LastBad}
	for _, f := range []*fall{&t.Fall, &t.Rise.Fall} {
		instants = append(instants, &f.From, &f.LastBad, &f.First)
	}
	for _, x := range instants {
		*x = min(*x, at)
	}
	by := then/int64(time.Minute) - at/int64(time.Minute)
	was := t.Recent
	t.Recent = [10]tick{}
	for _, c := range was {
		if c.N > 0 && c.Minute-by >= 0 {
			c.Minute -= by
			t.Recent[c.Minute%int64(len(t.Recent))] = c
		}
	}
}
