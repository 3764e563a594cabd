package incident

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Log is what decisions look at: the incidents of the company, and its desk.
// It is a value: nobody changes what is in it.
//
// Work and memory follow what is open. An incident is at hand as a whole while
// it is open and for a day after its end, which is as long as anything of it
// can still be told, but for the older part of a log that has become long (see
// Reaches); then only its head is, and Find and Last return it with Folded set.
type Log struct {
	Incidents []Incident // by number: those that are at hand as a whole
	Desk      Desk
	past      *past // nil: none ended long ago
}

// past holds the heads of the incidents that ended long ago. All versions of a
// Log share it: a head says what is so for good, or until an event comes that
// should not have.
type past struct {
	mu     sync.RWMutex
	heads  map[string]head   // :: incident id -> its head; guarded by mu
	last   map[string]string // :: channel -> id of its newest incident with a head; guarded by mu
	newest int               // number; guarded by mu
}

// head is what is at hand of an incident that ended long ago: about 400 bytes.
// It is the stored form as well: see storedVersion.
type head struct {
	ID       string        `json:"id"`
	Number   int           `json:"number"`
	Title    string        `json:"title,omitempty"`
	Channel  string        `json:"channel"`
	OpenedAt time.Time     `json:"opened_at"`
	OpenedBy string        `json:"opened_by,omitempty"`
	EndedAt  time.Time     `json:"ended_at"`
	EndedBy  string        `json:"ended_by,omitempty"`
	Every    time.Duration `json:"every"` // nanoseconds
	Products []string      `json:"products,omitempty"`
	LastSeq  uint64        `json:"last_seq"`
	Events   int           `json:"events"`
	Marks    int           `json:"marks,omitempty"`
	Updates  int           `json:"updates"`
	Told     []Figure      `json:"told,omitempty"` // of the last update: those that were not as usual, for who asks what was known
}

// keepWhole is how long after its end an incident is at hand as a whole, in
// the time of events.
const keepWhole = tellWithin

func headOf(i Incident) head {
	h := head{ID: i.ID, Title: i.Title, Channel: i.Channel, Number: i.Number, OpenedAt: i.OpenedAt, EndedAt: i.EndedAt, OpenedBy: i.OpenedBy, EndedBy: i.EndedBy,
		Every: i.Every, Products: i.Products, LastSeq: i.LastSeq, Events: i.Events, Marks: i.marked + len(i.Marks), Updates: i.LastUpdate.N}
	for _, f := range i.LastUpdate.Figures {
		if f.Level != usual {
			h.Told = append(h.Told, f)
		}
	}
	h.Told = slices.Clip(h.Told)
	return h
}

// usual is the level of a product of which there is nothing to say.
const usual = "ok"

// incident is what an incident's head says of it.
func (h head) incident() Incident {
	return Incident{ID: h.ID, Number: h.Number, Title: h.Title, Channel: h.Channel, OpenedAt: h.OpenedAt, OpenedBy: h.OpenedBy, Products: h.Products, Every: h.Every,
		EndedAt: h.EndedAt, EndedBy: h.EndedBy, LastSeq: h.LastSeq, Events: h.Events, marked: h.Marks, Folded: true,
		LastUpdate: Event{Incident: h.ID, Kind: Update, N: h.Updates, At: h.EndedAt, Figures: h.Told}}
}

// find returns an incident by its head.
func (p *past) find(id string) (Incident, bool) {
	if p == nil {
		return Incident{}, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	h, ok := p.heads[id]
	if !ok {
		return Incident{}, false
	}
	return h.incident(), true
}

// in returns the newest incident of a channel by its head.
func (p *past) in(channel string) (Incident, bool) {
	if p == nil {
		return Incident{}, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	h, ok := p.heads[p.last[channel]]
	if !ok {
		return Incident{}, false
	}
	return h.incident(), true
}

func (p *past) add(h head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heads[h.ID] = h
	if h.Number >= p.heads[p.last[h.Channel]].Number {
		p.last[h.Channel] = h.ID
	}
	p.newest = max(p.newest, h.Number)
}

// Newest returns the number of the newest incident, 0 when there was none.
func (l Log) Newest() int {
	n := 0
	if l.past != nil {
		l.past.mu.RLock()
		n = l.past.newest
		l.past.mu.RUnlock()
	}
	for _, i := range l.Incidents {
		n = max(n, i.Number)
	}
	return n
}

// Open returns the incidents that go on, by number.
func (l Log) Open() []Incident {
	var open []Incident
	for _, i := range l.Incidents {
		if i.Open() {
			open = append(open, i)
		}
	}
	slices.SortFunc(open, func(x, y Incident) int { return x.Number - y.Number })
	return open
}

// LastOver returns the newest incident that is over; one without a number when
// there was none.
func (l Log) LastOver() Incident {
	for n := l.Newest(); n > 0; n-- {
		if inc, ok := l.Find(ID(n)); ok && !inc.Open() {
			return inc
		}
	}
	return Incident{}
}

// In returns the open incident of a channel.
func (l Log) In(channel string) (Incident, bool) {
	for i := len(l.Incidents) - 1; i >= 0; i-- {
		if inc := &l.Incidents[i]; inc.Channel == channel && inc.Open() {
			return *inc, true
		}
	}
	return Incident{}, false
}

// Find returns the incident with that id.
func (l Log) Find(id string) (Incident, bool) {
	if n := l.at(id); n >= 0 {
		return l.Incidents[n], true
	}
	return l.past.find(id)
}

// at returns where an incident is among those that are at hand, -1 when it is
// not.
func (l Log) at(id string) int {
	for n := range l.Incidents {
		if l.Incidents[n].ID == id {
			return n
		}
	}
	return -1
}

// Last returns the newest incident of a channel, open or not.
func (l Log) Last(channel string) (Incident, bool) {
	before, ok := l.past.in(channel)
	for i := len(l.Incidents) - 1; i >= 0; i-- {
		if inc := &l.Incidents[i]; inc.Channel == channel && inc.Number >= before.Number {
			return *inc, true
		}
	}
	return before, ok
}

// LastSeq returns the journal's sequence of an incident's newest event known,
// 0 when there is none.
func (l Log) LastSeq(id string) uint64 {
	if id == DeskID {
		return l.Desk.LastSeq
	}
	if n := l.at(id); n >= 0 {
		return l.Incidents[n].LastSeq
	}
	i, _ := l.past.find(id)
	return i.LastSeq
}

// With returns the log after one more event: of the desk, or of an incident
// that it knows or that the event opens. The log of an incident begins with
// its opening; of one whose older part was lost nothing is known.
func (l Log) With(e Event) Log {
	if e.Incident != DeskID {
		l.Incidents = slices.Clone(l.Incidents)
	}
	l.apply(e)
	return l
}

// apply is With in place, for who owns the list of incidents.
func (l *Log) apply(e Event) {
	if e.Incident == DeskID {
		l.Desk = FoldDesk(l.Desk, e)
		return
	}
	if n := l.at(e.Incident); n >= 0 {
		l.Incidents[n] = thinned(Fold(l.Incidents[n], e))
		return
	}
	i, known := l.past.find(e.Incident)
	if known && e.Seq != 0 && e.Seq <= i.LastSeq || !known && e.Kind != Opened {
		return
	}
	l.Incidents = append(l.Incidents, Fold(i, e))
	slices.SortFunc(l.Incidents, func(x, y Incident) int { return cmp.Compare(x.Number, y.Number) })
}
