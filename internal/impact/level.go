package impact

import (
	"fmt"
	"math"
)

// Level says how bad it is for the clients of a product.
type Level string

const (
	OK          Level = "ok"
	Degraded    Level = "degraded"
	Outage      Level = "outage"
	Unknown     Level = "unknown"     // we could not observe
	Maintenance Level = "maintenance" // the owner announced it
)

// Severity orders levels from 0 (ok) upwards; unknown lies between ok and
// degraded, since it deserves a look but is no finding.
func (l Level) Severity() int {
	switch l {
	case Degraded:
		return 3
	case Outage:
		return 4
	case Unknown:
		return 2
	case Maintenance:
		return 1
	default:
		return 0
	}
}

// Hurt reports whether clients are known to be affected.
func (l Level) Hurt() bool { return l == Degraded || l == Outage }

// The constants of the rule in Judge.
const (
	tolerated    = 0.01 // a failure share that is not worth waking anybody
	slowShare    = 0.10 // share of degraded answers that is
	minBad       = 3    // fewer failures than this are never an alarm: 3 in one window of a healthy check (0.1 %) come once in years
	outageShare  = 0.50 // from here on a product counts as down
	recoveredBad = 0.05 // failing share that a recovery must exclude (docs/impact.md)
	recoveredErr = 0.01 // accepted chance that failures still go on at that share
)

// Facts is what Judge decides on.
type Facts struct {
	Window Counts  // results of the window, none from before the last recovery
	Recent Counts  // results of the last minute, or the last five where there are fewer
	Clean  int     // passes since the last result that was not a pass
	Share  float64 // share of results since the onset that did not pass; 0 when there is no onset
}

// Judge decides the level of a product from its former one (ok, degraded or
// outage) and the facts, and says why in a sentence without a full stop.
//
//   - Degraded: at least 3 failures in the window and the lower 95 % bound of
//     the failure share above 1 %; or at least 3 degraded answers and the
//     lower bound of their share above 10 %.
//   - Outage: the lower 95 % bound of the failure share over the last minute
//     (at least the last 5 results) is 50 % or more; left when the share there
//     falls below 50 %.
//   - Ok again: so many passes in a row that a share of half the incident's,
//     but at most 5 %, would show such a run less than once in a hundred.
func Judge(former Level, f Facts) (Level, string) {
	if former.Hurt() && f.Clean >= CleanRunNeeded(f.Share) {
		return OK, fmt.Sprintf("%d results in a row without a failure", f.Clean)
	}
	low, _ := Wilson(f.Recent.Failures, f.Recent.Tries)
	share := f.Recent.Share()
	switch {
	case f.Recent.Failures >= minBad && low >= outageShare, former == Outage && share >= outageShare:
		return Outage, fmt.Sprintf("%d of the last %d failed", f.Recent.Failures, f.Recent.Tries)
	case former == Outage:
		return Degraded, fmt.Sprintf("%d of the last %d failed, no longer most", f.Recent.Failures, f.Recent.Tries)
	case former == Degraded:
		return Degraded, ""
	}
	if low, _ := Wilson(f.Window.Failures, f.Window.Tries); f.Window.Failures >= minBad && low > tolerated {
		return Degraded, fmt.Sprintf("%d of %d failed", f.Window.Failures, f.Window.Tries)
	}
	if low, _ := Wilson(f.Window.Slow, f.Window.Tries); f.Window.Slow >= minBad && low > slowShare {
		return Degraded, fmt.Sprintf("%d of %d were served slowly or with a warning", f.Window.Slow, f.Window.Tries)
	}
	return OK, ""
}

// CleanRunNeeded returns how many passes in a row prove recovery from an
// incident in which share of the results did not pass: the smallest n with
// (1-p)^n <= 1 %, where p is half that share and at most 5 % (90 results).
func CleanRunNeeded(share float64) int {
	p := share / 2
	if p <= 0 || p > recoveredBad {
		p = recoveredBad
	}
	return int(math.Ceil(math.Log(recoveredErr) / math.Log1p(-p)))
}
