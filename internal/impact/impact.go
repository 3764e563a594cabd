package impact

import (
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Impact is what clients of one product feel at one instant.
type Impact struct {
	Level   Level
	Why     string    // what decided the level; empty when all is as usual
	Onset   time.Time // when the present trouble began; zero when there is none
	Changed time.Time // when the level last changed; zero when it never did
	Slow    bool      // the trouble is slowness, not failures

	Counts                  // over the window, exact
	Low, High float64       // 95 % interval of the failure share
	Window    time.Duration // span of Counts
	Clean     int           // results in a row without the trouble, since LastBad
	LastBad   time.Time     // end of the last result that had it; zero when there was none
	Needed    int           // how many of them prove recovery; 0 when nothing is to be recovered from
	Doubt     bool          // more results would settle something: failures that are no alarm yet, or a run without any that proves nothing yet
	P50, P95  time.Duration // latency of served results, within 5 %; 0 when none was served

	AsOf     time.Time // end of the newest result; zero when there is none
	Measured int       // checks with a measurement not older than 3 intervals
	Stale    int       // checks without one
}

// CheckImpact is the part of one check in its product's impact.
type CheckImpact struct {
	ID        string
	Counts            // over the window
	Low, High float64 // 95 % interval of the failure share
	P50, P95  time.Duration
	AsOf      time.Time      // end of the newest result; zero when there is none
	Newest    checks.Outcome // of the newest result; empty when there is none
	Stale     bool           // no measurement for more than 3 intervals
	Span      time.Duration  // from the oldest result counted until now: longer than the window for rare checks
}

// At returns the impact at an instant.
func (t *Tracker) At(now time.Time) Impact {
	im := Impact{Level: t.state.Level, Why: t.state.Why, Onset: t.state.Onset, Changed: t.state.Changed,
		Slow: t.state.Slow, Window: t.window, Clean: t.state.Clean, LastBad: t.state.LastBad}
	for _, c := range t.list {
		c.window.expire(now)
		im.Counts = im.plus(c.window.counts)
		if c.asOf.After(im.AsOf) {
			im.AsOf = c.asOf
		}
		if c.stale(now) {
			im.Stale++
		} else {
			im.Measured++
		}
	}
	im.Low, im.High = Wilson(im.Failures, im.Tries)
	im.P50, im.P95 = t.latency.quantile(0.5), t.latency.quantile(0.95)
	if im.Level.Hurt() {
		evidence := t.state.Failing
		if t.state.Slow {
			evidence = t.state.Slowing
		}
		im.Needed = CleanRunNeeded(evidence.share())
	}
	im.Doubt = t.state.Failing.Bad > 0 && (!im.Level.Hurt() || im.Clean > 0)
	if im.Measured == 0 {
		im.Level = Unknown
		im.Why = staleWhy(len(t.checks), im.AsOf)
	}
	return im
}

func staleWhy(n int, asOf time.Time) string {
	switch {
	case n == 0:
		return "no check is defined"
	case asOf.IsZero():
		return "no result yet"
	default:
		return "no measurement for more than 3 intervals"
	}
}

func (c *checkState) stale(now time.Time) bool {
	return c.measured.IsZero() || now.Sub(c.measured) > staleAfter*c.every
}

// Checks returns the part of each check at an instant, as declared.
func (t *Tracker) Checks(now time.Time) []CheckImpact {
	out := make([]CheckImpact, 0, len(t.list))
	for _, c := range t.list {
		c.window.expire(now)
		ci := CheckImpact{ID: c.id, Counts: c.window.counts, AsOf: c.asOf, Newest: c.newest, Stale: c.stale(now)}
		ci.Low, ci.High = Wilson(ci.Failures, ci.Tries)
		q := c.window.quantiles(0.5, 0.95)
		ci.P50, ci.P95 = q[0], q[1]
		if all := c.window.all(); len(all) > 0 {
			ci.Span = now.Sub(time.Unix(0, all[0].at))
		}
		out = append(out, ci)
	}
	return out
}

// Trend is the direction of a product since an earlier update.
type Trend string

const (
	Worse  Trend = "worse"
	Same   Trend = "same"
	Better Trend = "better"
)

// Compare says how a product moved since it was told to have that level and
// failure share: by level first; within a level by whether the former share
// lies outside the present 95 % interval.
// Unknown on either side is Same: nothing can be said.
func Compare(level Level, share float64, now Impact) Trend {
	if level == Unknown || now.Level == Unknown || level == "" {
		return Same
	}
	switch d := now.Level.Severity() - level.Severity(); {
	case d > 0:
		return Worse
	case d < 0:
		return Better
	case now.Level.Hurt() && now.Low > share:
		return Worse
	case now.Level.Hurt() && now.High < share:
		return Better
	default:
		return Same
	}
}
