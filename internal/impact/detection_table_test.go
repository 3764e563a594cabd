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
// detector knows p0 from two weeks of results only.

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

// oracle returns the mean delay in seconds of the CUSUM that knows both shares.
func oracle(n int, p0, p1 float64, runs int, rng *rand.Rand) float64 {
	q := min(p1, 0.999)
	up, down := math.Log(q/p0), math.Log((1-q)/(1-p0))
	want := 30 * 86400 / tableInterval * float64(n)
	// E0[cycle]/P0(cross), the latter by importance sampling (Siegmund 1985).
	arl := func(h float64) float64 {
		var cycle, cross float64
		const runs = 4000
		for range runs {
			s, k := 0.0, 0
			for {
				if rng.Float64() < p0 {
					s += up
				} else {
					s += down
				}
				if k++; s <= 0 || s >= h {
					break
				}
			}
			cycle += float64(k)
			s = 0
			for s < h {
				if rng.Float64() < q {
					s += up
				} else {
					s += down
				}
				if s <= 0 {
					break
				}
			}
			if s >= h {
				cross += math.Exp(-s)
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
	sum := 0.0
	for range runs {
		s := 0.0
		for k := 1; ; k++ {
			if rng.Float64() < p1 {
				s = max(0, s) + up
			} else {
				s = max(0, s) + down
			}
			if s >= high {
				sum += float64(k)
				break
			}
		}
	}
	return sum / float64(runs) * tableInterval / float64(n)
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
				sum := 0.0
				for b := range products {
					ours, _ := learntProduct(n, p0, 1, rng)
					for range runs / products {
						sum += ours.delay(p1, rng)
					}
					_ = b
				}
				got, bound := sum/float64(runs/products*products), oracle(n, p0, p1, runs, rng)
				fmt.Fprintf(&out, " %3.0f%%: %s/%s=%.2f", 100*p1, short(got), short(bound), got/bound)
				if got > 1.3*bound*1.06 && got > bound+1.06*tableInterval/float64(n) { // 6 %: the noise of so many runs
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
