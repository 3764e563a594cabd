package journal

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// clockApart is how far the clocks of two members may be from each other: those that NTP keeps right are milliseconds apart, and
// a machine that is busy answers late.
const clockApart = 2 * time.Second

// clockSeen is by how much another member's clock is ahead of this one's.
type clockSeen struct {
	ahead  time.Duration
	within time.Duration // the answer took twice as long: it may be more or less by this
}

// now is this member's clock.
func (c *Config) now() time.Time {
	return time.Now().Add(c.clockAhead)
}

// clockOf is what an answer tells of a member's clock, by ours when it was asked for and when the answer came. An older version says none.
func clockOf(says, asked, came time.Time) (clockSeen, bool) {
	within := came.Sub(asked) / 2
	return clockSeen{says.Sub(asked.Add(within)), within}, !says.IsZero()
}

// clocksOff are the members whose clocks are others than those of the majority, and by how much they are ahead. Of two that
// answer both are named: who is right is not known.
func clocksOff(clocks map[string]clockSeen) map[string]time.Duration {
	names := slices.SortedFunc(maps.Keys(clocks), func(a, b string) int { return cmp.Compare(clocks[a].ahead, clocks[b].ahead) })
	off := map[string]time.Duration{}
	for i, name := range names {
		right := clocks[names[(len(names)-1)/2]]
		if len(names) == 2 {
			right = clocks[names[1-i]]
		}
		if ahead := clocks[name].ahead - right.ahead; ahead.Abs() > clockApart+clocks[name].within+right.within {
			off[name] = ahead
		}
	}
	return off
}

// ownClockOff is by how much a member's clock is ahead of that of most. Of two that differ it is not known who is right, so
// that it stays what was known before.
func ownClockOff(clocks map[string]clockSeen, self string, before time.Duration) time.Duration {
	off := clocksOff(clocks)[self]
	if off != 0 && len(clocks) < 3 {
		return before
	}
	return off
}
