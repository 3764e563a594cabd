package impact

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// keepAtLeast is how many results a window keeps of a check that is rarer
// than the window is long: with fewer than five no share can be told.
const keepAtLeast = 5

// window holds the results of one check for a span of time, oldest first.
// 16 bytes a result: 1.2 KiB a check at 10 s and 10 min.
type window struct {
	span   time.Duration
	expect int    // results that the span holds as a rule
	seen   []seen // from head on
	head   int
	counts Counts
	onDrop func(seen) // told of each result that leaves, may be nil
}

type seen struct {
	at      int64  // end of the probe, unix nanoseconds
	tookUS  uint32 // duration in microseconds, capped at 71 minutes
	outcome code
}

// code is an outcome in one byte.
type code uint8

var outcomes = [...]checks.Outcome{checks.Pass, checks.Degraded, checks.Fail, checks.Unknown}

func codeOf(o checks.Outcome) code {
	for i, x := range outcomes {
		if x == o {
			return code(i)
		}
	}
	return code(len(outcomes) - 1)
}

func (s seen) end() time.Time      { return time.Unix(0, s.at) }
func (s seen) took() time.Duration { return time.Duration(s.tookUS) * time.Microsecond }

// served reports whether a client got an answer: only these have a latency.
func (s seen) served() bool {
	return outcomes[s.outcome] == checks.Pass || outcomes[s.outcome] == checks.Degraded
}

func (w *window) add(s seen) {
	// Room for what the span holds and an eighth more; then what has expired
	// is moved out of the way instead of growing.
	spare := w.expect/8 + keepAtLeast
	if w.seen == nil {
		w.seen = make([]seen, 0, w.expect+spare)
	}
	if len(w.seen) == cap(w.seen) && w.head >= spare {
		w.seen = w.seen[:copy(w.seen, w.seen[w.head:])]
		w.head = 0
	}
	w.seen = append(w.seen, s)
	w.counts.add(outcomes[s.outcome], 1)
}

// expire drops what is older than the span, but keeps the last five results.
func (w *window) expire(now time.Time) {
	limit := now.Add(-w.span).UnixNano()
	for len(w.seen)-w.head > keepAtLeast && w.seen[w.head].at <= limit {
		s := w.seen[w.head]
		w.counts.add(outcomes[s.outcome], -1)
		if w.onDrop != nil {
			w.onDrop(s)
		}
		w.head++
	}
}

func (w *window) all() []seen { return w.seen[w.head:] }

// quantiles returns the exact quantiles of the latency of served results, 0
// when none was served.
func (w *window) quantiles(qs ...float64) []time.Duration {
	var took []uint32
	for _, s := range w.all() {
		if s.served() {
			took = append(took, s.tookUS)
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
