package impact_test

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// faultKind is real trouble of one product for half an hour.
type faultKind struct {
	name          string
	fails, slower float64
	most          time.Duration // mean delay that is allowed in weather
}

var faultKinds = []faultKind{
	{"a fifth fails", 0.2, 1, 210 * time.Second},
	{"down", 1, 1, 75 * time.Second},
	{"twice as slow", 0, 2, 210 * time.Second},
}

// TestRealTroubleInWeather: what is held back, since it may be one of the short troubles that
// come back, is told all the same when it lasts: every 12 hours another product is hurt for
// half an hour, from the fourth day on.
func TestRealTroubleInWeather(t *testing.T) {
	tried := []sky{strangeSkies[1]}
	if longtest.Of(false, true) {
		tried = []sky{skies[0], skies[1], strangeSkies[0], strangeSkies[1]}
	}
	const first, each = 4 * skyDay, 12 * time.Hour
	days := longtest.Of(6, 16)
	for _, s := range tried {
		for _, k := range faultKinds[:longtest.Of(1, len(faultKinds))] {
			t.Run(s.name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				delay, seen, all := time.Duration(0), 0, 0
				for seed := range longtest.Seeds(1, 1) {
					w := newWorld(s, uint64(seed)+1, days, skyDay)
					faultAt := func(n int) time.Duration { // anywhere in the day
						return first + time.Duration(n)*each + time.Duration((n*n*7919+n*104729)%660)*time.Minute
					}
					w.fault = func(at time.Duration, i int) (float64, float64) {
						for n := int((at - first) / each); n >= 0; n = -1 {
							if from := faultAt(n); i/4 == n%4 && at >= from && at < from+30*time.Minute {
								return k.fails, k.slower
							}
						}
						return 0, 1
					}
					alarms := w.run(t, skyDay)
					for n := 0; faultAt(n)+time.Hour < time.Duration(days)*skyDay; n++ {
						from, on := faultAt(n), false
						for _, a := range alarms {
							if a.product == w.def.Products[n%4].ID && a.ends > from && a.at < from+30*time.Minute {
								on, delay = true, delay+max(a.at-from, 0)
								break
							}
						}
						if all++; on {
							seen++
						}
					}
				}
				mean := (delay / time.Duration(max(seen, 1))).Round(time.Second)
				t.Logf("%s, %s: %d of %d seen, after %v on average", s.name, k.name, seen, all, mean)
				if seen < all || mean > k.most {
					t.Errorf("all are to be seen, after %v on average", k.most)
				}
			})
		}
	}
}
