package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
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
	at     time.Time
	whole  []byte // with as of when
	tag    string // of what it says, without that
	packed func() []byte
}

func madeOf(at time.Time, whole, says []byte) *made {
	sum := sha256.Sum256(says)
	return &made{at: at, whole: whole, tag: hex.EncodeToString(sum[:8]), packed: sync.OnceValue(func() []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one
		_, _ = z.Write(whole)                           // into memory
		_ = z.Close()
		return b.Bytes()
	})}
}

// send gives it to who does not have it yet.
func (m *made) send(w http.ResponseWriter, r *http.Request, mime string) {
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `W/"`+m.tag+`"`)
	if known := r.Header.Get("If-None-Match"); strings.Contains(known, `"`+m.tag+`"`) || known == "*" {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	out := m.whole
	if len(out) >= packFrom && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		out = m.packed()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out) // the reader is gone
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
	return madeOf(q.now, append(whole, '\n'), body), nil
}
