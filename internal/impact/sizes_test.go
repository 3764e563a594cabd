package impact

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSizesAreALikelihood: while all is as usual the ratios are one on average, which is what the budget of
// false alarms rests on, and what is over, but not slow, speaks for no slowness however often it comes.
func TestSizesAreALikelihood(t *testing.T) {
	for _, share := range []float64{0.045, 0.1, 0.3} {
		for over := range sizeSteps {
			for far := range sizeSteps {
				r := newRatios(slowing, share, share)
				of, o, f := r.bySize(sizeLevel{uint8(over), uint8(far)})[1], sizeSteps[over], sizeSteps[far]
				for i := range rateCount {
					mean := (1-r.again)*((1-o)*of[sizeUsual][i]+o*of[sizeOver][i]) + r.again*((1-f)*of[sizeSlow][i]+f*of[sizeFar][i])
					if math.Abs(mean-1) > 1e-9 || of[sizeOver][i] > 1+1e-9 {
						t.Errorf("slow %.3f, over %.2f, far %.2f, rate %.2f: the mean is %.6f, an answer that is over counts %.3f times", share, o, f, rates[slowing][i], mean, of[sizeOver][i])
					}
				}
			}
		}
	}
}

// TestWhatWaitsKeepsItsSizes, in the small form and in the large one.
func TestWhatWaitsKeepsItsSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for _, most := range []uint16{10, math.MaxUint8, math.MaxUint8 + 1, math.MaxUint16} {
		var l pendings
		var want [pendingCells]pending
		for range 50 {
			n := func() uint16 { return uint16(rng.IntN(int(most) + 1)) }
			p := pending{cell: 2_900_000 + uint32(rng.IntN(1000)), N: most, SlowN: n(), Slow: n()}
			for k := range latelyMost {
				p.Late.N[k] = n()
				for _, c := range []*[latelyMost]uint16{&p.Late.Bad, &p.Late.Over, &p.Late.Far} {
					c[k] = uint16(rng.IntN(int(p.Late.N[k]) + 1))
				}
			}
			i := rng.IntN(pendingCells)
			want[i] = p
			l.put(i, p)
			if got := l.all(); got != want {
				t.Fatalf("counts up to %d: %v, want %v", most, got, want)
			}
		}
	}
}

// TestTenTimesSlowerIsToldAsSoonAsFailing of one check with some hours of history.
func TestTenTimesSlowerIsToldAsSoonAsFailing(t *testing.T) {
	for seed := range uint64(3) {
		failing, slower := toldAfter(1, 1, 30, 0, 0.2, seed), toldAfter(1, 1, 30, 10, 0.2, seed)
		if slower <= 0 || slower > failing {
			t.Errorf("seed %d: failing is told after %d results, ten times slower after %d", seed, failing, slower)
		}
	}
}

// TestSizesAreKnownByState: of a check whose level wanders, answers are over more often while a run of slow ones lasts, and
// far; then they say less. Of one of which nothing is known, and of a state that an older version kept without them, the
// prior is taken.
func TestSizesAreKnownByState(t *testing.T) {
	of := func(l lately) (over, far [latelyMost]float64) {
		for i, x := range l.sizes(l.again(0.045)) {
			over[i], far[i] = sizeSteps[x.over], sizeSteps[x.far]
		}
		return over, far
	}
	runs := lately{N: [latelyMost]float32{1000, 400, 200}, Bad: [latelyMost]float32{30, 40, 80}, Over: [latelyMost]float32{250, 150, 90}, Far: [latelyMost]float32{5, 16, 50}}
	if over, far := of(runs); over != [latelyMost]float64{0.3, 0.5, 1} || far != [latelyMost]float64{0.3, 0.5, 1} {
		t.Errorf("of a check that wanders %v of what is not slow is over, and %v of what is slow far", over, far)
	}
	if over, far := of(lately{}); over != [latelyMost]float64{0.3, 0.3, 0.3} || far != [latelyMost]float64{0.3, 0.3, 0.3} {
		t.Errorf("of a new check %v and %v are taken, want .3", over, far)
	}
	older := lately{N: [latelyMost]float32{1000, 400, 200}, Bad: [latelyMost]float32{30, 40, 80}}
	older.sized()
	if over, far := of(older); over[0] < 0.3 || far[0] < 0.3 {
		t.Errorf("of what an older version kept %v and %v are taken, want .3 at least", over, far)
	}
}
