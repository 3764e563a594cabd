package impact

import (
	"math"
	"time"
)

// Buckets of the latency histogram: from 100 us up, each 5 % wider than the
// one before, so that a quantile is right within 5 %; the last holds all above
// about 100 s.
const (
	firstBucket = 100 * time.Microsecond
	growth      = 1.05
	bucketCount = 284 // ln(100 s / 100 us) / ln(1.05), plus one on each end
)

var lnGrowth, lnFirst = math.Log(growth), math.Log(firstBucket.Seconds())

// histogram counts latencies of a product over its window; 1.1 KiB.
type histogram struct {
	n       int
	buckets [bucketCount]int32
}

func bucketOf(tookUS uint32) uint16 {
	return bucketAt(tookUS, lnSeconds(tookUS))
}

// bucketAt is bucketOf where the logarithm is known.
func bucketAt(tookUS uint32, ln float64) uint16 {
	if tookUS <= uint32(firstBucket/time.Microsecond) {
		return 0
	}
	return uint16(min(1+int((ln-lnFirst)/lnGrowth), bucketCount-1))
}

func (h *histogram) count(bucket uint16, n int32) {
	h.buckets[bucket] += n
	h.n += int(n)
}

// lnSeconds is the natural logarithm of a latency in seconds.
func lnSeconds(tookUS uint32) float64 { return math.Log(float64(max(tookUS, 1))) + lnMicro }

var lnMicro = math.Log(1e-6)

// quantile returns the geometric middle of the bucket that holds quantile q,
// 0 when the histogram is empty.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	left := rank(q, h.n)
	for i, c := range h.buckets {
		if left -= int(c); left < 0 {
			if i == 0 {
				return firstBucket
			}
			return time.Duration(float64(firstBucket) * math.Pow(growth, float64(i)-0.5))
		}
	}
	return 0 // unreachable unless the counts are corrupt
}

// usualKept is how many latencies the usual ones are made of, as a rule: of
// more, all count half.
const usualKept = 200_000

func (h *histogram) fade() {
	if h.n < usualKept {
		return
	}
	h.n = 0
	for i := range h.buckets {
		h.buckets[i] /= 2
		h.n += int(h.buckets[i])
	}
}
