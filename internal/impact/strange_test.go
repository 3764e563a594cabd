package impact_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

const skyDay = 24 * time.Hour

// strangeSkies are weather that was written down after the rules were, with what is allowed of
// each at present: what comes back is told once in the company.
var strangeSkies = []sky{
	{name: "deploys", most: 1, shown: 0.01, odd: odd{more: deploys}},
	{name: "network", most: 1, shown: 0.01, odd: odd{more: network}},
	{name: "launch", most: 1, shown: 0.01, odd: odd{more: launch}},
	{name: "growth", most: 1, shown: 0.01, odd: odd{more: growth}},
	{name: "cache", most: 1, shown: 0.01, odd: odd{burden: 0.08}},
	{name: "flaky", most: 1, shown: 0.01, odd: odd{more: flaky}},
	{name: "interval", most: 1, shown: 0.01, odd: odd{anew: interval}},
	{name: "new checks", most: 1, shown: 0.01, odd: odd{anew: newChecks}},
	{name: "rare", most: 1, shown: 0.01, odd: odd{every: 5 * time.Minute}},
	{name: "rare season", season: 0.6, drift: 0.4, most: 1, shown: 0.01, odd: odd{every: 5 * time.Minute, gusts: 0.1}},
	{name: "weekly", most: 1.2, shown: 0.01, odd: odd{more: weekly}},
	{name: "summertime", season: 0.6, most: 1, shown: 0.01, odd: odd{more: summertime}},
	{name: "gusts", most: 1.2, shown: 0.01, odd: odd{gusts: 0.2}},
}

// launch doubles the traffic of a product on a day: answers a fifth slower, failures half more often.
func launch(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	if day := at / skyDay; i < 4 && day == 12 {
		return 1.5, 1.2, 0
	}
	return 1, 1, 0
}

// deploys take a minute and a half on two working days of three, in which a product's answers take twice as long and one in 30 fails.
func deploys(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	day, p := int(at/skyDay), i/4
	start := time.Duration(day)*skyDay + 9*time.Hour + time.Duration((day*7919+p*104729)%480)*time.Minute
	if day%7 < 5 && (day+p)%3 > 0 && at >= start && at < start+90*time.Second {
		return 1, 2, 0.033
	}
	return 1, 1, 0
}

// weekly is a batch on Sundays, from three to five.
func weekly(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	if h := (at % skyDay).Hours(); i < 4 && int(at/skyDay)%7 == 6 && h >= 3 && h < 5 {
		return 1, 3, 0.05
	}
	return 1, 1, 0
}

// summertime has a peak of an hour each morning, sooner by an hour from the 15th day on.
func summertime(_ *world, at time.Duration, _ int) (fails, slower, extra float64) {
	h := (at % skyDay).Hours()
	if at >= 15*skyDay {
		h++
	}
	if h >= 8 && h < 9 {
		return 2, 1.6, 0
	}
	return 1, 1, 0
}

// growth is of the failures by 3 % a day, of the answers by 1 %.
func growth(_ *world, at time.Duration, _ int) (fails, slower, extra float64) {
	d := at.Hours() / 24
	return math.Pow(1.03, d), math.Pow(1.01, d), 0
}

// network has a stall of both places every other day, for 5 to 25 seconds.
func network(_ *world, at time.Duration, _ int) (fails, slower, extra float64) {
	day := int(at / skyDay)
	start := time.Duration(day)*skyDay + time.Duration((day*7919)%86400)*time.Second
	if day%2 == 0 && at >= start && at < start+time.Duration(5+day%20)*time.Second {
		return 1, 1, 1
	}
	return 1, 1, 0
}

// flaky has a check that always fails 2 %.
func flaky(_ *world, _ time.Duration, i int) (fails, slower, extra float64) {
	if i == 0 {
		return 1, 1, 0.02
	}
	return 1, 1, 0
}

// interval is that of all checks, changed to 2 minutes on the 8th day and back on the 16th.
func interval(w *world, day int) bool {
	if day != 8 && day != 16 {
		return false
	}
	for i := range w.def.Checks {
		w.def.Checks[i].Every = map[int]time.Duration{8: 2 * time.Minute, 16: skyEvery}[day]
	}
	return true
}

// newChecks has one more check of the first product each day.
func newChecks(w *world, day int) bool {
	if day == 0 {
		return false
	}
	c := w.def.Checks[0]
	c.ID = fmt.Sprint("p0/new", day)
	w.def.Checks = append(slices.Clip(w.def.Checks), checks.Check{ID: c.ID, Product: c.Product, Every: c.Every, Timeout: c.Timeout, Uses: []string{"edge"}})
	n := w.checks[w.rng.IntN(16)]
	n.failed, n.median, n.offset = false, 0.03*math.Exp(w.rng.Float64()*2.5), time.Duration(w.rng.Int64N(int64(skyEvery)))
	w.checks = append(w.checks, n)
	return true
}

// TestStrangeWeather counts what is told of a healthy company in weather that nothing was chosen
// on, in the long form in the first of it; STATUSBOT_SEEDS=4 has it go through all of it with so many seeds.
func TestStrangeWeather(t *testing.T) {
	tried := strangeSkies[:longtest.Of(0, 1)]
	if os.Getenv("STATUSBOT_SEEDS") != "" {
		tried = strangeSkies
	}
	for _, s := range tried {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			quiet(t, s, 30, longtest.Seeds(1, 1))
		})
	}
}
