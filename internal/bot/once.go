package bot

import (
	"cmp"
	"maps"
	"sync"
	"time"
)

// once tells a second press of a button from the first: who is impatient, or clicks
// twice as on a desktop, means one thing. The zero value is ready.
type once struct {
	within time.Duration // that the same is; 0 means pressedWithin

	mu sync.Mutex
	at map[string]time.Time // :: what is done -> when it was done last
}

// pressedWithin is how long a press is the same as the one before it.
const pressedWithin = 10 * time.Second

// first notes that something is done, unless it just was.
func (o *once) first(what string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.at, func(_ string, at time.Time) bool { return now.Sub(at) >= cmp.Or(o.within, pressedWithin) })
	if _, ok := o.at[what]; ok {
		return false
	}
	if o.at == nil {
		o.at = map[string]time.Time{}
	}
	o.at[what] = now
	return true
}

// undo forgets what could not be done after all.
func (o *once) undo(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.at, what)
}
