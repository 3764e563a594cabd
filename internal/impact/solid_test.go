package impact

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// outageOf gives a check results as usual for ten days, then failures for some
// time, and says how long after the last of them it was over, and how often it
// was said to be over before the end.
func outageOf(t *testing.T, every time.Duration, fails func(at time.Duration) bool, lasts time.Duration) (over time.Duration, wrong int) {
	t.Helper()
	at := propertyStart
	tr := NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: every}})
	probe := func(bad bool) {
		r := checks.Result{Check: "c", Product: "p", Started: at, Duration: 100 * time.Millisecond, Outcome: checks.Pass}
		if bad {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		tr.Apply(r, true)
		at = at.Add(every)
	}
	for at.Before(propertyStart.Add(10 * 24 * time.Hour)) {
		probe(false)
	}
	begun, was := at, false
	for at.Before(begun.Add(lasts)) {
		probe(fails(at.Sub(begun)))
		hurt := tr.At(at).Level.Hurt()
		wrong += index(was && !hurt)
		was = hurt
	}
	if !was {
		t.Fatalf("every %s: an outage of %s was not told", every, lasts)
	}
	end := at
	for tr.At(at).Level.Hurt() {
		left := tr.At(at).Needed - tr.At(at).Clean
		probe(false)
		if now := tr.At(at); now.Level.Hurt() && now.Needed-now.Clean > left {
			t.Errorf("every %s: %d more are needed, and %d after one that passed", every, left, now.Needed-now.Clean)
		}
	}
	return at.Sub(end), wrong
}

// TestAPauseIsNeededToo: what failed again after a pause of 17 minutes is not over within one;
// "81 of about 82 results needed" was said until it was over.
func TestAPauseIsNeededToo(t *testing.T) {
	const every = 10 * time.Second
	at := propertyStart
	tr := NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: every}})
	probe := func(bad bool) Impact {
		r := checks.Result{Check: "c", Product: "p", Started: at, Duration: 100 * time.Millisecond, Outcome: checks.Pass}
		if bad {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		tr.Apply(r, true)
		at = at.Add(every)
		return tr.At(at)
	}
	for at.Before(propertyStart.Add(3 * 24 * time.Hour)) {
		probe(false)
	}
	hits := func() {
		for n := range 120 {
			probe(n%2 == 0)
		}
	}
	hits()
	for range 104 {
		probe(false)
	}
	hits()
	var said []int // how many more are needed
	for now := tr.At(at); now.Level.Hurt(); now = probe(false) {
		said = append(said, now.Needed-now.Clean)
	}
	if took := len(said); took < 120 {
		t.Fatalf("it is over after %d results, within a pause as there was", took)
	}
	for n, more := range said {
		if is := len(said) - n; more < is*9/10-1 || more > is*11/10+1 {
			t.Fatalf("about %d more are said to be needed, and it takes %d: %v", more, is, said)
		}
	}
}

func always(time.Duration) bool { return true }

// TestAnOutageOfARareCheckIsOverInTime: an outage of 41 minutes of a check that
// runs every 8 was degraded for 13 hours after it.
func TestAnOutageOfARareCheckIsOverInTime(t *testing.T) {
	for _, c := range []struct{ every, lasts, most time.Duration }{
		{8 * time.Minute, 41 * time.Minute, 2*time.Hour + 30*time.Minute},
		{30 * time.Minute, 3 * time.Hour, 7 * time.Hour},
		{time.Minute, 10 * time.Minute, 25 * time.Minute},
		{30 * time.Second, 5 * time.Minute, 25 * time.Minute},
	} {
		if over, _ := outageOf(t, c.every, always, c.lasts); over > c.most || over < solidQuiet {
			t.Errorf("every %s: over %s after %s, want at most %s", c.every, over, c.lasts, c.most)
		} else {
			t.Logf("every %s: over %s after %s", c.every, over, c.lasts)
		}
	}
}

// TestAUsualFailureAfterAnOutageIsNoSecondOne: of a check that runs every 8 minutes and fails 1 % as ever one failure among the passes after an
// outage had it be degraded for hours more.
func TestAUsualFailureAfterAnOutageIsNoSecondOne(t *testing.T) {
	const every = 8 * time.Minute
	tr := NewTracker(Config{Normal: propertyStart.Add(8 * 24 * time.Hour)}, []checks.Check{{ID: "c", Product: "p", Every: every}})
	n := 0
	probe := func(bad bool) (hurt bool) {
		at := propertyStart.Add(time.Duration(n) * every)
		n++
		r := checks.Result{Check: "c", Product: "p", Started: at, Duration: 100 * time.Millisecond, Outcome: checks.Pass}
		if bad {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		tr.Apply(r, true)
		return tr.At(at).Level.Hurt()
	}
	for n < 1500 {
		probe(n%100 == 50)
	}
	hurt := false
	for range 6 {
		hurt = probe(true)
	}
	if !hurt {
		t.Fatal("the outage is not told")
	}
	begun := n
	for hurt {
		hurt = probe(n-begun == 8)
	}
	if over := time.Duration(n-begun) * every; over > 4*time.Hour {
		t.Errorf("over after %s", over)
	} else {
		t.Logf("over after %s", over)
	}
}

// TestWhatGoesDownAndComesBackIsNotOver: down for 6 minutes of 18, for hours.
func TestWhatGoesDownAndComesBackIsNotOver(t *testing.T) {
	for _, every := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute} {
		flaps := func(at time.Duration) bool { return at%(18*time.Minute) < 6*time.Minute }
		if _, wrong := outageOf(t, every, flaps, 5*time.Hour+2*time.Minute); wrong > index(every < 20*time.Second) { // the first rest, as before
			t.Errorf("every %s: said to be over %d times", every, wrong)
		}
	}
}

// TestWhatFlapsAtRandomIsNotOver: 60 % fail for 1 to 6 min, and nothing for 2 to 12, for six hours.
func TestWhatFlapsAtRandomIsNotOver(t *testing.T) {
	for _, every := range []time.Duration{30 * time.Second, 2 * time.Minute} {
		wrong, runs := 0, longtest.Of(4, 100)
		for seed := range uint64(runs) {
			rng := rand.New(rand.NewPCG(seed, 77))
			var spells []time.Duration // ends of a spell, of a rest, and so on
			for end := time.Duration(0); end < 6*time.Hour; {
				end += time.Minute + time.Duration(rng.Int64N(int64(5*time.Minute)))
				spells = append(spells, end)
				end += 2*time.Minute + time.Duration(rng.Int64N(int64(10*time.Minute)))
				spells = append(spells, end)
			}
			k := 0
			last := len(spells) - 2 // it is told of as it ends within a spell
			_, w := outageOf(t, every, func(at time.Duration) bool {
				for at >= spells[k] {
					k++
				}
				return k%2 == 0 && rng.Float64() < 0.6
			}, spells[last]-every)
			wrong += index(w > 0)
		}
		t.Logf("every %s: said to be over in %d of %d", every, wrong, runs)
		if 50*wrong > runs {
			t.Errorf("every %s: one in fifty is allowed", every)
		}
	}
}
