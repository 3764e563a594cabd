package impact

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// A figure has one span: nothing that was served before the trouble makes it
// smaller, and none is called a window long that is not.
func TestAFigureHasItsTrueSpan(t *testing.T) {
	const every = 10 * time.Second
	for name, c := range map[string]struct {
		pattern string // one letter for each ten seconds: p, f
		level   Level
		tries   int
		fails   int
		from    int // number of the result from which on it counts; -1: a window ago. Of what is degraded, after it
		down    int // number of the result at which it went down; -1: it is not
	}{
		"young":                       {repeat('p', 9), OK, 9, 0, 0, -1},
		"old":                         {repeat('p', 400), OK, 60, 0, -1, -1},
		"down at once":                {repeat('p', 400) + repeat('f', 8), Outage, 8, 8, 400, 400},
		"down for long":               {repeat('p', 400) + repeat('f', 100), Outage, 60, 60, -1, 400},
		"degraded, then down":         {repeat('p', 400) + alternate("pppf", 100) + repeat('f', 20), Outage, 21, 21, 499, 499},
		"degraded since a short time": {repeat('p', 400) + alternate("fpp", 18), Degraded, 17, 5, 400, -1},
	} {
		t.Run(name, func(t *testing.T) {
			tr := NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: every}})
			var ends []time.Time
			for i, x := range c.pattern {
				r := checks.Result{Check: "c", Vantage: "v", Started: propertyStart.Add(time.Duration(i) * every), Duration: time.Millisecond, Outcome: checks.Pass}
				if x == 'f' {
					r.Outcome = checks.Fail
				}
				tr.Apply(r, true)
				ends = append(ends, r.Ended())
			}
			now := ends[len(ends)-1].Add(time.Second)
			im := tr.At(now)
			from := now.Add(-DefaultWindow)
			if c.from >= 0 {
				from = ends[c.from]
			}
			if c.level == Degraded {
				from = from.Add(time.Nanosecond)
			}
			var down time.Time
			if c.down >= 0 {
				down = ends[c.down]
			}
			if im.Level != c.level || im.Tries != c.tries || im.Failures != c.fails || !im.From.Equal(from) {
				t.Errorf("%s: %d of %d since %v, want %s: %d of %d since %v", im.Level, im.Failures, im.Tries, im.From, c.level, c.fails, c.tries, from)
			}
			if im.Down == nil != down.IsZero() || im.Down != nil && !im.Down.Since.Equal(down) {
				t.Errorf("down %+v, want since %v", im.Down, down)
			}
			if im.SinceOnset() != (c.from >= 0 && c.level.Hurt()) || im.Dead() != (c.level == Outage) {
				t.Errorf("since its onset: %t, all fails: %t", im.SinceOnset(), im.Dead())
			}
		})
	}
}

func repeat(x byte, n int) string { return alternate(string(x), n) }

func alternate(pattern string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = pattern[i%len(pattern)]
	}
	return string(out)
}

// Whichever end of a window is nearer, the counts since an instant are those of
// its results one by one.
func TestCountsSinceAnyInstant(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var w window
	of := spanOf{span: 10 * time.Minute, expect: 60}
	var latency histogram
	at := int64(time.Hour)
	for range 400 {
		at += r.Int64N(int64(5 * time.Second))
		w.add(seen{at: at, tookUS: uint32(1000 + r.IntN(1000)), outcome: code(r.IntN(4)), slow: r.IntN(9) == 0}, of)
	}
	w.expire(at, of, &latency)
	for range 300 {
		since := at - r.Int64N(int64(12*time.Minute))
		var want shortCounts
		w.allSince(since, func(s seen) { want.count(s, 1) })
		if got := w.countsSince(since); got != want {
			t.Fatalf("since %v before the end: %+v, want %+v", time.Duration(at-since), got, want)
		}
	}
}

// faulty feeds a product of n checks from a world in which one in a thousand
// fails, until it is told as hurt by a constant share.
func faulty(seed uint64, n int, every time.Duration, share float64) (tr *Tracker, feed func(float64), at *time.Time) {
	var list []checks.Check
	for i := range n {
		list = append(list, checks.Check{ID: strconv.Itoa(i), Product: "p", Every: every})
	}
	rng := rand.New(rand.NewPCG(seed, 99))
	tr, at = NewTracker(Config{}, list), new(time.Time)
	*at = propertyStart
	feed = func(share float64) {
		for i, c := range list {
			r := checks.Result{Check: c.ID, Vantage: "v", Started: at.Add(every / time.Duration(n) * time.Duration(i)), Outcome: checks.Pass}
			if rng.Float64() < share {
				r.Outcome = checks.Fail
			}
			tr.Apply(r, true)
		}
		*at = at.Add(every)
	}
	for range 1200 {
		feed(0.001)
	}
	for !tr.now.Trouble.On {
		feed(share)
	}
	return tr, feed, at
}

// TestAYoungShareIsHardlyTooLarge: of a constant share, the mean of what is shown
// some minutes after it was told.
func TestAYoungShareIsHardlyTooLarge(t *testing.T) {
	t.Parallel()
	n := longtest.Seeds(60, 60)
	ages := []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute}
	for i, c := range []struct {
		checks int
		every  time.Duration
		share  float64
		most   [5]float64 // times the share, at each age
	}{
		{1, 10 * time.Second, 0.08, [5]float64{1.6, 1.5, 1.4, 1.35, 1.2}},
		{3, 20 * time.Second, 0.04, [5]float64{1.7, 1.6, 1.5, 1.45, 1.2}},
		{3, 20 * time.Second, 0.08, [5]float64{1.5, 1.35, 1.25, 1.25, 1.15}},
		{3, 20 * time.Second, 0.2, [5]float64{1.15, 1.1, 1.1, 1.1, 1.1}},
		{6, 10 * time.Second, 0.04, [5]float64{1.35, 1.25, 1.2, 1.15, 1.15}},
		{6, 10 * time.Second, 0.08, [5]float64{1.2, 1.15, 1.15, 1.1, 1.1}},
		{6, 10 * time.Second, 0.2, [5]float64{1.1, 1.1, 1.1, 1.1, 1.1}},
		{6, 10 * time.Second, 1, [5]float64{1, 1, 1, 1, 1}},
	} {
		if i%longtest.Of(2, 1) != 0 {
			continue
		}
		var mean [5]float64
		for seed := range uint64(n) {
			tr, feed, at := faulty(seed, c.checks, c.every, c.share)
			told := *at
			for k, age := range ages {
				for at.Before(told.Add(age)) {
					feed(c.share)
				}
				mean[k] += tr.At(*at).Share() / float64(n)
			}
		}
		t.Logf("%d checks every %v, %3.0f %%: %.3f", c.checks, c.every, 100*c.share, mean)
		for k, m := range mean {
			if m > c.most[k]*c.share+1e-9 || m < 0.87*c.share {
				t.Errorf("%d checks every %v fail %.0f %%, and %v later it reads %.1f %%", c.checks, c.every, 100*c.share, ages[k], 100*m)
			}
		}
	}
}
