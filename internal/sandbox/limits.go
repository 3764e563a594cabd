package sandbox

import (
	"maps"
	"math"
	"sync"
	"time"
)

// rate is an allowance: perMinute calls, burst of them at once.
// The figures are Slack's tiers; the bursts are the sandbox's reading of
// "burst tolerance", which Slack promises without a number.
type rate struct {
	perMinute  float64
	burst      float64
	perChannel bool
}

var (
	tier2 = rate{perMinute: 20, burst: 20}
	tier3 = rate{perMinute: 50, burst: 50}
	tier4 = rate{perMinute: 100, burst: 100}
	// special is for methods with a limit of their own, far off.
	special = rate{perMinute: 600, burst: 100}
	// posting is chat.postMessage's: one a second in each channel.
	posting = rate{perMinute: 60, burst: 3, perChannel: true}
)

// limiter holds one bucket for each method, or method and channel.
type limiter struct {
	speed float64 // how many times as fast it fills; 1 if zero

	mu      sync.Mutex
	buckets map[string]*bucket
}

// maxBuckets is when buckets that are full again are dropped.
const maxBuckets = 1000

type bucket struct {
	tokens float64
	at     time.Time
}

// take uses one call of the allowance, or says in how many whole seconds
// there will be one.
func (l *limiter) take(key string, r rate, now time.Time) (retryAfter int) {
	if l.speed > 0 {
		r.perMinute *= l.speed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			maps.DeleteFunc(l.buckets, func(_ string, b *bucket) bool { return now.Sub(b.at) > time.Minute })
		}
		b = &bucket{tokens: r.burst, at: now}
		l.buckets[key] = b
	}
	b.tokens = min(r.burst, b.tokens+now.Sub(b.at).Minutes()*r.perMinute)
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return max(1, int(math.Ceil((1-b.tokens)/r.perMinute*60)))
}
