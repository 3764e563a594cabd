package impact

import (
	"math"
	"time"
)

// pace follows the latency of one check, to tell which results are slower
// than is usual at that time of day. Latencies are logarithms of seconds; the
// prediction is a level with a slope that moves over about an hour (Brown's
// double exponential smoothing, which has no lag on a ramp) plus what the hour
// of the day adds, learnt from whole days: the season, which changes once an hour.
type pace struct {
	Level, Slope float64
	Limit        float64 // residual that 3 % exceed
	Sum          float64 // logarithms of the hour
	TenSum, Top  float64 // the same of ten minutes, and the highest mean of ten minutes of this hour
	SumN, TenN   int32
	Ten          uint32 // number of the ten minutes since 1970, which are of the hour of the sum
	N            uint16 // served results taken in, up to paceSteady
	Told         bool   // of this hour some was told as trouble
}

// lastHour is the hour since 1970 of the sum.
func (p *pace) lastHour() int32 { return int32(p.Ten / tensOfHour) }

const tensOfHour = uint32(time.Hour / time.Duration(pendingSpan))

// season is what the hours of the day add to the latency. It does not change while
// a baseline points to it: changeSeason makes another one, once an hour.
type season struct {
	peaks
	Today  [24]int16 // means of the last 24 hours, in 1/1000; noHour where there is none
	Season [24]int8  // what the hour adds, in 1/50
	noted  int32     // hour since 1970 of which now is the highest; 0 while none is
	Days   uint16    // that Season knows, up to all that it holds
	now    int8      // see high
}

const (
	paceKnown  = 50   // served results until slowness is judged
	paceSteady = 1000 // until the limit is settled
	slowShare  = 0.03 // by definition slower than usual
	firstLimit = 0.8  // until the residuals are known
	firstMost  = 1.6  // of the limit at first: five-fold
	// firstTimes the mean deviation of the first answers is where the limit begins: the 97 %
	// point of a normal distribution is at 2.4, that of a double exponential one at 2.8.
	firstTimes = 3
	firstFrom  = 5 // results from which deviations are counted
	seasonUnit = 50.0
	todayUnit  = 1000.0
	noHour     = math.MinInt16
)

// What nobody would notice is not slower, however steady the check is: an
// answer in 22 ms that used to take 20 hurts no client. One that must be that
// fast has degraded_if.
const (
	slowerBy  = 0.25 // part of what is usual
	slowerFor = 0.01 // seconds
)

// Over how many seconds the level follows: shorter while the daily wave is
// not known, since the level alone must follow it then.
const (
	paceFirst = 45 * 60.0
	paceLater = 75 * 60.0
)

func newPace() pace { return pace{Limit: firstLimit, Top: noTop} }

// unknownSeason is that of a check without a result: all have the same one.
var unknownSeason = new(newSeason())

func newSeason() season {
	s := season{peaks: newPeaks()}
	for i := range s.Today {
		s.Today[i] = noHour
	}
	return s
}

// adds returns what the time of day adds, between the middles of the hours.
func (s *season) adds(at int64) float64 {
	if s.Days == 0 {
		return 0
	}
	const hour = 3600e9
	pos := float64(at%(24*hour))/hour - 0.5
	if pos < 0 {
		pos += 24
	}
	i := int(pos)
	f := pos - float64(i)
	return (float64(s.Season[i])*(1-f) + float64(s.Season[(i+1)%24])*f) / seasonUnit
}

// size tells by how much a latency is slower than usual; as usual while too little
// is known.
func (p *pace) size(at int64, ln float64, s *season) size {
	if p.N < paceKnown {
		return sizeUsual
	}
	usual := s.usually(at) + max(p.Level, s.Base)
	over, limit := ln-usual, max(p.Limit, lnSlowerBy)
	if over <= overPart*limit {
		return sizeUsual
	}
	switch limit = max(limit, math.Log1p(slowerFor*math.Exp(-usual))); {
	case over > farPart*limit:
		return sizeFar
	case over > limit:
		return sizeSlow
	case over > overPart*limit:
		return sizeOver
	}
	return sizeUsual
}

var lnSlowerBy = math.Log1p(slowerBy)

// learn takes in a latency of a time without latency trouble; every is the
// check's interval in seconds. again says that it is slow as the one before it was, told
// that failures are told as trouble, which may be of that hour as a rule. It
// changes the season if changes said so.
func (p *pace) learn(at int64, ln, every float64, again, told bool, s *season) {
	p.hour(at, ln, s, told)
	e := ln - s.usually(at) - p.Level
	if p.N == 0 {
		p.Level, p.N = p.Level+e, 1
		return
	}
	memory := paceLater
	if s.Days == 0 {
		memory = paceFirst
	}
	// At least 20 results, whatever their interval; faster while it begins.
	a := min(max(every/memory, 1/float64(p.N+1)), 0.05)
	if p.N < 20 {
		a = 1 / float64(p.N+1)
	}
	bound := 0.5 * p.Limit // an outlier moves little, nor does trouble before it is told
	if p.N < paceKnown {
		bound = firstMost
	}
	held := min(max(e, -bound), bound)
	p.Level += p.Slope + (1-(1-a)*(1-a))*held
	p.Slope += a * a * held
	p.Slope = min(max(p.Slope, -0.05), 0.05)
	if p.N < 20 {
		p.Slope = 0
	}
	p.follow(e, again)
	if p.N < paceSteady {
		p.N++
	}
}

// follow has the limit follow a residual. The mean deviation of the first answers is kept in
// its place. Then it is a stochastic approximation of the quantile (Robbins and
// Monro, 1951): in smaller steps later, and only the first of several slow answers in a
// row moves it, so that a check that becomes slower is told before the limit has followed.
func (p *pace) follow(e float64, again bool) {
	step := 0.02
	switch {
	case p.N < firstFrom:
		return
	case p.N == firstFrom:
		p.Limit = math.Abs(e)
		return
	case p.N < paceKnown:
		if p.Limit += (math.Abs(e) - p.Limit) / float64(p.N-firstFrom+1); p.N == paceKnown-1 {
			p.Limit = min(firstTimes*p.Limit, firstMost)
		}
		return
	case p.N >= paceSteady:
		step = 0.005
	}
	switch {
	case e <= p.Limit:
		p.Limit -= step * slowShare
	case !again:
		p.Limit += step * (1 - slowShare)
	}
	p.Limit = max(p.Limit, 0.05)
}

// changes reports whether a result at that instant changes the season.
func (p *pace) changes(at int64) bool { return hourOf(at) != p.lastHour() }

func hourOf(at int64) int32 { return int32(at / 3600e9) }

// hour keeps the means of the hours, and learns from each whole day. What is told as
// trouble counts for the peaks alone.
func (p *pace) hour(at int64, ln float64, s *season, told bool) {
	p.turn(at, s)
	p.Told = p.Told || told
	p.TenSum, p.TenN = p.TenSum+ln, p.TenN+1
	p.Sum += ln
	p.SumN++
}

// pass takes in nothing of a latency but when it was: what is told as trouble for longer than
// hoursLong is of no certain hours.
func (p *pace) pass(at int64, s *season) {
	p.turn(at, s)
	p.Told = true
}

// turn ends the ten minutes and the hour before, if at is in others.
func (p *pace) turn(at int64, s *season) {
	h, was := hourOf(at), p.lastHour()
	if ten := uint32(at / pendingSpan); ten != p.Ten {
		p.ten()
		p.Ten = ten
	}
	if h != was {
		p.close(was, h, at, s)
	}
}

// close ends the hour was; the next one with a result is h.
func (p *pace) close(was, h int32, at int64, s *season) {
	if p.SumN >= 3 && !p.Told {
		s.Today[was%24] = thousandths(p.Sum / float64(p.SumN))
	} else if p.Told {
		s.Today[was%24] = noHour
	}
	if p.SumN >= 3 {
		if p.Top == noTop { // too few in ten minutes
			p.Top = p.Sum / float64(p.SumN)
		}
		level := max(p.Level, s.Base)
		if p.Told && s.Base != noBase {
			level = s.Base // what fails is learnt from, so that the hour may have raised its own level
		}
		s.peak(was, p.Top, level, p.Told, s)
	}
	for x := was + 1; x < h && x < was+25; x++ {
		s.Today[x%24] = noHour // nothing was measured
	}
	if first := s.Days == 0; was%24 == 23 || h-was > 24 || first && s.hours() == len(s.Today) {
		p.Level += s.day(at)
		if first && s.Days > 0 {
			s.base()
			s.firstDay(was, s)
		}
	}
	s.base()
	s.note(h)
	p.Sum, p.SumN, p.Top, p.Told = 0, 0, noTop, false
}

func thousandths(x float64) int16 { return int16(min(max(x*todayUnit, -32000), 32000)) }

// hours returns how many hours of the day are known.
func (s *season) hours() (n int) {
	for _, v := range s.Today {
		n += index(v != noHour)
	}
	return n
}

// day learns from the hours of the last day, if most were measured. It returns
// what to add to the level, so that the prediction stays where it is.
func (s *season) day(at int64) float64 {
	n, mean := 0, 0.0
	for _, v := range s.Today {
		if v != noHour {
			n++
			mean += float64(v)
		}
	}
	if n < 20 {
		return 0
	}
	mean /= float64(n)
	gain := 1.0
	if s.Days > 0 {
		gain = 0.3
	}
	before := s.adds(at)
	for i, v := range s.Today {
		if v == noHour {
			continue
		}
		old := float64(s.Season[i])
		now := old + gain*((float64(v)-mean)/todayUnit*seasonUnit-old)
		s.Season[i] = int8(min(max(math.Round(now), -127), 127))
	}
	if s.Days < math.MaxUint16 {
		s.Days++
	}
	return before - s.adds(at)
}
