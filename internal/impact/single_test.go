package impact_test

import (
	"math"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// runBound is the mean delay of the test that knows of a check that fails always how
// often it fails as a rule, and how often a failure is followed by another: it waits
// for a run of failures that comes by chance once in 30 days. A real run length
// stands for a mixture of two.
func runBound(share, again float64) time.Duration {
	firsts := 30 * 24 * float64(time.Hour/skyEvery) * share * (1 - again)
	more := math.Log(firsts) / -math.Log(again)
	return time.Duration((0.5 + max(more, 0)) * float64(skyEvery))
}

// TestOneCheckThatIsDownIsToldWhileItIs for 3 to 10 minutes, every 6 hours another
// one, under a calm sky: its neighbours at the same place pass, so that the place is
// not to blame.
func TestOneCheckThatIsDownIsToldWhileItIs(t *testing.T) {
	var seen, all, long int
	var delay, bound, blind, after, most time.Duration
	const days = 5
	for seed := range longtest.Seeds(1, 2) {
		w := newWorld(sky{}, uint64(seed)+1, days, 24*time.Hour)
		type outage struct {
			span
			check int
		}
		var outages []outage
		for at := 30 * time.Hour; at < days*24*time.Hour; at += 6 * time.Hour {
			from := at + time.Duration(w.rng.Int64N(int64(time.Hour)))
			outages = append(outages, outage{span{from, from + 3*time.Minute + time.Duration(w.rng.Int64N(int64(7*time.Minute)))}, w.rng.IntN(len(w.checks))})
		}
		w.fault = func(at time.Duration, i int) (float64, float64) {
			for _, o := range outages {
				if i == o.check && at >= o.from && at < o.to {
					return 1, 1
				}
			}
			return 0, 1
		}
		alarms := w.run(t, 24*time.Hour)
		for _, o := range outages {
			all++
			was := seen
			for _, a := range alarms {
				if a.product != w.def.Checks[o.check].Product || a.at < o.from || a.at >= o.to+time.Hour {
					continue
				}
				c := w.checks[o.check]
				if a.at >= o.to {
					t.Logf("seed %d: told %v after the onset of %v", seed+1, a.at-o.from, o.to-o.from)
					break
				}
				seen++
				delay, bound, blind = delay+a.at-o.from, bound+runBound(c.share, c.again), blind+runBound(c.share, c.share)
				after, most = after+a.ends-o.to, max(most, a.ends-o.to)
				if a.ends-o.to > 46*time.Minute {
					t.Logf("seed %d: %s at %v of %v, share %.4f, again %.2f: for %v: %s", seed+1, a.product, a.at-o.from, o.to-o.from, c.share, c.again, a.ends-o.to, a.why)
					long++
				}
				break
			}
			if seen == was {
				t.Logf("seed %d: not seen: %v from %v, share %.4f, again %.2f", seed+1, o.to-o.from, o.from, w.checks[o.check].share, w.checks[o.check].again)
			}
		}
	}
	n := time.Duration(max(seen, 1))
	t.Logf("%d of %d seen, after %v on average; %v with both chances known, %v were failures independent; told for %v after the end, %d of them for more than 46m, %v at most",
		seen, all, delay/n, bound/n, blind/n, after/n, long, most)
	if 30*seen < 29*all || delay > 2*bound || 20*long > seen {
		t.Errorf("29 of 30 are to be seen while they last, in twice the bound on average, and 19 of 20 told for 46 min more at most")
	}
}

// TestABatchIsToldOnTheFirstNights and is usual then: 40 minutes of each night in which 5 %
// fail and answers take three times as long. A fault in that window is told on the last one.
func TestABatchIsToldOnTheFirstNights(t *testing.T) {
	days, late, nights := longtest.Of(5, 20), 0, 0
	for seed := range longtest.Seeds(1, 4) {
		w := newWorld(sky{batch: true}, uint64(seed)+1, days, 24*time.Hour)
		fault := span{time.Duration(days-1)*24*time.Hour + 140*time.Minute, time.Duration(days-1)*24*time.Hour + 160*time.Minute}
		w.fault = func(at time.Duration, i int) (float64, float64) {
			if i < 4 && at >= fault.from && at < fault.to {
				return 0.5, 1
			}
			return 0, 1
		}
		seen := false
		for _, a := range w.run(t, 24*time.Hour) {
			night := int(a.at / (24 * time.Hour)) // the first one is learnt from
			switch {
			case a.product != "p0" || a.at%(24*time.Hour) < 130*time.Minute || a.at%(24*time.Hour) > 170*time.Minute:
			case a.at >= fault.from && a.at < fault.to:
				seen = true
			case night > 3:
				late++
				t.Logf("seed %d, night %d: told after %v: %s", seed+1, night, a.at%(24*time.Hour)-130*time.Minute, a.why)
			}
		}
		nights += days - 5
		if !seen {
			t.Errorf("seed %d: half of the tries fail in the window, and that is not told", seed+1)
		}
	}
	t.Logf("told on %d of %d nights after the third", late, nights)
	if 30*late > nights {
		t.Errorf("one of thirty is allowed")
	}
}
