package impact

import (
	"slices"
	"time"
)

// sightings are results of one stream, in 8 bytes each: time, latency, outcome
// and slowness. Where one does not fit, because it took more than 16 s or they
// span more than 38 hours, all of them are kept in 16.
type sightings struct {
	short []uint64 // from the top: 37 bits of microseconds since base, 24 of latency, 2 of outcome, 1 of slowness
	base  int64    // unix microseconds
	long  *[]seen  // instead of short, unless nil
}

const (
	sightTook  = 3  // lowest bit of the latency
	sightAt    = 27 // of the time
	sightSpan  = int64(1) << (64 - sightAt)
	sightTakes = uint32(1) << (sightAt - sightTook)
)

func (l *sightings) len() int {
	if l.long != nil {
		return len(*l.long)
	}
	return len(l.short)
}

func (l *sightings) cap() int {
	if l.long != nil {
		return cap(*l.long)
	}
	return cap(l.short)
}

// reserve makes room for n results in all.
func (l *sightings) reserve(n int) {
	if l.long == nil && cap(l.short) < n {
		l.short = append(make([]uint64, 0, n), l.short...)
	}
}

// at returns when result i ended, in unix nanoseconds.
func (l *sightings) at(i int) int64 {
	if l.long != nil {
		return (*l.long)[i].at
	}
	return (l.base + int64(l.short[i]>>sightAt)) * int64(time.Microsecond)
}

func (l *sightings) get(i int) seen {
	if l.long != nil {
		return (*l.long)[i]
	}
	x := l.short[i]
	return seen{at: (l.base + int64(x>>sightAt)) * int64(time.Microsecond), tookUS: uint32(x>>sightTook) % sightTakes,
		outcome: code(x>>1) & 3, slow: x&1 != 0}
}

// slow reports whether result i was degraded, or slower than usual.
func (l *sightings) slow(i int) bool {
	if l.long != nil {
		return (*l.long)[i].slow
	}
	return l.short[i]&1 != 0
}

// set changes outcome or slowness of a result.
func (l *sightings) set(i int, s seen) {
	if l.long != nil {
		(*l.long)[i] = s
		return
	}
	l.short[i] = l.pack(s)
}

func (l *sightings) pack(s seen) uint64 {
	return uint64(s.at/int64(time.Microsecond)-l.base)<<sightAt | uint64(s.tookUS)<<sightTook | uint64(s.outcome)<<1 | uint64(index(s.slow))
}

// insert puts a result before result i.
func (l *sightings) insert(i int, s seen) {
	if l.long == nil && !l.fits(s) {
		long := make([]seen, 0, cap(l.short))
		for i := range l.short {
			long = append(long, l.get(i))
		}
		l.short, l.long = nil, &long
	}
	if l.long != nil {
		*l.long = slices.Insert(*l.long, i, s)
		return
	}
	if n := len(l.short); n == cap(l.short) {
		l.reserve(n + n/8 + keepAtLeast) // append would double it, for a result more than is usual
	}
	if i == len(l.short) {
		l.short = append(l.short, l.pack(s))
		return
	}
	l.short = slices.Insert(l.short, i, l.pack(s))
}

// fits reports whether a result can be kept in 8 bytes, and moves base so that it can.
func (l *sightings) fits(s seen) bool {
	if s.tookUS >= sightTakes {
		return false
	}
	at := s.at / int64(time.Microsecond)
	if d := at - l.base; d >= 0 && d < sightSpan {
		return true
	}
	first, last := at, at
	if n := len(l.short); n > 0 {
		first, last = min(at, l.at(0)/int64(time.Microsecond)), max(at, l.at(n-1)/int64(time.Microsecond))
	}
	if last-first >= sightSpan {
		return false
	}
	base := max(first-sightSpan/8, last-sightSpan+1) // some hours for what comes late
	base = min(base, first)
	for i, x := range l.short {
		l.short[i] = x&(1<<sightAt-1) | uint64(l.base+int64(x>>sightAt)-base)<<sightAt
	}
	l.base = base
	return true
}

// drop takes the first n away.
func (l *sightings) drop(n int) {
	if l.long == nil {
		l.short = l.short[:copy(l.short, l.short[n:])]
		return
	}
	*l.long = slices.Delete(*l.long, 0, n)
	list := *l.long
	again := sightings{short: make([]uint64, 0, len(list)+n)}
	for _, s := range list {
		if !again.fits(s) {
			return
		}
		again.short = append(again.short, again.pack(s))
	}
	*l = again
}

// micro is an instant in whole microseconds, in which results are told apart.
func micro(unixNano int64) int64 { return unixNano - unixNano%int64(time.Microsecond) }
