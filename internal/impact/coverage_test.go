package impact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// A fault with everything that decides how well its intervals can be known.
type faultKind struct {
	name   string
	checks int
	every  time.Duration
	share  float64
	again  float64 // share that fails right after a failure; share itself where it is by chance
	slower float64 // instead of failing: the factor
	hit    int     // checks that are hit; 0 for all
}

var faultKinds = []faultKind{
	{name: "2 % of 5 checks", checks: 5, every: 10 * time.Second, share: 0.02, again: 0.02},
	{name: "5 % of one check", checks: 1, every: 10 * time.Second, share: 0.05, again: 0.05},
	{name: "5 % of 5 checks", checks: 5, every: 30 * time.Second, share: 0.05, again: 0.05},
	{name: "8 % of 20 checks", checks: 20, every: 30 * time.Second, share: 0.08, again: 0.08},
	{name: "8 % of 5 checks in bursts", checks: 5, every: 30 * time.Second, share: 0.08, again: 0.4},
	{name: "20 % of 5 checks", checks: 5, every: 30 * time.Second, share: 0.2, again: 0.2},
	{name: "50 % of 3 of 20 checks", checks: 20, every: 30 * time.Second, share: 0.5, again: 0.5, hit: 3},
	{name: "all of one check", checks: 1, every: 30 * time.Second, share: 1, again: 1},
	{name: "all of 5 checks", checks: 5, every: 30 * time.Second, share: 1, again: 1},
	{name: "1.6 times slower", checks: 5, every: 30 * time.Second, slower: 1.6},
}

// covered is how many of the intervals of a kind hold what is true: of the onset, of
// the share at once and an hour later, and of the end.
type covered struct{ runs, onset, early, later, ended, end int }

// hold reports whether so many per cent of each do.
func (c covered) hold(least int) bool {
	n := least * c.runs
	return c.ended > 0 && 100*c.onset >= n && 100*c.early >= n && 100*c.later >= n && 100*c.end >= least*c.ended
}

func (k faultKind) run(seed uint64, c *covered) {
	rng := rand.New(rand.NewPCG(seed, 21))
	list := []checks.Check{}
	for i := range k.checks {
		list = append(list, checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: k.every})
	}
	tr := NewTracker(Config{}, list)
	failed := make([]bool, k.checks)
	n := 0
	at := propertyStart
	hit := k.hit
	if hit == 0 {
		hit = k.checks
	}
	step := func(on bool) {
		i := n % k.checks
		n++
		at = propertyStart.Add(time.Duration(n) * k.every / time.Duration(k.checks))
		p, again, took := 0.001, 0.1, 100*math.Exp(0.2*rng.NormFloat64())
		if on && i < hit && k.slower == 0 {
			again = k.again
			p = 1
			if k.share < 1 {
				p = k.share * (1 - again) / (1 - k.share)
			}
		} else if on && k.slower > 0 {
			took *= k.slower
		}
		if failed[i] {
			p = again
		}
		failed[i] = rng.Float64() < p
		d := time.Duration(took * 1e6)
		r := checks.Result{Check: list[i].ID, Vantage: "v", Outcome: checks.Pass, Started: at.Add(-d), Duration: d}
		if failed[i] {
			r.Outcome = checks.Fail
		}
		tr.Apply(r, true)
	}
	perHour := int(time.Hour/k.every) * k.checks
	quiet := 3 * perHour
	if k.slower > 0 {
		quiet = 26 * perHour
	}
	for range quiet + rng.IntN(perHour) {
		step(false)
	}
	start := at
	for range 12 * perHour {
		if step(true); tr.Trouble().On {
			break
		}
	}
	if !tr.Trouble().On || tr.Trouble().Onset.Before(start.Add(-6*time.Hour)) {
		return
	}
	im := tr.At(at)
	c.runs++
	first := start.Add(k.every / time.Duration(k.checks)) // the first result that it could show in
	c.onset += index(!first.Before(im.OnsetLow) && !start.After(im.OnsetHigh))
	truth := k.share*float64(hit)/float64(k.checks) + 0.001*float64(k.checks-hit)/float64(k.checks)
	holds := func() int {
		low, high := tr.At(at).ShareInterval()
		return index(k.slower > 0 || low <= truth+1e-9 && truth <= high+1e-9) // what a factor makes of a share is not known here
	}
	c.early += holds()
	for range perHour {
		step(true)
	}
	c.later += holds()
	was := tr.At(at).Level
	repair := at.Add(k.every / time.Duration(k.checks))
	for range 48 * perHour {
		if step(false); !tr.Trouble().On {
			break
		}
	}
	ended := tr.At(at)
	if _, late := ended.Ended(was); !late.IsZero() {
		c.ended++
		c.end += index(!ended.Proof.EndedLow.After(repair) && !late.Before(repair))
	}
}

// TestIntervalsHoldWhatIsTrue: of the onset, of the share when the trouble is told
// and an hour later, and of the end.
func TestIntervalsHoldWhatIsTrue(t *testing.T) {
	runs, least := longtest.Seeds(2, 40), longtest.Of(85, 95)
	var all covered
	for _, k := range faultKinds[:longtest.Of(len(faultKinds)-1, len(faultKinds))] { // slowness needs a day to be learnt
		var c covered
		for seed := range runs {
			k.run(uint64(seed), &c)
		}
		t.Logf("%-25s %d runs: onset %d, share at once %d, an hour later %d; end %d of %d", k.name, c.runs, c.onset, c.early, c.later, c.end, c.ended)
		all.runs, all.ended = all.runs+c.runs, all.ended+c.ended
		all.onset, all.early, all.later, all.end = all.onset+c.onset, all.early+c.early, all.later+c.later, all.end+c.end
		if runs >= 40 && !c.hold(85) { // 92 of 100 in bursts, less two standard errors of 40 runs
			t.Errorf("%s: %+v", k.name, c)
		}
	}
	if !all.hold(least) {
		t.Errorf("of all: %+v", all)
	}
}
