package incident

import "slices"

// Book is the log as events come to it. Its zero value is empty. It is not
// safe for concurrent use.
type Book struct {
	log  Log
	lent bool // somebody holds the list of incidents
}

// Log returns the log as it is. It copies nothing.
func (b *Book) Log() Log {
	b.lent = true
	return b.log
}

// Desk returns the desk as it is.
func (b *Book) Desk() Desk { return b.log.Desk }

// Knows reports whether an event of that sequence was taken in.
func (b *Book) Knows(id string, seq uint64) bool { return seq <= b.log.LastSeq(id) }

// New reports whether an event is one of a known incident and was not taken in
// before.
func (b *Book) New(e Event) bool {
	i, ok := b.log.Find(e.Incident)
	return ok && (e.Seq == 0 || e.Seq > i.LastSeq)
}

// Add takes in one event, and folds to their heads the incidents that by then
// have ended long ago.
func (b *Book) Add(e Event) {
	if b.lent && e.Incident != DeskID {
		b.log.Incidents, b.lent = slices.Clone(b.log.Incidents), false
	}
	b.log.apply(e)
	for n := len(b.log.Incidents) - 1; n >= 0; n-- {
		if i := &b.log.Incidents[n]; i.ID != e.Incident && !i.Open() && e.At.Sub(i.EndedAt) > keepWhole {
			b.fold(n)
		}
	}
}

// fold keeps of an incident its head alone.
func (b *Book) fold(n int) {
	b.remember(headOf(b.log.Incidents[n]))
	list := make([]Incident, 0, len(b.log.Incidents)-1)
	b.log.Incidents = append(append(list, b.log.Incidents[:n]...), b.log.Incidents[n+1:]...)
	b.lent = false
}

// remember adds a head.
func (b *Book) remember(h head) {
	if b.log.past == nil {
		b.log.past = &past{heads: map[string]head{}, last: map[string]string{}}
	}
	b.log.past.add(h)
}
