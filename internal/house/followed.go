package house

import (
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// followed is how far this process has followed what is stored. The zero value is of
// one that has followed nothing.
type followed struct {
	newest atomic.Int64                      // when the newest batch of results was stored, in Unix nanoseconds; 0: none was
	fed    atomic.Int64                      // when a batch was followed last, by this machine's clock, likewise
	ends   atomic.Int64                      // when the result that ended last did, of all that were followed, likewise
	event  atomic.Pointer[incident.Position] // the newest; nil before the first
}

// took notes that a batch was taken in now, and when it was stored.
func (f *followed) took(stored time.Time) {
	f.newest.Store(stored.UnixNano())
	f.fed.Store(time.Now().UnixNano())
}

// until is when the newest batch was stored; false before the first.
func (f *followed) until() (stored time.Time, any bool) {
	newest := f.newest.Load()
	return time.Unix(0, newest), newest != 0
}

// clockSlack is how far results may be ahead of this machine's clock: what is
// pushed may be by a minute.
const clockSlack = 2 * time.Minute

// noteEnds notes how far the results that a board took in have come in time.
func (f *followed) noteEnds(batch []checks.Result, board *status.Board, log *zap.Logger) {
	ends := f.ends.Load()
	for i := range batch {
		ends = max(ends, batch[i].Ended().UnixNano())
	}
	if to, ok := board.WentBack(); ok {
		log.Warn("the clock was set back; results count again from here on", zap.Duration("by", time.Unix(0, ends).Sub(to).Round(time.Second)), zap.Time("to", to))
		ends = to.UnixNano()
	}
	f.ends.Store(ends)
}

// clockBehind says that this machine's clock is behind what was measured, and the
// board has not followed it yet; empty when that is not so. It was set back, or that
// of a former leader was ahead.
func (f *followed) clockBehind(now time.Time) string {
	ends := time.Unix(0, f.ends.Load())
	if ends.Sub(now) <= clockSlack {
		return ""
	}
	return "this machine's clock is behind what was measured until " + ends.UTC().Format(time.DateTime) +
		" UTC: it was set back, and what is measured is judged again once there is a minute of it, and three results of a product"
}

// clockBehind is that of what was followed; what is played has a clock of its own.
func (h *house) clockBehind(now time.Time) string {
	if h.play != nil {
		return ""
	}
	return h.followed.clockBehind(now)
}
