package impact

import (
	"math"
	"time"
)

// unproven returns about how many further results without a bad one it takes
// until the second step is reached; 0 when nothing is to be proven.
func (m *model) unproven(d *design) int {
	q := &m.Quiet
	if !q.On || q.Accepted || q.Proven {
		return 0
	}
	each, _ := m.clean(d, machineOf(q.Slow), q.Limit, func(*streamModel) bool { return true })
	if each <= 0 {
		return 0
	}
	return max(int(math.Ceil((math.Log(q.Needed)-math.Log(q.R))/each)), 1)
}

// clean returns how many nats a result without a fault speaks on average for
// being below a limit, over the streams that count, and which part of all
// results these give.
func (m *model) clean(d *design, mc machine, limit float64, counts func(*streamModel) bool) (each, part float64) {
	all, these, sum := 0.0, 0.0, 0.0
	for i := range m.Streams {
		w := 1 / d.streams[i].seconds()
		all += w
		if s := &m.Streams[i]; counts(s) {
			these += w
			sum += w * math.Log(s.ratios(mc).against(limit, false, false))
		}
	}
	if these == 0 {
		return 0, 0
	}
	return sum / these, these / all
}

// more returns about how many further results without a bad one it takes
// until the trouble counts as over.
func (m *model) more(d *design) int {
	t := &m.Trouble
	each, part := m.clean(d, machineOf(t.Slow), m.limit(), func(s *streamModel) bool { return s.Hit })
	if each <= 0 {
		return 0
	}
	left := (math.Log(m.needed(d)) - math.Log(t.Recovery+1/(math.Exp(each)-1))) / each
	pause := quietFactor*float64(t.Gap) - float64(m.At-t.LastBad) // it may be one as there were between its failures
	left = max(left, pause/float64(24*time.Hour)*m.hitPerDay)
	if t.Marked > 0 {
		byMark := (math.Log(repairOdds*float64(max(t.Marks, 1))) - math.Log(max(t.Repair, 1e-300))) / each
		left = min(left, byMark)
	}
	if passes, ok := m.solidMore(d, m.At); ok {
		left = min(left, passes)
	}
	return max(int(math.Ceil(left/part)), 1)
}
