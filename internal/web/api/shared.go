package api

import (
	"compress/gzip"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/serve"
)

const (
	// sharedFor is how old an answer may be that a reader gets who asks as another one
	// did: a thousand readers then cost no more than one a second does.
	sharedFor = time.Second
	// mostShared bounds the answers that are held: each page and product is one.
	mostShared = 512
)

// made is an answer that is made.
type made struct {
	serve.Body
	at time.Time
}

// slot is where the newest answer to one question is.
type slot struct {
	mu   sync.Mutex
	made *made // guarded by mu
}

// slotOf is that of a question; all of them are emptied where there are too many.
func (a *API) slotOf(q *query) *slot {
	key := strconv.Itoa(int(q.who)) + " " + q.URL.Path + "?" + q.URL.Query().Encode()
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.slots[key]
	if p == nil {
		if len(a.slots) >= mostShared {
			clear(a.slots)
		}
		p = &slot{}
		a.slots[key] = p
	}
	return p
}

// shared answers from what another reader was answered a moment ago, or makes an answer
// while those who ask the same wait for it.
func (a *API) shared(q *query, o operation) (*made, error) {
	p := a.slotOf(q)
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := q.now.Sub(timeOf(p.made)); p.made != nil && age >= 0 && age < sharedFor {
		return p.made, nil
	}
	m, err := a.make(q, o)
	if err == nil {
		p.made = m
	}
	return m, err
}

func timeOf(m *made) (at time.Time) {
	if m != nil {
		at = m.at
	}
	return at
}

// make makes an answer.
func (a *API) make(q *query, o operation) (*made, error) {
	a.makes.Add(1)
	value, err := o.serve(a, q)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	whole := append([]byte(`{"as_of":"`+q.now.Format(time.RFC3339Nano)+`",`), body[1:]...)
	return &made{serve.BodyOf(append(whole, '\n'), body, gzip.BestSpeed), q.now}, nil // says is without as_of
}
