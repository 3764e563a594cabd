package bot

import (
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
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
	edits    *rate.Limiter            // nil before the first call, as are the others
	posts    *rate.Limiter            // over all channels
	channels map[string]*rate.Limiter // :: channel -> what it takes
	waiting  []waiter                 // in the order of their turns
}

// waiter is an edit that has to wait.
type waiter struct {
	who    string
	urgent bool
	until  time.Time // its turn, if nothing changes
}

// ready makes the buckets before the first call: they are full.
func (b *Budget) ready() {
	if b.edits == nil {
		b.edits, b.posts = b.limiter(editsPerMinute, editsAtOnce), b.limiter(postsPerMinute, postsAtOnce)
		b.channels = map[string]*rate.Limiter{}
	}
}

func (b *Budget) limiter(perMinute float64, atOnce int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perMinute/60*b.speed()), atOnce)
}

// lacking returns how long it takes until a bucket has so many calls; 0 when it has.
func lacking(l *rate.Limiter, need float64, now time.Time) time.Duration {
	over := need - l.TokensAt(now)
	if over <= 0 {
		return 0
	}
	return max(time.Duration(over/float64(l.Limit())*float64(time.Second)), time.Millisecond)
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
	b.ready()
	turn := b.turn(who, urgent, now)
	need := float64(turn + 1)
	if !urgent {
		need += editsReserved
	}
	wait := lacking(b.edits, need, now)
	if wait == 0 {
		b.edits.ReserveN(now, 1)
		b.waiting = slices.Delete(b.waiting, turn, turn+1)
		return 0
	}
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
	b.ready()
	b.edits.ReserveN(now, 1)
}

// post uses one post to a channel, or says how long to wait.
func (b *Budget) post(channel string, now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready()
	maps.DeleteFunc(b.channels, func(_ string, c *rate.Limiter) bool { return c.TokensAt(now) >= inOneChannel }) // full again
	c := b.channels[channel]
	if c == nil {
		c = b.limiter(60, inOneChannel)
		b.channels[channel] = c
	}
	if wait := max(lacking(c, 1, now), lacking(b.posts, 1, now)); wait > 0 {
		return wait
	}
	c.ReserveN(now, 1)
	b.posts.ReserveN(now, 1)
	return 0
}

// spent says that the app's own bound is reached.
type spent struct{ after time.Duration }

func (s *spent) Error() string { return "the app's budget of calls is spent" }
