package impact

// undo is what it takes to go back over the results taken in last: one that
// comes a little late is put before them, and they are taken in again. Without
// it each such result would cost as much as all results of the last minute or
// two, so that of a product of 800 checks one would cost as much as 10,000.
//
// It reaches back over about a sixteenth as many results as there are streams, 0.6 s
// at one every 10 s, and not over a result by which a trouble began or ended:
// what is later is rarer, and is put behind past. There is none of it until the
// first late result, nor after a minute or two without.
type undo struct {
	steps []change  // a ring, by number of the result
	first int       // number of the oldest step that is there
	next  int       // number of the next one
	r     []float32 // :: slot of steps -> what the scopes of its stream held; block for each of at most width scopes
	l     []float64 // likewise of a suspicion, rateCount for each; nil until there is one
	width int
	late  bool // a result was late since past[1] was made
}

// change is what one result changed, as it was before.
type change struct {
	stream    streamModel
	number    int // of its stream
	at, learn int64
	total     float64
	bad       int // Suspicion.Bad
	last      *[rateCount]float64
	trouble   *trouble // nil while there was none
	quiet     *proof   // likewise
	near      near
	hours     hours
}

const undoAtLeast = 8

// undoFor returns an empty one for a model of that design.
func undoFor(d *design) undo {
	u := undo{late: true, steps: make([]change, undoAtLeast+len(d.streams)/16)}
	for i := range d.streams {
		u.width = max(u.width, int(d.streams[i].scopes))
	}
	u.r = make([]float32, len(u.steps)*u.width*block)
	return u
}

// forget leaves nothing to go back over.
func (u *undo) forget() { u.first = u.next }

// back returns how many results one can go back over.
func (u *undo) back() int { return u.next - u.first }

// block is where a scope's statistics are in a model.
const block = int(machines) * rateCount

// keep notes what a result of that stream is about to change.
func (u *undo) keep(m *model, d *design, number int) {
	if u.steps == nil {
		return
	}
	slot := u.next % len(u.steps)
	s := &u.steps[slot]
	s.stream, s.number = m.Streams[number], number
	s.at, s.learn, s.total, s.bad, s.last, s.near, s.hours = m.At, m.Learn, m.Total, m.Suspicion.Bad, m.last, m.Near, m.Hours
	if m.Trouble.On {
		if s.trouble == nil {
			s.trouble = new(trouble)
		}
		*s.trouble = m.Trouble
	} else {
		s.trouble = nil
	}
	if m.Quiet.On {
		if s.quiet == nil {
			s.quiet = new(proof)
		}
		*s.quiet = m.Quiet
	} else {
		s.quiet = nil
	}
	for j, k := range d.in(number) {
		copy(u.r[(slot*u.width+j)*block:][:block], m.R[int(k)*block:])
	}
	if m.Suspicion.On {
		if u.l == nil {
			u.l = make([]float64, len(u.steps)*u.width*rateCount)
		}
		for j, k := range d.in(number) {
			copy(u.l[(slot*u.width+j)*rateCount:][:rateCount], m.Suspicion.L[int(k)*rateCount:])
		}
	}
	u.next++
	u.first = max(u.first, u.next-len(u.steps))
}

// pop takes the newest result back.
func (u *undo) pop(m *model, d *design) {
	u.next--
	slot := u.next % len(u.steps)
	s := &u.steps[slot]
	if m.Streams[s.number].Hit != s.stream.Hit {
		m.hitPerDay = 0
	}
	m.Streams[s.number] = s.stream
	m.At, m.Learn, m.Total, m.Suspicion.Bad, m.last, m.Near, m.Hours = s.at, s.learn, s.total, s.bad, s.last, s.near, s.hours
	if s.trouble != nil {
		m.Trouble = *s.trouble
	}
	if s.quiet != nil {
		m.Quiet = *s.quiet
	}
	for j, k := range d.in(s.number) {
		copy(m.R[int(k)*block:], u.r[(slot*u.width+j)*block:][:block])
	}
	if m.Suspicion.On {
		for j, k := range d.in(s.number) {
			copy(m.Suspicion.L[int(k)*rateCount:], u.l[(slot*u.width+j)*rateCount:][:rateCount])
		}
	}
}

// turn is what tells one trouble, and the end of one, from another: a result
// that changes it changes every stream.
type turn struct {
	on, slow         bool
	began, recovered int64
	hour             int32
}

func (m *model) turn() turn {
	return turn{m.Trouble.On, m.Trouble.Slow, m.Trouble.Began, m.Quiet.Recovered, m.Hours.Hour}
}
