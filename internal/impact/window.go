package impact

import (
	"cmp"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// keepAtLeast is how many results a window keeps of a check that is rarer
// than the window is long: with fewer than five no share can be told.
const keepAtLeast = 5

// KeepResults is how long single results are kept whatever the window is:
// long enough to find the onset to the result, and to take in what comes late.
const KeepResults = 12 * time.Minute

// window holds the results of one stream for a span of time, oldest first.
// 16 bytes a result: 1.3 KiB a check at 10 s and 10 min.
type window struct {
	span   time.Duration
	expect int    // results that are kept as a rule
	seen   []seen // from head on
	head   int
	from   int        // what is counted begins here, at or after head
	counts Counts     // from there on
	onDrop func(seen) // told of each result that is no longer counted, may be nil
}

type seen struct {
	at      int64  // end of the probe, unix nanoseconds
	tookUS  uint32 // duration in microseconds, capped at 71 minutes
	outcome code
	slow    bool   // degraded, or slower than is usual for the check
	bucket  uint16 // of the latency histogram
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

func (c *Counts) count(s seen, n int) {
	c.add(outcomes[s.outcome], n)
	if s.slow && s.outcome != codeOf(checks.Degraded) {
		c.Slower += n
	}
}

// add takes in a result at its own time. It reports whether it is counted,
// and whether it is fresh: not there already.
func (w *window) add(s seen) (counted, fresh bool) {
	at := len(w.seen)
	for at > w.head && w.seen[at-1].at > s.at {
		at--
	}
	if at == w.head && at < len(w.seen) && s.at <= w.seen[len(w.seen)-1].at-int64(max(w.span, KeepResults)) {
		return false, false // older than what is kept: nobody can tell whether it was there
	}
	for i := at; i > w.head && w.seen[i-1].at == s.at; i-- {
		if have := w.seen[i-1]; have.tookUS == s.tookUS && have.outcome == s.outcome {
			return false, false
		}
	}
	// Room for what is kept and an eighth more; then what has expired is moved
	// out of the way instead of growing.
	spare := w.expect/8 + keepAtLeast
	if w.seen == nil {
		w.seen = make([]seen, 0, w.expect+spare)
	}
	if len(w.seen) == cap(w.seen) && w.head >= spare {
		w.seen = w.seen[:copy(w.seen, w.seen[w.head:])]
		at, w.from, w.head = at-w.head, w.from-w.head, 0
	}
	w.seen = slices.Insert(w.seen, at, s)
	if at < w.from {
		w.from++
		return false, true
	}
	w.counts.count(s, 1)
	return true, true
}

// reslow says of a result that is there whether it is slower than usual.
func (w *window) reslow(at int64, tookUS uint32, outcome code, slow bool) {
	i, _ := slices.BinarySearchFunc(w.seen[w.head:], at, func(s seen, at int64) int { return cmp.Compare(s.at, at) })
	for i += w.head; i < len(w.seen) && w.seen[i].at == at; i++ {
		have := &w.seen[i]
		if have.tookUS != tookUS || have.outcome != outcome {
			continue
		}
		if i >= w.from {
			w.counts.count(*have, -1)
		}
		have.slow = slow
		if i >= w.from {
			w.counts.count(*have, 1)
		}
		return
	}
}

// expire stops counting what is older than the span, but for the last five
// results, and drops what is older than is kept.
func (w *window) expire(now time.Time) {
	limit := now.Add(-w.span).UnixNano()
	for len(w.seen)-w.from > keepAtLeast && w.seen[w.from].at <= limit {
		s := w.seen[w.from]
		w.counts.count(s, -1)
		if w.onDrop != nil {
			w.onDrop(s)
		}
		w.from++
	}
	limit = min(limit, now.Add(-KeepResults).UnixNano())
	for w.head < w.from && w.seen[w.head].at <= limit {
		w.head++
	}
}

// all returns the results that are counted.
func (w *window) all() []seen { return w.seen[w.from:] }

// kept returns all results that are there.
func (w *window) kept() []seen { return w.seen[w.head:] }

// quantiles returns the exact quantiles of the latency of served results, 0
// when none was served.
func quantiles(list [][]seen, qs ...float64) []time.Duration {
	var took []uint32
	for _, w := range list {
		for _, s := range w {
			if s.served() {
				took = append(took, s.tookUS)
			}
		}
	}
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
