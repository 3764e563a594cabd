package impact

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
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
		from    int // number of the result from which on it counts; -1: a window ago
		down    int // number of the result at which it went down; -1: it is not
	}{
		"young":                       {repeat('p', 9), OK, 9, 0, 0, -1},
		"old":                         {repeat('p', 400), OK, 60, 0, -1, -1},
		"down at once":                {repeat('p', 400) + repeat('f', 8), Outage, 8, 8, 400, 400},
		"down for long":               {repeat('p', 400) + repeat('f', 100), Outage, 60, 60, -1, 400},
		"degraded, then down":         {repeat('p', 400) + alternate("pppf", 100) + repeat('f', 20), Outage, 21, 21, 499, 499},
		"degraded since a short time": {repeat('p', 400) + alternate("fpp", 18), Degraded, 18, 6, 400, -1},
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
