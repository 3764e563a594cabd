package impact

import (
	"math"
	"time"
)

// hours are how much of a product fails at certain hours of the day: a batch each
// night, that is told on the first nights and then usual.
type hours struct {
	Share  [24]float32  // that an hour showed, on the safe side; 0 where it is as all day
	Once   [24]float32  // that it showed the day before in a trouble that was told
	Week   [168]percent // both of the hour of the week, against the week before
	Last   [168]percent
	Hour   int32 // number of the present hour since 1970
	N, Bad int32 // of it
	Told   bool  // some of it was told as trouble
	Long   bool  // which lasts too long to be of an hour
	Runs   int32 // of failures in it, those soon after another check's left out
	Unrest unrest
}

const (
	hoursBad   = 3             // failures from which an hour is another than the others,
	hoursTimes = 6             // at so many times what is usual
	hoursLong  = 3 * time.Hour // a trouble of that age is none of certain hours
)

// hour counts a result, of failures in a row of one check the first, and at the turn of an hour takes in the last one.
func (m *model) hour(at int64, bad bool) {
	h := &m.Hours
	if now := hourOf(at); now > h.Hour {
		h.close(m.usualShare())
		*h = hours{Share: h.Share, Once: h.Once, Week: h.Week, Last: h.Last, Hour: now, Unrest: h.Unrest}
		m.floors()
	}
	if m.Trouble.On {
		h.Told = true
		h.Long = h.Long || at-m.Trouble.Onset > int64(hoursLong)
	}
	h.N++
	h.Bad += int32(index(bad))
}

// close takes in the hour that is over: what was told only if it was so on the day before
// too, and nothing of what is too long or too much to be usual.
func (h *hours) close(usual float64) {
	if h.N == 0 || h.Long {
		return
	}
	v, n, bad := 0.0, float64(h.N), float64(h.Bad)
	if bad >= hoursBad && bad > hoursTimes*usual*n+2 {
		v = bad / n * (1 + 2/math.Sqrt(bad))
	}
	if v > lastingAtMost {
		return
	}
	if v == 0 && !h.Told && h.Share[h.Hour%24] == 0 {
		h.Unrest.add(n, float64(h.Runs))
	}
	day, week := int(h.Hour%24), hourOfWeek(h.Hour)
	share, once := h.next(v, float64(h.Share[day]), float64(h.Once[day]), peakForget)
	h.Share[day], h.Once[day] = float32(share), float32(once)
	share, once = h.next(v, h.Week[week].share(), h.Last[week].share(), 1)
	h.Week[week], h.Last[week] = percentOf(share), percentOf(once)
}

// next is what an hour is taken for that showed a share now and was taken for old: what
// was told counts the second time. forget is how much of it goes if it was less.
func (h *hours) next(now, old, before, forget float64) (share, once float64) {
	switch {
	case h.Told:
		share, once = max(old, min(now, before)), now
	case now < old:
		share = old + forget*(now-old)
	default:
		share = now
	}
	if share < failPrior.share {
		share = 0
	}
	return share, once
}

// percent is a share of at most lastingAtMost in 255 steps, rounded up.
type percent uint8

func percentOf(share float64) percent { return percent(math.Ceil(share / lastingAtMost * 255)) }
func (p percent) share() float64      { return float64(p) / 255 * lastingAtMost }

// usualShare is the mean of the usual shares of the streams.
func (m *model) usualShare() float64 {
	sum := 0.0
	for i := range m.Streams {
		sum += m.Streams[i].usual().mean(failPrior)
	}
	return sum / float64(max(len(m.Streams), 1))
}

// floors judges all streams by the present hour. A trouble that lasts is judged by what
// was usual before it.
func (m *model) floors() {
	floor := max(m.Hours.Share[m.Hours.Hour%24], float32(m.Hours.Week[hourOfWeek(m.Hours.Hour)].share()))
	if m.Trouble.On && int64(m.Hours.Hour)*int64(time.Hour)-m.Trouble.Onset > int64(hoursLong) {
		floor = 0
	}
	for i := range m.Streams {
		if s := &m.Streams[i]; s.Floor != floor {
			s.Floor = floor
			s.ratiosAnew()
		}
	}
}
