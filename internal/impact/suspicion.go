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
// alarm without such a hint needs; and the likelier it is, by what the others
// show, that this product is hurt as well, the less it needs of its own.
type suspicion struct {
	On    bool
	Since int64     // the other product's onset
	Bad   int       // failures since then
	W     []float64 // :: scope -> weight
	L     []float64 // :: scope, rate -> likelihood ratio of failures since then
	Odds  float64   // ratio that is needed; 0 means suspectOdds
	Ask   bool      // what the others show would decide: Believe is wanted
}

// suspectOdds is the likelihood ratio that is needed as long as it is not known
// how likely the product is to be hurt: one false alarm among 150 products
// that were not hurt by another one's trouble.
const suspectOdds = 150

// ReachUsed is the chance that a product is hurt by what is broken, if a check
// of it goes through that, by what is declared: the noisy edge of the ranking
// (docs/causes.md).
const ReachUsed = 0.93

// suspectBad is the least number of failures that a hint makes an alarm of.
const suspectBad = 2

// believed is how sure it must be that a product is hurt, in odds: 99 to 1.
const believed = 99

// oddsOf returns the likelihood ratio that a product's own results must reach
// to be in trouble with 99 %, if it was so likely before they were looked at.
func oddsOf(hurt float64) float64 {
	return believed * (1 - hurt) / max(hurt, 1e-6)
}

// leastOdds is what is needed at best: that of a product that uses what is
// surely broken.
var leastOdds = oddsOf(ReachUsed)

// Suspect tells the tracker that another product got into trouble, which
// began at that instant. With again an earlier such instant is forgotten. It
// reports whether this one is in trouble by that; Believe may still say so.
func (t *Tracker) Suspect(onset time.Time, again bool) (turned bool) {
	m := &t.now
	if m.Trouble.On || onset.UnixNano() < max(t.design.normal, m.Learn) {
		return false
	}
	since := onset.UnixNano()
	if m.Suspicion.On && (m.Suspicion.Since == since || !again && m.Suspicion.Since < since && since-m.Suspicion.Since < int64(time.Hour)) {
		return false // it is looked at from an earlier instant on
	}
	m.Suspicion = suspicion{On: true, Since: since, W: t.design.suspicious(nil), L: make([]float64, len(t.design.scopes)*rateCount)}
	l := m.Suspicion.L // logarithms at first
	for i := range m.Streams {
		m.Suspicion.Bad += t.lookBack(l, i, since)
	}
	for i := range l {
		l[i] = math.Exp(min(l[i], 400))
	}
	return t.suspect()
}

// lookBack adds to the logarithms, of each scope and rate, what came of a stream since an
// instant, and returns how many of it failed.
func (t *Tracker) lookBack(l []float64, stream int, since int64) (bad int) {
	of := &t.now.Streams[stream].fail.of
	prev := false
	t.each(stream, 0, t.now.At, func(at int64, n, failed, _ int) {
		if at < since {
			prev = failed > 0 && n == failed
			return
		}
		good, first, more := n-failed, failed, 0
		if failed > 1 || failed == 1 && prev {
			first, more = 0, failed // a burst: each may follow another
			if !prev {
				first, more = 1, failed-1
			}
		}
		for _, k := range t.design.in(stream) {
			for r := range rateCount {
				l[int(k)*rateCount+r] += float64(good)*math.Log(of[0][0][r]) + float64(first)*math.Log(of[0][1][r]) + float64(more)*math.Log(of[1][1][r])
			}
		}
		prev = failed == n
		bad += failed
	})
	return bad
}

// suspect begins a trouble if the suspicion is proved.
func (t *Tracker) suspect() (turned bool) {
	m := &t.now
	if m.suspected(&t.design) {
		m.alarm(&t.design, t, m.At)
	} else {
		m.Suspicion.Ask = m.asks(&t.design)
	}
	t.settle()
	return m.Trouble.On
}

// Suspected returns since when the product is suspected to be in trouble, as
// another one is or as a component's results over all products say.
func (t *Tracker) Suspected() (since time.Time, ok bool) {
	if m := &t.now; m.Suspicion.On && !m.Trouble.On {
		return instant(m.Suspicion.Since), true
	}
	return time.Time{}, false
}

// Asks reports whether it would be decided by how likely the others make it
// that this product is hurt: Believe is wanted. With again it is asked anew what
// was answered already, since the others may show more by now.
func (t *Tracker) Asks(again bool) bool {
	m := &t.now
	if again && m.Suspicion.On {
		m.Suspicion.Ask = m.asks(&t.design)
	}
	return m.Suspicion.Ask && !m.Trouble.On
}

// Own returns how much the product's own results speak for the trouble that it
// is suspected of: a likelihood ratio.
func (t *Tracker) Own() float64 { return t.now.suspicious(&t.design) }

// Believe tells the tracker how likely the results of the other products make
// it that this one is hurt, and how likely each component is the cause. It
// reports whether it is in trouble by that.
func (t *Tracker) Believe(hurt float64, causes map[string]float64) (turned bool) {
	m := &t.now
	if !m.Suspicion.On || m.Trouble.On {
		return false
	}
	m.Suspicion.Odds, m.Suspicion.W = oddsOf(hurt), t.design.suspicious(causes)
	if !m.suspected(&t.design) {
		m.Suspicion.Ask = false
		for i := range t.past { // late results are judged by it too
			if p := &t.past[i].Suspicion; p.On && p.Since == m.Suspicion.Since {
				p.Odds = m.Suspicion.Odds
				copy(p.W, m.Suspicion.W)
			}
		}
		return false
	}
	return t.suspect()
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
	for _, k := range d.in(stream) {
		for i := range rateCount {
			x := &m.Suspicion.L[int(k)*rateCount+i]
			*x = min(*x*lr[i], 1e200)
		}
	}
}

// suspicious returns the likelihood ratio of the suspicion.
func (m *model) suspicious(d *design) float64 {
	if !m.Suspicion.On {
		return 0
	}
	sum := 0.0
	for k := range d.scopes {
		for _, x := range m.Suspicion.L[k*rateCount : (k+1)*rateCount] {
			sum += m.Suspicion.W[k] / rateCount * x
		}
	}
	return sum
}

func (m *model) suspected(d *design) bool {
	if !m.Suspicion.On || m.Suspicion.Bad < suspectBad {
		return false
	}
	odds := m.Suspicion.Odds
	if odds == 0 {
		odds = suspectOdds
	}
	return m.suspicious(d) >= odds
}

// asks reports whether some part of the product fails so that it could be
// enough, if the others showed that this part is hurt.
func (m *model) asks(d *design) bool {
	if !m.Suspicion.On || m.Suspicion.Bad < suspectBad {
		return false
	}
	for k := range d.scopes {
		sum := 0.0
		for _, x := range m.Suspicion.L[k*rateCount : (k+1)*rateCount] {
			sum += x / rateCount
		}
		if sum >= leastOdds {
			return true
		}
	}
	return false
}
