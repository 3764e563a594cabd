package impact

import (
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
	s, ok := Step(p.minutes)
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

// TestARateThatStaysIsNoStep: over 24 h there is less than one false step.
func TestARateThatStaysIsNoStep(t *testing.T) {
	n := longtest.Seeds(1, 4)
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
			if float64(worse) > float64(n)/2+1 || float64(better) > float64(n)/2+1 {
				t.Errorf("%d false worse and %d false better in %d days", worse, better, n)
			}
		}
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
