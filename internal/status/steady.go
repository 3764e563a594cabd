package status

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// steady is for how long the share that fails of a product has been as it is
// now: how many windows lie between the last one and the earliest of those
// before it that each differ from it by no more than chance, and which no change
// divides: of few failures a window alone shows none that an hour of them does. They
// are of equal length and have no results in common, and none is older than the trouble or
// the product's level. 0 while it is not hurt.
func steady(im impact.Impact, t *impact.Tracker, now time.Time) time.Duration {
	if !im.Level.Hurt() || im.Window < time.Minute || im.Onset.IsZero() {
		return 0
	}
	oldest := im.Onset
	if im.Changed.After(oldest) && im.Level == impact.Outage {
		oldest = im.Changed
	}
	oldest, end := later(oldest, now.Add(-historyKept)), now.Truncate(time.Minute)
	list := t.Minutes(oldest.Add(-im.Window), end)
	window := func(n int) (from time.Time, c impact.Counts) { // the nth before the newest, in their order
		from = end.Add(-time.Duration(n+1) * im.Window)
		k, _ := slices.BinarySearchFunc(list, from, func(m impact.Minute, at time.Time) int { return m.At.Compare(at) })
		c = countsOf(list[k:], im.Slow)
		list = list[:k]
		return from, c
	}
	_, last := window(0)
	since := []impact.Counts{last} // what came in so many of the last windows
	for n := 1; ; n++ {
		from, c := window(n)
		all := since[n-1]
		all.Tries, all.Failures = all.Tries+c.Tries, all.Failures+c.Failures
		if from.Before(oldest) || !alike(c, last) || impact.Divided(since, all) {
			return time.Duration(n-1) * im.Window
		}
		since = append(since, all)
	}
}

// leastAlike is what part of another share one must be to be told as the same.
const leastAlike = 0.25

// alike reports whether a window differs from the newest by no more than chance, and
// not by so much either that who reads both would not say so: of few results hardly
// anything is beyond chance.
func alike(c, last impact.Counts) bool {
	share := func(c impact.Counts) float64 { return (float64(c.Failures) + 0.5) / float64(c.Tries+1) }
	low, high := share(c), share(last)
	if low > high {
		low, high = high, low
	}
	return low >= leastAlike*high && impact.Moved(c, last) == impact.Same
}

// historyKept is how far back the minutes of a product go.
const historyKept = 24 * time.Hour

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// countsOf sums minutes up; where the trouble is slowness, what is slow counts
// in place of what failed.
func countsOf(list []impact.Minute, slow bool) impact.Counts {
	var c impact.Counts
	for _, m := range list {
		bad := m.Failures
		if slow {
			bad = m.Slow
		}
		c.Tries, c.Failures = c.Tries+m.Tries, c.Failures+bad
	}
	return c
}
