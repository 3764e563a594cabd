package impact

import (
	"slices"
	"sort"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// keepAtLeast is how many results a window keeps of a check that is rarer
// than the window is long: with fewer than five no share can be told.
const keepAtLeast = 5

// KeepResults is how long single results are kept whatever the window is:
// long enough to find the onset to the result, and to take in what comes late.
const KeepResults = 12 * time.Minute

// window holds the results of one stream for a span of time, oldest first: 640
// bytes a check at 10 s and 10 min.
type window struct {
	seen   sightings // from head on
	head   int32
	from   int32       // what is counted begins here, at or after head
	counts shortCounts // from there on
}

// spanOf is over how long results are counted, and how many are kept as a rule.
type spanOf struct {
	span   time.Duration
	expect int
}

// shortCounts are Counts in 20 bytes.
type shortCounts struct{ tries, failures, slow, slower, unknown int32 }

// seen is one result.
type seen struct {
	at      int64  // end of the probe, unix nanoseconds, whole microseconds
	tookUS  uint32 // duration in microseconds, capped at 71 minutes
	outcome code
	slow    bool // degraded, or slower than is usual for the check
}

// code is an outcome in one byte.
type code uint8

const (
	codePass code = iota
	codeDegraded
	codeFail
	codeUnknown
)

var outcomes = [...]checks.Outcome{checks.Pass, checks.Degraded, checks.Fail, checks.Unknown}

func codeOf(o checks.Outcome) code {
	switch o {
	case checks.Pass:
		return codePass
	case checks.Degraded:
		return codeDegraded
	case checks.Fail:
		return codeFail
	default:
		return codeUnknown
	}
}

// served reports whether a client got an answer.
func (c code) served() bool { return c == codePass || c == codeDegraded }

// served reports whether a client got an answer: only these have a latency.
func (s seen) served() bool { return s.outcome.served() }
func (s seen) failed() bool { return s.outcome == codeFail }
func (s seen) told() bool   { return s.outcome != codeUnknown }

func (c *shortCounts) count(s seen, n int32) {
	switch s.outcome {
	case codeUnknown:
		c.unknown += n
		return
	case codeFail:
		c.failures += n
	case codeDegraded:
		c.slow += n
	}
	c.tries += n
	if s.slow && s.outcome != codeDegraded {
		c.slower += n
	}
}

func (c shortCounts) long() Counts {
	return Counts{int(c.tries), int(c.failures), int(c.slow), int(c.slower), int(c.unknown)}
}

// add takes in a result at its own time. It reports whether it is counted,
// and whether it is fresh: not there already.
func (w *window) add(s seen, of spanOf) (counted, fresh bool) {
	n := w.seen.len()
	at, head := n, int(w.head)
	for at > head && w.seen.at(at-1) > s.at {
		at--
	}
	if at == head && at < n && s.at <= w.seen.at(n-1)-int64(max(of.span, KeepResults)) {
		return false, false // older than what is kept: nobody can tell whether it was there
	}
	for i := at; i > head && w.seen.at(i-1) == s.at; i-- {
		if have := w.seen.get(i - 1); have.tookUS == s.tookUS && have.outcome == s.outcome {
			return false, false
		}
	}
	// Room for what is kept and a sixteenth more; then what has expired is moved
	// out of the way instead of growing.
	spare := of.expect/16 + 4
	if n == 0 {
		w.seen.reserve(of.expect + spare)
	}
	if n == w.seen.cap() && head >= spare/2 { // half: intervals vary, and one result more is kept now and then
		w.seen.drop(head)
		at, w.from, w.head = at-head, w.from-w.head, 0
	}
	w.seen.insert(at, s)
	if at < int(w.from) {
		w.from++
		return false, true
	}
	w.counts.count(s, 1)
	return true, true
}

// reslow says of a result that is there whether it is slower than usual.
func (w *window) reslow(at int64, tookUS uint32, outcome code, slow bool) {
	n := w.seen.len()
	i := int(w.head) + sort.Search(n-int(w.head), func(i int) bool { return w.seen.at(int(w.head)+i) >= at })
	for ; i < n && w.seen.at(i) == at; i++ {
		have := w.seen.get(i)
		if have.tookUS != tookUS || have.outcome != outcome {
			continue
		}
		if i >= int(w.from) {
			w.counts.count(have, -1)
		}
		have.slow = slow
		w.seen.set(i, have)
		if i >= int(w.from) {
			w.counts.count(have, 1)
		}
		return
	}
}

// expire stops counting what is older than the span, but for the last five
// results, and drops what is older than is kept. Latency is told of each
// served result that is no longer counted.
func (w *window) expire(now int64, of spanOf, latency *histogram) {
	n := int32(w.seen.len())
	limit := now - int64(of.span)
	for n-w.from > keepAtLeast && w.seen.at(int(w.from)) <= limit {
		s := w.seen.get(int(w.from))
		w.counts.count(s, -1)
		if s.served() {
			latency.count(bucketOf(s.tookUS), -1)
		}
		w.from++
	}
	limit = min(limit, now-int64(KeepResults))
	for w.head < w.from && w.seen.at(int(w.head)) <= limit {
		w.head++
	}
}

// newest returns when the newest result ended; 0 while there is none.
func (w *window) newest() int64 {
	if n := w.seen.len(); n > int(w.head) {
		return w.seen.at(n - 1)
	}
	return 0
}

// all calls f for the results that are counted, oldest first.
func (w *window) all(f func(seen)) {
	for i := int(w.from); i < w.seen.len(); i++ {
		f(w.seen.get(i))
	}
}

// slower calls f for the results that are there and passed slower than usual,
// oldest first: a few in a hundred.
func (w *window) slower(f func(seen)) {
	for i := int(w.head); i < w.seen.len(); i++ {
		if w.seen.slow(i) {
			if s := w.seen.get(i); s.outcome != codeDegraded {
				f(s)
			}
		}
	}
}

// since returns the number of the first result that is there and ended at or
// after an instant.
func (w *window) since(at int64) int {
	return int(w.head) + sort.Search(w.seen.len()-int(w.head), func(i int) bool { return w.seen.at(int(w.head)+i) >= at })
}

// quantiles returns the exact quantiles of latencies in microseconds, which it
// sorts; 0 when there are none.
func quantiles(took []uint32, qs ...float64) []time.Duration {
	slices.Sort(took)
	out := make([]time.Duration, len(qs))
	for i, q := range qs {
		if len(took) > 0 {
			out[i] = time.Duration(took[rank(q, len(took))]) * time.Microsecond
		}
	}
	return out
}

// rank returns the index of quantile q among n sorted values (nearest rank).
func rank(q float64, n int) int {
	i := int(q*float64(n)+0.999999) - 1
	return min(max(i, 0), n-1)
}
