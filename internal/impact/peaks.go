package impact

import (
	"math"
	"slices"
)

// peaks are what a check's latency does at certain times beyond the wave of its days:
// a batch each night, a Monday morning. An hour is as slow as the slowest ten
// minutes of it were the day before, or in the same hour of the week before.
type peaks struct {
	Base float64    // the level of the last day: the median of its hours; noBase while none is known
	tops *[24]int16 // on the first day, the slowest ten minutes of each hour, in 1/1000; nil where none is known, and later
	week *[168]int8 // as Day, of the hour of the week; nil where none is known
	Day  [24]int8   // the slowest ten minutes of the hour of the day above the level, in 1/50; noPeak where it is not known
}

const (
	noBase = -1e3
	noTop  = -1e3
	noPeak = math.MinInt8

	peakLeast  = 10  // results of ten minutes whose mean is not mere chance
	peakForget = 0.3 // of a peak that does not come, each day
	// peakTold is what a peak that was told as trouble counts the first time, after which all
	// of it counts: what comes once is trouble, what comes again at its time is told twice.
	peakTold  = 0.5
	baseHours = 12 // of a day, from which its level is known
)

func newPeaks() peaks {
	p := peaks{Base: noBase}
	for i := range p.Day {
		p.Day[i] = noPeak
	}
	return p
}

// ofWeek is Day for an hour of the week.
func (p *peaks) ofWeek(hour int) int8 {
	if p.week == nil {
		return noPeak
	}
	return p.week[hour]
}

func (p *peaks) setWeek(hour int, v int8) {
	if p.week == nil {
		p.week = new([168]int8)
		for i := range p.week {
			p.week[i] = noPeak
		}
	}
	p.week[hour] = v
}

// top is the slowest ten minutes of an hour of the first day.
func (p *peaks) top(hour int) int16 {
	if p.tops == nil {
		return noHour
	}
	return p.tops[hour]
}

func (p *peaks) setTop(hour int, v int16) {
	if p.tops == nil {
		p.tops = new([24]int16)
		for i := range p.tops {
			p.tops[i] = noHour
		}
	}
	p.tops[hour] = v
}

// hourOfWeek is by the number of an hour since 1970, a Thursday.
func hourOfWeek(hour int32) int { return int(hour % 168) }

// ten ends ten minutes.
func (p *pace) ten() {
	if p.TenN >= peakLeast {
		p.Top = max(p.Top, p.TenSum/float64(p.TenN))
	}
	p.TenSum, p.TenN = 0, 0
}

// usually returns what the time adds to the level: the wave of the day, which is that of
// the whole hour at least, or a peak that is a quarter above it; less is no matter, since
// slowness begins there. What begins with its hour is at half past on the wave.
func (s *season) usually(at int64) float64 {
	h := hourOf(at)
	wave := s.adds(at)
	if s.Days > 0 {
		wave = max(wave, float64(s.Season[h%24])/seasonUnit)
	}
	if v := s.high(h); float64(v)/seasonUnit-wave > lnSlowerBy {
		return float64(v) / seasonUnit
	}
	return wave
}

// high returns the highest that an hour may be, as a rule the one that was noted at its beginning.
func (s *season) high(h int32) int8 {
	if h == s.noted {
		return s.now
	}
	return s.highest(h)
}

// note keeps the highest of the hour that begins: each result asks for it.
func (s *season) note(h int32) { s.noted, s.now = h, s.highest(h) }

// highest is what peaks an hour has, or all of the hour before or after
// it, since what comes at its time comes an hour sooner or later when the clocks change. Peaks of these
// are not looked at: they may be of a trouble that was told.
func (s *season) highest(h int32) int8 {
	return max(s.Day[h%24], s.ofWeek(hourOfWeek(h)), s.Season[(h+23)%24], s.Season[(h+1)%24])
}

// peak takes in the slowest ten minutes of an hour.
func (p *peaks) peak(hour int32, top, level float64, told bool, s *season) {
	if s.Days == 0 || p.Base == noBase {
		switch {
		case s.Days > 0: // nobody asks for it any more
		case told:
			p.setTop(int(hour%24), noHour)
		default:
			p.setTop(int(hour%24), thousandths(top))
		}
		return
	}
	v := (top - level) * seasonUnit
	wave := float64(s.Season[hour%24])
	day, week := &p.Day[hour%24], hourOfWeek(hour)
	*day = nextPeak(*day, v, wave, told, peakForget)
	p.setWeek(week, nextPeak(p.ofWeek(week), v, wave, told, 1))
}

// forget drops the peaks of some hours: what was seen in them was no peak but the beginning of what is usual now.
func (p *peaks) forget(from, to int32) {
	for h := from; h <= to; h++ {
		p.Day[h%24] = noPeak
		if p.week != nil {
			p.week[hourOfWeek(h)] = noPeak
		}
	}
}

// nextPeak is a peak after it was v; forget is how much of it goes if it was less.
func nextPeak(was int8, v, wave float64, told bool, forget float64) int8 {
	old := wave
	if was != noPeak {
		old = float64(was)
	}
	switch {
	case told && old-wave > lnSlowerBy*seasonUnit: // and so it was before
		v = max(old, v)
	case told:
		v = max(old, old+peakTold*(v-old))
	case v < old && was != noPeak:
		v = old + forget*(v-old)
	}
	return int8(min(max(math.Round(v), -127), 127))
}

// firstDay takes in the peaks of the first day, whose last hour it was.
func (p *peaks) firstDay(last int32, s *season) {
	for h := last - 23; h <= last; h++ {
		if v := p.top(int(h+24) % 24); v != noHour && p.Base != noBase {
			p.peak(h, float64(v)/todayUnit, p.Base, false, s)
		}
	}
	p.tops = nil
}

// base notes the level of the last day. An answer is slower than usual only if it is
// slower than on that day too: the level of the last hour may be one that a peak, or
// its staying away, has left. While too few hours of a day are known, since nothing was measured
// or all was told as trouble, it is the one before.
func (s *season) base() {
	if s.Days == 0 {
		return
	}
	var hours [24]float64
	n := 0
	for i, v := range s.Today {
		if v != noHour {
			hours[n] = float64(v)/todayUnit - float64(s.Season[i])/seasonUnit
			n++
		}
	}
	if n >= baseHours {
		slices.Sort(hours[:n])
		s.Base = hours[n/2]
	}
}
