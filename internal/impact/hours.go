package impact

import (
	"math"
	"time"
)

// hours are how much of a product fails at certain hours of the day: a batch each
// night, that is told on the first nights and then usual.
type hours struct {
	Share  [24]float32 // that an hour showed, on the safe side; 0 where it is as all day
	Once   [24]float32 // that it showed the day before in a trouble that was told
	Hour   int32       // number of the present hour since 1970
	N, Bad int32       // of it
	Told   bool        // some of it was told as trouble
	Long   bool        // which lasts too long to be of an hour
	Runs   int32       // of failures in it, those soon after another check's left out
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
		*h = hours{Share: h.Share, Once: h.Once, Hour: now, Unrest: h.Unrest}
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
	s, once := &h.Share[h.Hour%24], &h.Once[h.Hour%24]
	old, before := float64(*s), float64(*once)
	*once = 0
	switch {
	case h.Told:
		*once = float32(v)
		v = max(old, min(v, before))
	case v < old:
		v = old + peakForget*(v-old)
	}
	*s = float32(v)
	if v < failPrior.share {
		*s = 0
	}
}

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
	floor := m.Hours.Share[m.Hours.Hour%24]
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
