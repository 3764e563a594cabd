package runner

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// inquiry is somebody who asked for results by Now.
type inquiry struct {
	results chan checks.Result
	left    atomic.Int64
}

func (q *inquiry) answer(r checks.Result, ok bool) {
	if ok {
		q.results <- r // has room for all
	}
	if q.left.Add(-1) == 0 {
		close(q.results)
	}
}

// Now probes checks beside their schedule, within the same bounds. A check
// that is being probed, or waits for its turn, is not probed twice: its result
// counts. The channel gets each result as it comes, has room for all, and is
// closed after the last; fewer come than were asked for if a check is not
// there or the runner ends. Results go to the sink as well.
func (r *Runner) Now(ctx context.Context, ids []string) <-chan checks.Result {
	q := &inquiry{results: make(chan checks.Result, len(ids))}
	q.left.Store(int64(len(ids)) + 1) // one for the asking itself
	asked := r.order(ctx, func(ctx context.Context) {
		now := time.Now()
		for _, id := range ids {
			s, ok := r.byID[id]
			if !ok {
				q.answer(checks.Result{}, false)
				continue
			}
			if s.claim(now, q) {
				s.last = now
				r.extra.Add(1)
				r.dispatch(ctx, s)
			}
		}
		q.answer(checks.Result{}, false)
	})
	if !asked {
		close(q.results)
	}
	return q.results
}
