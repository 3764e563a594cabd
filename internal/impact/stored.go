package impact

import "slices"

// stored is a Tracker's state as it is kept over a restart. The results of the
// window are not part of it; they are replayed.
type stored struct {
	Streams []storedStream
	Scopes  []string // keys, in the order of Model.R
	Model   model
	Usual   []int32 // histogram of latencies
	Minutes minutes
	Past    [2]model // what late results are put behind
	Since   storedResults
	Second  int
	Slow    storedResults // of the windows, those slower than usual
	Clock   clock
}

type storedStream struct {
	Check, Vantage string
	Cells          cells
}

// storedResults are results by column, with the times as differences.
type storedResults struct {
	At             []int64
	Took           []uint32
	Stream         []uint32 // []uint16 in older states: in gob the same
	Outcome, Marks []byte
}

func resultsOf(list []obs) (s storedResults) {
	last := int64(0)
	for _, o := range list {
		s.At, s.Took, s.Stream = append(s.At, o.at-last), append(s.Took, o.tookUS), append(s.Stream, uint32(o.stream()))
		s.Outcome, s.Marks = append(s.Outcome, byte(o.outcome())), append(s.Marks, byte(o.mark()))
		last = o.at
	}
	return s
}

// each calls f for each result of a stream that is still there; number maps
// the streams that were to those that are.
func (s *storedResults) each(number map[int]int, f func(obs)) {
	n := min(len(s.At), len(s.Took), len(s.Stream), len(s.Outcome), len(s.Marks))
	at := int64(0)
	for i := range n {
		at += s.At[i]
		if k, ok := number[int(s.Stream[i])]; ok && int(s.Outcome[i]) < len(outcomes) {
			f(obsOf(at, s.Took[i], k, code(s.Outcome[i]), mark(s.Marks[i])))
		}
	}
}

// Frozen is what a Tracker has concluded up to an instant. It shares nothing with
// the tracker that changes, so that it can be encoded while that goes on.
type Frozen struct {
	stored            // without Since and Slow
	since, slow []obs // what these are made of
}

// Freeze returns what was concluded so far: a copy in memory, which takes a small
// part of the time that encoding it does.
func (t *Tracker) Freeze() Frozen {
	f := Frozen{stored: stored{Model: t.now.frozen(), Usual: slices.Clone(t.usual.buckets[:]), Minutes: t.minutes.frozen(),
		Past: [2]model{t.past[0].frozen(), t.past[1].frozen()}, Second: t.second, Clock: t.clock,
		Streams: make([]storedStream, 0, len(t.tapes)), Scopes: make([]string, 0, len(t.design.scopes))}, since: slices.Clone(t.since)}
	for i, tp := range t.tapes {
		f.Streams = append(f.Streams, storedStream{Check: tp.check.id, Vantage: tp.vantage, Cells: tp.cells.frozen()})
		tp.window.slower(func(r seen) { f.slow = append(f.slow, obsOf(r.at, r.tookUS, i, r.outcome, 0)) })
	}
	for _, sc := range t.design.scopes {
		f.Scopes = append(f.Scopes, sc.key)
	}
	return f
}

// Encode returns the form in which it is kept.
func (f Frozen) Encode() ([]byte, error) {
	s := f.stored
	s.Since, s.Slow = resultsOf(f.since), resultsOf(f.slow)
	return s.encode()
}

// Restore sets what an earlier Tracker had concluded; checks that are no
// longer there are left out. To be called before the first Apply.
func (t *Tracker) Restore(data []byte) error {
	s, err := decodeState(data)
	if err != nil {
		return err
	}
	for _, x := range s.Streams { // vantages that are known only from results
		if c := t.check(x.Check); c != nil {
			t.tape(c, x.Vantage)
		}
	}
	if t.naming > 0 {
		t.redesign()
	}
	number := map[int]int{}
	for i, x := range s.Streams {
		c := t.check(x.Check)
		if c == nil {
			continue
		}
		for _, tp := range c.tapes() {
			if tp.vantage == x.Vantage {
				number[i], tp.cells = tp.number, x.Cells
			}
		}
	}
	t.restoreModel(&t.now, s.Model, s.Scopes, number)
	copy(t.usual.buckets[:], s.Usual)
	t.usual.n = 0
	for _, n := range t.usual.buckets {
		t.usual.n += int(n)
	}
	t.minutes, t.clock = s.Minutes, s.Clock
	t.clock.Newest = max(t.clock.Newest, s.Model.At) // 0 in older states
	t.threshold()
	t.settle()
	if len(number) == len(s.Streams) && len(t.tapes) == len(number) && fits(s.Past[0], s.Model) && fits(s.Past[1], s.Model) && s.Second <= len(s.Since.At) {
		for i := range t.past {
			t.restoreModel(&t.past[i], s.Past[i], s.Scopes, number)
		}
		t.second = s.Second
		s.Since.each(number, func(o obs) { t.since = append(t.since, o) })
	}
	t.told = map[slowKey]bool{}
	s.Slow.each(number, func(o obs) { t.told[slowKey{o.at, o.tookUS, uint32(o.stream())}] = true })
	return nil
}

func fits(m, o model) bool { return len(m.Streams) == len(o.Streams) && len(m.R) == len(o.R) }

// restoreModel sets a model to one that was of other streams and scopes.
func (t *Tracker) restoreModel(m *model, was model, scopes []string, number map[int]int) {
	m.At, m.Trouble, m.Quiet, m.Learn, m.Returns, m.Near, m.Hours, m.Briefs = was.At, was.Trouble, was.Quiet, was.Learn, was.Returns, was.Near.renumbered(number), was.Hours, was.Briefs
	for i, k := range number {
		m.Streams[k] = was.Streams[i]
		m.Streams[k].ratiosAnew()
	}
	same := len(scopes) == len(t.design.scopes)
	numbers := make(map[string]int, len(scopes))
	for j, key := range scopes {
		numbers[key] = j
	}
	for k, sc := range t.design.scopes {
		if j, ok := numbers[sc.key]; ok {
			same = same && j == k
			copy(m.R[k*block:(k+1)*block], was.R[j*block:(j+1)*block])
		}
	}
	if same {
		m.Total, m.Suspicion = was.Total, was.Suspicion
		return
	}
	m.exact(&t.design)
}
