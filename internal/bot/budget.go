package bot

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// What the app allows itself. Slack takes "50+ per minute" of chat.update over
// the whole workspace (tier 3), one chat.postMessage a second in each channel,
// and "several hundred" of these a minute in all (docs.slack.dev/apis/web-api/rate-limits).
// A full bucket and what flows in within a minute are together at most what
// Slack takes in any minute.
const (
	editsPerMinute = 35
	editsAtOnce    = 15
	editsReserved  = 5 // of these, for what cannot wait

	postsPerMinute = 180
	postsAtOnce    = 60
	inOneChannel   = 2 // at once; then one a second
)

// waiterGone is how long after its turn somebody who waits is waited for: it
// may have had its message posted anew instead, or have ended.
const waiterGone = 5 * time.Second

// Budget bounds the calls that change what channels show, over all incidents:
// twenty of them share what Slack gives one app, so somebody has to wait
// before Slack says so. Who waits has its turn in order, and what is worse
// before what is regular. While somebody waits a newer update takes the place
// of the older: the last one wins. One Budget serves all Posters of a process.
type Budget struct {
	// Speed is how many times as fast it fills as Slack's; 0 means 1. For tests
	// against a workspace that is as fast.
	Speed float64

	mu       sync.Mutex
	edits    bucket
	posts    bucket
	channels map[string]*bucket // :: channel -> what it takes
	waiting  []waiter           // in the order of their turns
}

// waiter is an edit that has to wait.
type waiter struct {
	who    string
	urgent bool
	until  time.Time // its turn, if nothing changes
}

// bucket holds calls that may be made now; the zero value is full.
type bucket struct {
	used float64 // calls that it has not yet got back
	at   time.Time
}

// left lets flow in what came since, and returns how many calls there are of
// most.
func (b *bucket) left(now time.Time, most, perMinute float64) float64 {
	if now.After(b.at) {
		b.used = max(0, b.used-now.Sub(b.at).Minutes()*perMinute)
		b.at = now
	}
	return most - b.used
}

func (b *Budget) speed() float64 {
	if b.Speed > 0 {
		return b.Speed
	}
	return 1
}

// edit uses one edit, or says how long to wait before asking again.
func (b *Budget) edit(who string, urgent bool, now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	rate := editsPerMinute * b.speed()
	left := b.edits.left(now, editsAtOnce, rate)
	turn := b.turn(who, urgent, now)
	need := float64(turn + 1)
	if !urgent {
		need += editsReserved
	}
	if left >= need {
		b.edits.used++
		b.waiting = slices.Delete(b.waiting, turn, turn+1)
		return 0
	}
	wait := max(inMinutes((need-left)/rate), time.Millisecond)
	b.waiting[turn].until = now.Add(wait)
	return wait
}

// turn puts somebody into the queue, behind those who came before and before
// those who can wait longer, and returns how many go first.
func (b *Budget) turn(who string, urgent bool, now time.Time) int {
	b.waiting = slices.DeleteFunc(b.waiting, func(w waiter) bool {
		return w.who != who && now.Sub(w.until) > waiterGone || w.who == who && w.urgent != urgent
	})
	if i := slices.IndexFunc(b.waiting, func(w waiter) bool { return w.who == who }); i >= 0 {
		return i
	}
	at := len(b.waiting)
	if urgent {
		if i := slices.IndexFunc(b.waiting, func(w waiter) bool { return !w.urgent }); i >= 0 {
			at = i
		}
	}
	b.waiting = slices.Insert(b.waiting, at, waiter{who: who, urgent: urgent, until: now})
	return at
}

// spend uses one edit that is made whatever is left.
func (b *Budget) spend(now time.Time) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.edits.left(now, editsAtOnce, editsPerMinute*b.speed())
	b.edits.used++
}

// post uses one post to a channel, or says how long to wait.
func (b *Budget) post(channel string, now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.channels == nil {
		b.channels = map[string]*bucket{}
	}
	maps.DeleteFunc(b.channels, func(_ string, c *bucket) bool { return now.Sub(c.at) > time.Minute }) // full again
	c := b.channels[channel]
	if c == nil {
		c = &bucket{at: now}
		b.channels[channel] = c
	}
	all, one := postsPerMinute*b.speed(), 60*b.speed()
	leftHere, left := c.left(now, inOneChannel, one), b.posts.left(now, postsAtOnce, all)
	if leftHere >= 1 && left >= 1 {
		c.used++
		b.posts.used++
		return 0
	}
	return max(inMinutes((1-leftHere)/one), inMinutes((1-left)/all), time.Millisecond)
}

func inMinutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }

// spent says that the app's own bound is reached.
type spent struct{ after time.Duration }

func (s *spent) Error() string { return "the app's budget of calls is spent" }
