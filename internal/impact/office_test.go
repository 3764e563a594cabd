package impact_test

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// officeSkies are weather of an ordinary company, written down after all others: nobody is hurt
// by it, or so shortly that nobody does anything.
var officeSkies = []sky{
	{name: "names", most: 1, shown: 0.01, odd: odd{more: names}},
	{name: "scaler", most: 1, shown: 0.01, odd: odd{more: scaler}},
	{name: "rolling", most: 1.2, shown: 0.01, odd: odd{more: rolling}},
	{name: "line", most: 1, shown: 0.01, odd: odd{more: line}},
	{name: "reload", most: 1, shown: 0.01, odd: odd{more: reload}},
	{name: "holidays", season: 0.5, most: 1, shown: 0.01, odd: odd{more: holidays}},
	{name: "train", most: 1, shown: 0.01, odd: odd{more: train}},
	{name: "three intervals", season: 0.5, most: 1, shown: 0.01, odd: odd{anew: threeIntervals}},
	{name: "one rare check", most: 1, shown: 0.01, odd: odd{anew: oneRareCheck}},
	{name: "load test", most: 1.5, shown: 0.01, odd: odd{more: loadTest}},
	{name: "cut off", season: 0.5, blips: 2, most: 1, shown: 0.01, odd: odd{cut: cutOff}},
}

// mixed is a number under most that nothing tells from chance (the last step of SplitMix64).
func mixed(most int, of ...int) int {
	z := uint64(0)
	for _, n := range of {
		z += uint64(n) + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
	}
	return int(z % uint64(most))
}

// within reports whether an instant is less than a span after another.
func within(at, begin, span time.Duration) bool { return at >= begin && at < begin+span }

// names has the resolver gone for two seconds some seconds after each full hour, when everybody's cron asks it.
func names(_ *world, at time.Duration, _ int) (fails, slower, extra float64) {
	hour := at.Truncate(time.Hour)
	if within(at, hour+time.Duration(mixed(20, int(at/time.Hour)))*time.Second, 2*time.Second) {
		return 1, 1, 1
	}
	return 1, 1, 0
}

// scaler has two products answer 30 % slower for four minutes, 20 times a day, until another machine is there.
func scaler(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	const each = skyDay / 20
	begin := at.Truncate(each) + time.Duration(mixed(68, int(at/each), i/4))*time.Minute
	if i < 8 && within(at, begin, 4*time.Minute) {
		return 1, 1.3, 0
	}
	return 1, 1, 0
}

// rolling is a deploy of each product on two working days of three, machine by machine: 3 % fail for three minutes.
func rolling(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	day, p := int(at/skyDay), i/4
	begin := at.Truncate(skyDay) + 9*time.Hour + time.Duration(mixed(480, day, p))*time.Minute
	if day%7 < 5 && mixed(3, day, p, 1) > 0 && within(at, begin, 3*time.Minute) {
		return 1, 1, 0.03
	}
	return 1, 1, 0
}

// line has one of our places on a line that loses 1 % always and 4 % from eight to eleven each night, answers half as much later
// then, and is gone for a minute each night, a little later each time.
func line(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	if i%2 == 0 {
		return 1, 1, 0
	}
	h := (at % skyDay).Hours()
	switch day := at / skyDay; {
	case within(at%skyDay, 4*time.Hour+day*time.Minute, time.Minute):
		return 1, 1, 1
	case h >= 20 && h < 23:
		return 1, 1.5, 0.04
	}
	return 1, 1, 0.01
}

// reload is what stands in front of two products taking in a new certificate, each twelve days at night: for 20 s half of what comes is refused, and
// for ten minutes all hands shake anew, a quarter slower.
func reload(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	p := i / 8
	day := int(at/skyDay) + 5*p
	begin := at.Truncate(skyDay) + 3*time.Hour + time.Duration(mixed(120, day, p))*time.Minute
	switch {
	case day%12 != 3:
	case within(at, begin, 20*time.Second):
		return 1, 1.25, 0.5
	case within(at, begin, 10*time.Minute):
		return 1, 1.25, 0
	}
	return 1, 1, 0
}

// holidays are two days, the tenth and the eleventh, and a bridge to the week's end: in the daytime a third of the failures and answers up to a fifth
// faster. On the working day after them everybody is back at once: half more failures and up to a quarter slower.
func holidays(_ *world, at time.Duration, _ int) (fails, slower, extra float64) {
	bright := math.Sin(math.Pi * max((at%skyDay).Hours()-6, 0) / 18)
	switch day := at / skyDay; {
	case day >= 9 && day < 14:
		return 1 - 0.66*bright, 1 - 0.2*bright, 0
	case day == 14:
		return 1 + 0.5*bright, 1 + 0.25*bright, 0
	}
	return 1, 1, 0
}

// train is a release each Tuesday at ten, after which everything is 15 % slower for good.
func train(_ *world, at time.Duration, _ int) (fails, slower, extra float64) {
	slower = 1
	for begin := skyDay + 10*time.Hour; begin <= at; begin += 7 * skyDay {
		slower *= 1.15
	}
	return 1, slower, 0
}

// threeIntervals are those of the checks of each product: two of 30 s, one of two and one of ten minutes.
func threeIntervals(w *world, day int) bool {
	if day > 0 {
		return false
	}
	for i := range w.def.Checks {
		w.def.Checks[i].Every = []time.Duration{skyEvery, 2 * time.Minute, 10 * time.Minute, skyEvery}[i%4]
	}
	return true
}

// oneRareCheck is all that each product has, every 15 minutes.
func oneRareCheck(w *world, day int) bool {
	if day > 0 {
		return false
	}
	all, natures := w.def.Checks, w.checks
	w.def.Checks, w.checks = nil, nil
	for i := 0; i < len(all); i += 4 {
		all[i].Every = 15 * time.Minute
		natures[i].offset = time.Duration(w.rng.Int64N(int64(all[i].Every)))
		w.def.Checks, w.checks = append(w.def.Checks, all[i]), append(w.checks, natures[i])
	}
	return true
}

// loadTest is of two products for half an hour each Monday: three times as slow, and 3 % fail.
func loadTest(_ *world, at time.Duration, i int) (fails, slower, extra float64) {
	day := int(at / skyDay)
	if i < 8 && day%7 == 0 && within(at%skyDay, 10*time.Hour+time.Duration(mixed(20, day))*time.Minute, 30*time.Minute) {
		return 1, 3, 0.03
	}
	return 1, 1, 0
}

// cutOff is the second place, for 20 minutes on three days of four.
func cutOff(at time.Duration, i int) bool {
	day := int(at / skyDay)
	return i%2 == 1 && mixed(4, day) > 0 && within(at%skyDay, time.Duration(mixed(1400, day, 7))*time.Minute, 20*time.Minute)
}

// TestOfficeWeather counts what is told of a healthy company in such weather: in the small form in eight days of
// a resolver that is gone now and then, in the long form in 30 of two; STATUSBOT_SEEDS=3 has it go through all of it with so many seeds.
func TestOfficeWeather(t *testing.T) {
	tried, days := officeSkies[:longtest.Of(1, 2)], longtest.Of(8, 30)
	if os.Getenv("STATUSBOT_SEEDS") != "" {
		tried, days = officeSkies, 30
	}
	for _, s := range tried {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			quiet(t, s, days, longtest.Seeds(1, 1))
		})
	}
}
