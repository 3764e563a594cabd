package sandbox

import (
	"maps"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// allowance is what a method takes: perMinute calls, burst of them at once.
// The figures are Slack's tiers; the bursts are the sandbox's reading of
// "burst tolerance", which Slack promises without a number.
type allowance struct {
	perMinute  float64
	burst      int
	perChannel bool
}

var (
	tier2 = allowance{perMinute: 20, burst: 20}
	tier3 = allowance{perMinute: 50, burst: 50}
	tier4 = allowance{perMinute: 100, burst: 100}
	// special is for methods with a limit of their own, far off.
	special = allowance{perMinute: 600, burst: 100}
	// posting is chat.postMessage's: one a second in each channel.
	posting = allowance{perMinute: 60, burst: 3, perChannel: true}
)

// limiter holds one bucket for each method, or method and channel.
type limiter struct {
	speed float64 // how many times as fast it fills; 1 if zero

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// maxBuckets is when buckets that are full again are dropped.
const maxBuckets = 1000

// take uses one call of the allowance, or says in how many whole seconds
// there will be one.
func (l *limiter) take(key string, a allowance, now time.Time) (retryAfter int) {
	if l.speed > 0 {
		a.perMinute *= l.speed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			maps.DeleteFunc(l.buckets, func(_ string, b *rate.Limiter) bool { return b.TokensAt(now) >= float64(b.Burst()) })
		}
		b = rate.NewLimiter(rate.Limit(a.perMinute/60), a.burst)
		l.buckets[key] = b
	}
	if b.AllowN(now, 1) {
		return 0
	}
	return max(1, int(math.Ceil((1-b.TokensAt(now))/a.perMinute*60)))
}
