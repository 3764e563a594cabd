package impact

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

var overshootTable = flag.Bool("overshoot", false, "print the table of overshoot.go")

// homogeneous returns a tracker of n checks every 10 s whose usual failure
// share is known exactly.
func homogeneous(n int, share float64) *Tracker {
	var list []checks.Check
	for i := range n {
		list = append(list, checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: 10 * time.Second})
	}
	t := NewTracker(Config{}, list)
	for i := range t.now.Streams {
		t.now.Streams[i].fail = ratiosOf(share, share)
	}
	t.threshold()
	return t
}

// measureOvershoot estimates how far the statistic jumps past its threshold:
// the mean of threshold/statistic at the alarm, where a change of a hypothesis
// drawn by its weight began at an arbitrary time. By a change of measure, the
// mean time to a false alarm is the threshold divided by that mean (Siegmund,
// Sequential Analysis, 1985, for one hypothesis; the sum over hypotheses and
// change points is the statistic itself).
func measureOvershoot(n int, share float64, runs int, rng *rand.Rand) float64 {
	sum := 0.0
	for range runs {
		t := homogeneous(n, share)
		d, m := &t.design, &t.now
		share := m.Streams[0].fail.share // rounded
		x, sc := rng.Float64(), 0
		for ; sc < len(d.scopes)-1 && x > d.scopes[sc].weight; sc++ {
			x -= d.scopes[sc].weight
		}
		rate := rates[failing][rng.IntN(rateCount)]
		hit := map[int]bool{}
		for _, i := range d.scopes[sc].members {
			hit[i] = true
		}
		prev := make([]bool, n)
		alarm := 30 * d.perDay
		for k := 0; m.Total < alarm && k < 1_000_000; k++ {
			i := k % n
			p := share
			if hit[i] && k >= 400 {
				p = 1 - (1-share)*(1-rate)
			}
			bad := rng.Float64() < p
			m.weigh(d, i, failing, &m.Streams[i].fail.of[index(prev[i])][index(bad)])
			prev[i] = bad
		}
		m.exact(d)
		sum += alarm / m.Total
	}
	return sum / float64(runs)
}

func TestOvershoot(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	if *overshootTable {
		for _, s := range []float64{0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2} {
			fmt.Print("\t{")
			for _, n := range []int{1, 3, 5, 10, 20} {
				fmt.Printf("%.2f, ", measureOvershoot(n, s, 400, rng))
			}
			fmt.Println("},")
		}
		return
	}
	for _, c := range []struct {
		n     int
		share float64
	}{{1, 0.001}, {5, 0.001}, {20, 0.005}} {
		got, want := overshoot(c.share), measureOvershoot(c.n, c.share, 150, rng)
		if got < want/2.2 || got > 2*want {
			t.Errorf("overshoot(%g) = %.2f, with %d checks measured %.2f", c.share, got, c.n, want)
		}
	}
}
