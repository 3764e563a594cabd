package impact

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// suspected is a product of three checks every 30 s that was as usual for a
// day and is then suspected from an instant on, since when it fails a share.
func suspected(rng *rand.Rand, share, hurt float64, results int) (turned bool, after int) {
	const usual, every = 0.002, 30 * time.Second
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var list []checks.Check
	for i := range 3 {
		list = append(list, checks.Check{ID: fmt.Sprint("mail/", i), Product: "mail", Every: every, Uses: []string{"auth"}})
	}
	normal := start.Add(6 * time.Hour)
	t := NewTracker(Config{Normal: normal}, list)
	n := 3 * int(6*time.Hour/every)
	for i := range n + results {
		at := start.Add(time.Duration(i) * every / 3)
		p := usual
		if i == n {
			t.Suspect(normal, false)
			t.Believe(hurt, map[string]float64{"auth": 1})
		}
		if i >= n {
			p = 1 - (1-usual)*(1-share)
		}
		r := checks.Result{Check: list[i%3].ID, Product: "mail", Started: at, Duration: 10 * time.Millisecond, Outcome: checks.Pass}
		if rng.Float64() < p {
			r.Outcome = checks.Fail
		}
		if t.Apply(r, true); t.Trouble().On {
			return true, i - n
		}
	}
	return false, results
}

func TestAHintIsBelievedAsFarAsTheOthersMakeItLikely(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 1))
	runs, noise := longtest.Of(60, 300), longtest.Of(0.85, 0.93)
	for _, c := range []struct {
		hurt       float64
		alarms     float64 // of products that are as usual, at most: Ville's bound
		delay      int     // mean results until 10 % are seen, at most
		sureLonger float64 // factor to the surest hint, at least
	}{
		{ReachUsed, 1 / oddsOf(ReachUsed), 30, 1},
		{0.4, 1 / oddsOf(0.4), 55, 1.2},
		{0.03, 1 / oddsOf(0.03), 100, 1.6},
	} {
		alarms, delay, surest := 0, 0, 0
		for range runs {
			if on, _ := suspected(rng, 0, c.hurt, 240); on {
				alarms++
			}
			_, n := suspected(rng, 0.1, c.hurt, 720)
			delay += n
			_, n = suspected(rng, 0.1, ReachUsed, 720)
			surest += n
		}
		t.Logf("hurt %.2f: %d of %d alarms of products as usual, %.1f results until 10 %% are seen, %.1f surest", c.hurt, alarms, runs, float64(delay)/float64(runs), float64(surest)/float64(runs))
		if got := float64(alarms) / float64(runs); got > c.alarms {
			t.Errorf("hurt %.2f: %.3f of products that are as usual are told to be in trouble, want %.3f at most", c.hurt, got, c.alarms)
		}
		if got := float64(delay) / float64(runs); got > float64(c.delay) || got < c.sureLonger*float64(surest)/float64(runs)*noise {
			t.Errorf("hurt %.2f: seen after %.1f results, want %d at most, and %.1f times the %.1f of the surest hint", c.hurt, got, c.delay, c.sureLonger, float64(surest)/float64(runs))
		}
	}
}
