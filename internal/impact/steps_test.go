package impact

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// pooled is a stream of minutes at shares that change.
type pooled struct {
	rng     *rand.Rand
	perMin  int
	minutes []Minute // since the last step
	steps   []RateStep
	now     time.Time
}

func newPooled(seed uint64, perMin int) *pooled {
	return &pooled{rng: rand.New(rand.NewPCG(seed, 11)), perMin: perMin, now: propertyStart}
}

// minute adds a minute at a share, and looks for a step as publish does: from
// what was told as the last one on.
func (p *pooled) minute(share float64) (RateStep, bool) {
	p.add(share)
	p.minutes = p.minutes[max(0, len(p.minutes)-360):]
	s, _, ok := Step([]Course{{ID: "p", Minutes: p.minutes}}, Began{propertyStart, time.Minute})
	if ok {
		p.steps = append(p.steps, s)
		p.minutes = slices.DeleteFunc(p.minutes, func(m Minute) bool { return m.At.Before(s.At) })
	}
	return s, ok
}

func (p *pooled) add(share float64) {
	m := Minute{At: p.now, Tries: p.perMin}
	for range p.perMin {
		if p.rng.Float64() < share {
			m.Failures++
		}
	}
	p.minutes, p.now = append(p.minutes, m), p.now.Add(time.Minute)
}

// TestAStepInShortUnits: what is counted in seconds is as certain after as many of these as
// what is counted in minutes.
func TestAStepInShortUnits(t *testing.T) {
	told, untold := 0, 0
	for failures := 12; failures < 40; failures++ {
		var long, short []Minute
		for k := range 12 {
			m := Minute{At: propertyStart.Add(time.Duration(k) * time.Minute), Tries: 100, Failures: []int{8, failures}[index(k >= 6)]}
			long = append(long, m)
			m.At = propertyStart.Add(time.Duration(k) * 3 * time.Second)
			short = append(short, m)
		}
		l, _, want := Step([]Course{{ID: "p", Minutes: long}}, Began{propertyStart, time.Minute})
		s, _, got := Step([]Course{{ID: "p", Minutes: short}}, Began{propertyStart, 3 * time.Second})
		if got != want || s.Before != l.Before || s.After != l.After {
			t.Errorf("%d of 100: in minutes %v %+v, in seconds %v %+v", failures, want, l, got, s)
		}
		told, untold = told+index(want), untold+index(!want)
	}
	if told == 0 || untold == 0 {
		t.Errorf("told %d times, and %d not: there is no bound between", told, untold)
	}
}

// TestARateThatStaysIsNoStep: over 24 h there is at most one false step of each kind.
func TestARateThatStaysIsNoStep(t *testing.T) {
	n := longtest.Seeds(1, 4)
	all, days := 0, 0
	for _, perMin := range []int{60, 135} {
		for _, share := range []float64{0.02, 0.04, 0.09} {
			worse, better := 0, 0
			for seed := range uint64(n) {
				p := newPooled(seed, perMin)
				for range 24 * 60 {
					p.minute(share)
				}
				for _, s := range p.steps {
					worse += index(s.Worse())
					better += index(!s.Worse())
				}
			}
			t.Logf("%.0f %% of %d a minute for 24 h: %.2f worse, %.2f better told a day", 100*share, perMin, float64(worse)/float64(n), float64(better)/float64(n))
			if n >= 20 && max(worse, better) > n {
				t.Errorf("%d false worse and %d false better in %d days", worse, better, n)
			}
			all, days = all+worse+better, days+n
		}
	}
	if all > 2*days {
		t.Errorf("%d false steps in %d days", all, days)
	}
}

// TestEachStepIsTold: doublings and halvings, and how soon at 60 and at 135 tries a minute.
func TestEachStepIsTold(t *testing.T) {
	for _, perMin := range []int{60, 135} {
		for _, c := range [][2]float64{{0.04, 0.09}, {0.04, 0.08}, {0.09, 0.02}, {0.09, 0.045}, {0.02, 0.08}, {0.04, 0.02}} {
			n := longtest.Seeds(6, 20)
			var waits []time.Duration
			for seed := range uint64(n) {
				p := newPooled(seed, perMin)
				for range 120 {
					p.minute(c[0])
				}
				wait := time.Duration(0)
				for range 240 {
					wait += time.Minute
					if s, ok := p.minute(c[1]); ok && s.Worse() == (c[1] > c[0]) {
						break
					}
				}
				waits = append(waits, wait)
			}
			slices.Sort(waits)
			t.Logf("%4.1f -> %4.1f %% at %3d a minute: median %s, worst %s", 100*c[0], 100*c[1], perMin, waits[n/2], waits[n-1])
			if waits[n-1] >= 4*time.Hour {
				t.Errorf("%.3f -> %.3f at %d a minute: some were not told", c[0], c[1], perMin)
			}
		}
	}
}

// beside makes the courses of so many products, of which one joins each few minutes with a share
// of its own between a half and three times that of all, each of which changes by a factor after
// an hour; with how long after that the step is told, and how many were told before.
func beside(seed uint64, products, perMin int, join time.Duration, factor float64) (wait time.Duration, before int) {
	rng := rand.New(rand.NewPCG(seed, 13))
	list := make([]Course, products)
	shares := make([]float64, products)
	for i := range list {
		list[i].ID, shares[i] = string(rune('a'+i)), 0.02*math.Pow(6, rng.Float64())
	}
	const change = 60
	for n := range change + 120 {
		at := propertyStart.Add(time.Duration(n) * time.Minute)
		for i := range list {
			m := Minute{At: at}
			for range perMin {
				if m.Tries++; rng.Float64() < shares[i]*map[bool]float64{false: 1, true: factor}[n >= change] {
					m.Failures++
				}
			}
			if at.Sub(propertyStart) >= time.Duration(i)*join {
				list[i].Minutes = append(list[i].Minutes, m)
			}
		}
		s, _, ok := Step(list[:min(products, 1+n/max(1, int(join/time.Minute)))], Began{propertyStart, time.Minute})
		switch {
		case ok && n < change:
			before++
		case ok && s.Worse() == (factor > 1):
			return time.Duration(n-change+1) * time.Minute, before
		}
	}
	return 2 * time.Hour, before
}

// TestAStepBesideJoins: what joins with another share is no step, and a step of all is told beside it,
// of 3, 14 and 40 products with 60 tries a minute together, and of 3 with 6.
func TestAStepBesideJoins(t *testing.T) {
	n := longtest.Seeds(5, 20)
	for _, c := range []struct {
		products, perMin int
		join             time.Duration
		factor           float64
		most             time.Duration
	}{{3, 20, 15 * time.Minute, 2, 20 * time.Minute}, {14, 4, 4 * time.Minute, 2, 20 * time.Minute}, {40, 2, time.Minute, 2, 25 * time.Minute}, {14, 4, 4 * time.Minute, 0.4, 40 * time.Minute}, {3, 2, 15 * time.Minute, 5, time.Hour}} {
		var waits []time.Duration
		wrong := 0
		for seed := range uint64(n) {
			wait, before := beside(seed, c.products, c.perMin, c.join, c.factor)
			waits, wrong = append(waits, wait), wrong+index(before > 0)
		}
		slices.Sort(waits)
		t.Logf("%2d products of %2d tries a minute, times %.1f: median %s, worst %s, false before in %d of %d", c.products, c.perMin, c.factor, waits[n/2], waits[n-1], wrong, n)
		if waits[n/2] > c.most || wrong > 1+n/10 {
			t.Errorf("%+v: median %s, false in %d of %d", c, waits[n/2], wrong, n)
		}
	}
}

// BenchmarkStep is what an open incident asks for at each look.
func BenchmarkStep(b *testing.B) {
	p := newPooled(1, 60)
	for range 360 {
		p.add(0.04)
	}
	list := []Course{{ID: "p", Minutes: p.minutes}}
	for b.Loop() {
		Step(list, Began{propertyStart, time.Minute})
	}
}

// TestTheStatisticHasABound: what saves the work where nothing changed is never less than what it
// stands for, of products that join at any time with any shares, and is mostly enough.
func TestTheStatisticHasABound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	spared := 0
	const runs = 200
	for n := range runs {
		list := make([]Course, 1+rng.IntN(4))
		for i := range list {
			share, later, join := math.Pow(rng.Float64(), 3), math.Pow(rng.Float64(), 3), rng.IntN(40)
			if n%2 == 0 {
				later = share
			}
			for k := join; k < 60; k++ {
				m := Minute{At: propertyStart.Add(time.Duration(k) * time.Minute)}
				for range rng.IntN(20) {
					m.Tries++
					m.Failures += index(rng.Float64() < map[bool]float64{false: share, true: later}[k > 45])
				}
				list[i].Minutes = append(list[i].Minutes, m)
			}
		}
		var all [][]Minute
		for _, c := range list {
			all = append(all, c.Minutes)
		}
		minutes, strata, flat := Pool(all...), strataOf(list), 1+2*rng.Float64()
		most := statisticAtMost(minutes, strata, Began{propertyStart, time.Minute}, flat)
		for _, by := range []*factors{&rises, &falls} {
			is := overInstants(minutes, strata, Began{propertyStart, time.Minute}, func(at time.Time, weight float64) float64 {
				_, l := stepAt(strata, at, by, flat)
				return l * weight
			})
			if is > most*(1+1e-9) {
				t.Errorf("run %d: the statistic is %g, its bound %g", n, is, most)
			}
		}
		spared += index(n%2 == 0 && most < stepMinutes)
	}
	if spared < runs/4 {
		t.Errorf("of %d courses without a change %d are seen to be without one", runs/2, spared)
	}
}
