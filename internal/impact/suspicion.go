package impact

import (
	"math"
	"time"
)

// suspicion is a test that begins at a known instant: when another product of
// the company got into trouble, this one may have at the same time. Where the
// instant is given, the likelihood ratio itself is the statistic, and a
// product that is as usual exceeds 1/alpha with a chance of at most alpha
// (Ville 1939), however long one looks. That is half of the evidence that an
// alarm without such a hint needs.
type suspicion struct {
	On    bool
	Since int64     // the other product's onset
	Bad   int       // failures since then
	W     []float64 // :: scope -> weight
	L     []float64 // :: scope, rate -> likelihood ratio of failures since then
}

// suspectOdds is 1/alpha: one false alarm among 150 products that were not
// hurt by another one's trouble.
const suspectOdds = 150

// suspectBad is the least number of failures that a hint makes an alarm of.
const suspectBad = 2

// Suspect tells the tracker that another product got into trouble, which
// began at that instant, and how likely each component is thought to be the
// cause. It reports whether this one is in trouble by that.
func (t *Tracker) Suspect(onset time.Time, causes map[string]float64) (turned bool) {
	m := &t.now
	if m.Trouble.On || onset.UnixNano() < max(t.design.normal, m.Learn) {
		return false
	}
	since := onset.UnixNano()
	if m.Suspicion.On && m.Suspicion.Since <= since && since-m.Suspicion.Since < int64(time.Hour) {
		return false // it is looked at from an earlier instant on
	}
	m.Suspicion = suspicion{On: true, Since: since, W: t.design.suspicious(causes), L: make([]float64, len(t.design.scopes)*rateCount)}
	l := m.Suspicion.L // logarithms at first
	for i := range m.Streams {
		s := &m.Streams[i]
		prev := false
		t.each(i, m.At, func(at int64, n, failed, _ int) {
			if at < since {
				prev = failed > 0 && n == failed
				return
			}
			for _, k := range t.design.streams[i].scopes {
				for r := range rateCount {
					x := &l[k*rateCount+r]
					good, first, more := n-failed, failed, 0
					if failed > 1 || failed == 1 && prev {
						first, more = 0, failed // a burst: each may follow another
						if !prev {
							first, more = 1, failed-1
						}
					}
					*x += float64(good)*math.Log(s.fail.of[0][0][r]) + float64(first)*math.Log(s.fail.of[0][1][r]) + float64(more)*math.Log(s.fail.of[1][1][r])
				}
			}
			prev = failed == n
			m.Suspicion.Bad += failed
		})
	}
	for i := range l {
		l[i] = math.Exp(min(l[i], 400))
	}
	if m.suspected(&t.design) {
		m.alarm(&t.design, t, m.At)
		t.settle()
		return true
	}
	t.settle()
	return false
}

// suspicious returns the weights of the scopes: half as ever, half by the
// causes that are suspected, as far as the product uses them.
func (d *design) suspicious(causes map[string]float64) []float64 {
	w := make([]float64, len(d.scopes))
	left := 1.0
	for c, chance := range causes {
		if k, ok := d.parts[c]; ok && k >= 0 {
			w[k] += chance / 2
			left -= chance / 2
		}
	}
	for k := range w {
		w[k] += max(left, 0.5) * d.scopes[k].weight
	}
	return w
}

// weighSuspicion takes one result into the likelihood ratios.
func (m *model) weighSuspicion(d *design, stream int, r *ratios, prev, bad bool) {
	lr := &r.of[index(prev)][index(bad)]
	for _, k := range d.streams[stream].scopes {
		for i := range rateCount {
			x := &m.Suspicion.L[k*rateCount+i]
			*x = min(*x*lr[i], 1e200)
		}
	}
}

func (m *model) suspected(d *design) bool {
	if !m.Suspicion.On || m.Suspicion.Bad < suspectBad {
		return false
	}
	sum := 0.0
	for k := range d.scopes {
		for _, x := range m.Suspicion.L[k*rateCount : (k+1)*rateCount] {
			sum += m.Suspicion.W[k] / rateCount * x
		}
	}
	return sum >= suspectOdds
}
