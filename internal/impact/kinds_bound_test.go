package impact_test

import (
	"math"
	"math/rand/v2"
)

// oracle returns the mean delay in seconds of the CUSUM that knows what each check of a product
// shows before and in the trouble, at one false alarm in 30 days (Moustakides 1986: no test is
// quicker in the worst case).
func oracle(checks []nature) float64 {
	o := knowing{checks: checks, rng: rand.New(rand.NewPCG(17, 17))}
	perResult := skyEvery.Seconds() / float64(len(checks))
	want := 30 * 86400 / perResult
	low, high := 1.0, 25.0
	for range 12 {
		if mid := (low + high) / 2; o.between(mid) >= want {
			high = mid
		} else {
			low = mid
		}
	}
	const runs = 1000
	sum := 0.0
	for range runs {
		s := 0.0
		for j := o.rng.IntN(len(checks)); s < high; j++ {
			s, sum = max(0, s)+o.step(j, true), sum+1
		}
	}
	return sum / runs * perResult
}

// knowing is the detector that knows all.
type knowing struct {
	checks []nature
	rng    *rand.Rand
}

// step is what the next result says for the trouble, in it or before it.
func (o *knowing) step(j int, trouble bool) float64 {
	n := o.checks[j%len(o.checks)]
	fails, shift := min(n.fails, 0.98), 0.0
	p := n.usual
	if trouble {
		p, shift = fails, n.slower
	}
	if o.rng.Float64() < p {
		return math.Log(fails / n.usual)
	}
	return math.Log((1-fails)/(1-n.usual)) + n.slower*(shift+o.rng.NormFloat64()) - n.slower*n.slower/2
}

// between returns the mean number of results between false alarms at a threshold: the length
// of a cycle by the chance that one crosses it, which is drawn in the trouble, where that is
// quick (Siegmund 1985).
func (o *knowing) between(threshold float64) float64 {
	const runs = 800
	cycles, crossed := 0.0, 0.0
	for range runs {
		for _, trouble := range []bool{false, true} {
			s := 0.0
			for j := o.rng.IntN(len(o.checks)); ; j++ {
				s += o.step(j, trouble)
				if !trouble {
					cycles++
				}
				if s <= 0 || s >= threshold {
					break
				}
			}
			if trouble && s >= threshold {
				crossed += math.Exp(-s)
			}
		}
	}
	return cycles / crossed
}
