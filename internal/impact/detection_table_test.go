package impact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// The table holds the mean delay until the detector sees that all checks of a
// product fail with share p1, beside the oracle: the CUSUM that knows p0 and
// p1, with its threshold at the same budget of one false alarm in 30 days
// (Moustakides 1986: no test is quicker in the worst case). Probes come every
// 10 s from each check, evenly spread; both begin with an empty memory. The
// detector knows p0 from two weeks of results only, and so little of how failures
// follow each other that it has to allow for more of that than there is: where it is
// later than 1.3 times the oracle, that is compared which takes as much for usual.

const tableInterval = 10.0 // seconds

// learntProduct returns a tracker of n checks that has learnt its baseline
// from two weeks of results with share p0, in bursts of a mean length, and the
// same with the true baseline.
func learntProduct(n int, p0, burst float64, rng *rand.Rand) (ours, truth *Tracker) {
	ours, truth = homogeneous(n, p0), homogeneous(n, p0)
	again := 1 - 1/burst
	if burst == 1 {
		again = p0
	}
	first := p0 * (1 - again) / (1 - p0)
	results := int(14 * 86400 / tableInterval)
	for i := range ours.now.Streams {
		s := &ours.now.Streams[i]
		prev := false
		for k := range results {
			p := first
			if prev {
				p = again
			}
			now := rng.Float64() < p
			s.Fail.add(1, float64(index(now)), float64(index(now && prev)))
			prev = now
			if k%int(600/tableInterval) == 0 {
				s.Fail.forget()
			}
		}
		s.ratiosAnew()
		truth.now.Streams[i].fail = newRatios(failing, p0, again)
	}
	ours.threshold()
	return ours, truth
}

// delay returns the seconds until ours sees that all checks fail with share p1.
func (t *Tracker) delay(p1 float64, rng *rand.Rand) float64 {
	d, m := &t.design, &t.now
	m.clear()
	n := len(d.streams)
	prev := make([]bool, n)
	for k := 0; ; k++ {
		i := k % n
		bad := rng.Float64() < p1
		m.weigh(d, i, failing, &m.Streams[i].fail.of[index(prev[i])][index(bad)])
		prev[i] = bad
		if m.Total >= d.alarm {
			return float64(k+1) * tableInterval / float64(n)
		}
	}
}

// falseAlarms returns how many false alarms ours makes in 30 days, by a change
// of measure: see measureOvershoot. The true baseline gives the weights.
func falseAlarms(ours, truth *Tracker, runs int, rng *rand.Rand) float64 {
	d, m, m0 := &ours.design, &ours.now, &truth.now
	n := len(d.streams)
	sum := 0.0
	for range runs {
		m.clear()
		m0.clear()
		x, sc := rng.Float64(), 0
		for ; sc < len(d.scopes)-1 && x > d.scopes[sc].weight; sc++ {
			x -= d.scopes[sc].weight
		}
		rate := rates[failing][rng.IntN(rateCount)]
		hit := make([]bool, n)
		for _, i := range d.scopes[sc].members {
			hit[i] = true
		}
		prev := make([]bool, n)
		start := 200 + rng.IntN(200)
		k := 0
		for ; m.Total < d.alarm && k < 2_000_000; k++ {
			i := k % n
			r := m0.Streams[i].fail
			p := r.first
			if prev[i] {
				p = r.again
			}
			if hit[i] && k >= start {
				p = max(p, 1-(1-r.share)*(1-rate))
			}
			bad := rng.Float64() < p
			m.weigh(d, i, failing, &m.Streams[i].fail.of[index(prev[i])][index(bad)])
			m0.weigh(d, i, failing, &r.of[index(prev[i])][index(bad)])
			prev[i] = bad
		}
		m0.exact(d)
		if m.Total >= d.alarm {
			sum += 1 / (m0.Total / machineWeight[failing])
		}
	}
	return 30 * d.perDay * sum / float64(runs)
}

// oracle returns the mean delay in seconds of the CUSUM that knows both shares, and takes a failure after one for as likely as
// again: p0, where it knows that they do not follow each other.
func oracle(n int, p0, again, p1 float64, runs int, rng *rand.Rand) float64 {
	q := min(p1, 0.999)
	want := 30 * 86400 / tableInterval * float64(n)
	// walk weighs results of which a share p fails until stop; odds are the true ones of what it saw.
	walk := func(p float64, stop func(s float64) bool) (s, odds float64, k int) {
		prev := make([]bool, n)
		for {
			i, usual := k%n, p0
			if prev[i] {
				usual = again
			}
			k++
			if prev[i] = rng.Float64() < p; prev[i] {
				s, odds = max(0, s)+math.Log(q/usual), odds+math.Log(q/p0)
			} else {
				s, odds = max(0, s)+math.Log((1-q)/(1-usual)), odds+math.Log((1-q)/(1-p0))
			}
			if stop(s) {
				return s, odds, k
			}
		}
	}
	// E0[cycle]/P0(cross), the latter by importance sampling (Siegmund 1985).
	arl := func(h float64) float64 {
		var cycle, cross float64
		ends := func(s float64) bool { return s <= 0 || s >= h }
		for range 4000 {
			_, _, k := walk(p0, ends)
			cycle += float64(k)
			if s, odds, _ := walk(q, ends); s >= h {
				cross += math.Exp(-odds)
			}
		}
		return cycle / cross
	}
	low, high := 1.0, 25.0
	for range 12 {
		if mid := (low + high) / 2; arl(mid) >= want {
			high = mid
		} else {
			low = mid
		}
	}
	sum := 0
	for range runs {
		_, _, k := walk(p1, func(s float64) bool { return s >= high })
		sum += k
	}
	return float64(sum) / float64(runs) * tableInterval / float64(n)
}

const tableEnv = "STATUSBOT_DETECTION_TABLE" // full: print the whole table

func TestDetectionTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	full := os.Getenv(tableEnv) == "full"
	runs, shares := 400, []float64{0.05, 0.2}
	counts := []int{1, 5}
	if full {
		runs, shares, counts = 2000, []float64{0.02, 0.05, 0.1, 0.2, 0.5, 1}, []int{1, 5, 20}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%-6s %3s %6s  %s\n", "p0", "n", "FA/30d", "mean delay ours / oracle = ratio, by p1")
	for _, p0 := range []float64{0.001, 0.005} {
		for _, n := range counts {
			fa := 0.0
			const products = 8
			for range products { // each has learnt from results of its own
				ours, truth := learntProduct(n, p0, 1, rng)
				fa += falseAlarms(ours, truth, runs/4, rng) / products
			}
			fmt.Fprintf(&out, "%-6g %3d %6.2f ", p0, n, fa)
			if fa > 1.1 {
				t.Errorf("p0 %g, %d checks: %.2f false alarms in 30 days, want at most 1", p0, n, fa)
			}
			for _, p1 := range shares {
				sum, again := 0.0, 0.0
				for range products {
					ours, _ := learntProduct(n, p0, 1, rng)
					again += ours.now.Streams[0].fail.again / products
					for range runs / products {
						sum += ours.delay(p1, rng)
					}
				}
				got, bound := sum/float64(runs/products*products), oracle(n, p0, p0, p1, runs, rng)
				fmt.Fprintf(&out, " %3.0f%%: %s/%s=%.2f", 100*p1, short(got), short(bound), got/bound)
				late := func() bool { return got > 1.3*bound*1.06 && got > bound+1.06*tableInterval/float64(n) } // 6 %: the noise of so many runs
				if late() {
					bound = oracle(n, p0, again, p1, runs, rng)
					fmt.Fprintf(&out, " (%s if %.2g follow)", short(bound), again)
				}
				if late() {
					t.Errorf("p0 %g, %d checks, p1 %g: mean delay %s, more than 1.3 times the oracle's %s", p0, n, p1, short(got), short(bound))
				}
			}
			out.WriteByte('\n')
		}
	}
	// With bursts the chain must hold the budget.
	for _, burst := range []float64{1.5, 2, 3} {
		fa := 0.0
		const products = 8
		for range products {
			ours, truth := learntProduct(5, 0.001, burst, rng)
			fa += falseAlarms(ours, truth, runs/4, rng) / products
		}
		fmt.Fprintf(&out, "0.001    5 %6.2f  bursts of mean length %g\n", fa, burst)
		if fa > 2 {
			t.Errorf("bursts of mean length %g: %.2f false alarms in 30 days, want at most 2", burst, fa)
		}
	}
	if full {
		fmt.Print(out.String())
	} else {
		t.Log("\n" + out.String())
	}
}

// TestACompanyKnowsThatFailuresDoNotFollowEachOther: of one check of which half fails two failures in a row are not enough, for
// of the 75 failures that it has shown none followed another, which one in seventy may. A hundred checks that show as
// much rule that out.
func TestACompanyKnowsThatFailuresDoNotFollowEachOther(t *testing.T) {
	const p0, runs, each = 0.001, 6, 300
	mean := func(others int) (half, all float64) {
		rng := rand.New(rand.NewPCG(3, 5))
		var company Follows
		for range others {
			o, _ := learntProduct(1, p0, 1, rng)
			company.Add(o)
		}
		for range runs {
			ours, _ := learntProduct(1, p0, 1, rng)
			f := company
			f.Add(ours)
			ours.Follow(f)
			for range each {
				half, all = half+ours.delay(0.5, rng)/(runs*each), all+ours.delay(1, rng)/(runs*each)
			}
		}
		return half, all
	}
	alone, allAlone := mean(0)
	beside, allBeside := mean(99)
	bound := oracle(1, p0, p0, 0.5, 2000, rand.New(rand.NewPCG(3, 6)))
	t.Logf("half fails: %s alone, %s beside 99 checks, %s of a test that knows it; all fail: %s, %s", short(alone), short(beside), short(bound), short(allAlone), short(allBeside))
	if beside > 1.3*bound || allBeside > 25 {
		t.Errorf("beside 99 checks half of a check is told after %s, all of it after %s", short(beside), short(allBeside))
	}
}

func short(s float64) string {
	switch d := time.Duration(s * float64(time.Second)); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", s)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0fs", s)
	case d < time.Hour:
		return fmt.Sprintf("%.1fm", s/60)
	default:
		return fmt.Sprintf("%.1fh", s/3600)
	}
}
