package bot

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/publish"
)

// queue holds the newest entry of each key of one destination. One goroutine
// works through it; any may add to it.
type queue struct {
	wake  chan struct{} // level trigger: something is pending
	nudge chan struct{} // level trigger: Slack is there again

	mu    sync.Mutex
	keys  map[string]*pending // :: key -> what waits under it
	order []string            // keys, longest waiting first
}

// pending is the newest entry of a key, with what is known of it and of those
// whose place it took.
type pending struct {
	entry   publish.Entry
	said    saidOf    // of itself
	refused hindrance // it is not tried before that time
	due     time.Time // when the first was due that nobody has seen
	urgent  bool      // one of them cannot wait
}

// saidOf is what of a body matters for its place in the queue.
type saidOf struct {
	N        int       `json:"n"`
	Rendered time.Time `json:"rendered"`
	Urgent   bool      `json:"urgent"`
	Due      time.Time `json:"due"`
	Under    string    `json:"under"`
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), nudge: make(chan struct{}, 1), keys: map[string]*pending{}}
}

// accept takes an entry in, in the place of an older one of its key.
func (q *queue) accept(e publish.Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, ok := q.keys[e.Key]
	if ok && w.entry.Rev >= e.Rev {
		return
	}
	if !ok {
		w = &pending{}
		q.keys[e.Key] = w
		q.order = append(q.order, e.Key)
	}
	var said saidOf
	_ = json.Unmarshal(e.Body, &said) // what cannot be read is dropped when its turn comes
	if ok && said.N < w.said.N && said.Rendered.Before(w.said.Rendered) {
		w.entry.Rev = e.Rev // the newer body stays, see receipt.outruns
		return
	}
	w.entry, w.said = e, said
	w.urgent = w.urgent || w.said.Urgent
	if w.due.IsZero() || w.said.Due.Before(w.due) {
		w.due = w.said.Due
	}
	w.refused.until = time.Time{} // the newer body may be taken
	trigger(q.wake)
}

// trigger sets a level trigger.
func trigger(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// next returns what waits longest of that which may be tried. When there is
// none it returns how long it is until there is; 0 means until one is accepted.
func (q *queue) next(now time.Time) (w pending, pause time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, key := range q.order {
		w := *q.keys[key]
		left := w.refused.until.Sub(now)
		if left <= 0 {
			return w, 0, true
		}
		if pause == 0 || left < pause {
			pause = left
		}
	}
	return pending{}, pause, false
}

// empty reports whether nothing waits.
func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.order) == 0
}

// delivered takes an entry out, unless a newer one has come meanwhile. What
// waits for its message is tried next.
func (q *queue) delivered(e publish.Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last(e.Key)
	for _, other := range q.keys {
		if other.said.Under == e.Key {
			other.refused.until = time.Time{}
		}
	}
	w := q.keys[e.Key]
	if w.entry.Rev == e.Rev {
		delete(q.keys, e.Key)
		q.order = q.order[:len(q.order)-1]
		return
	}
	w.refused, w.due = hindrance{}, w.said.Due
}

// held puts an entry behind the others, so that it holds up no other key. With
// a reason it is not tried again before that time, unless a newer one came.
func (q *queue) held(e publish.Entry, why hindrance) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last(e.Key)
	if w := q.keys[e.Key]; w.entry.Rev == e.Rev && why.why != "" {
		w.refused = why
	}
}

// last moves a key behind the others.
func (q *queue) last(key string) {
	q.order = append(slices.DeleteFunc(q.order, func(k string) bool { return k == key }), key)
}
