package impact

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// rareService is a service of which one check, a few times an hour, is all that is known.
type rareService struct {
	every        time.Duration
	share, again float64
	first        int // failures scattered over the first day
	run          int // failures in a row, once
	runAt        time.Duration
}

func newRareService(rng *rand.Rand) rareService {
	return rareService{
		every: time.Duration(5+rng.IntN(25)) * time.Minute,
		share: 0.0005 * math.Exp(3*rng.Float64()), again: 0.05 + 0.35*rng.Float64(),
		first: 2 + rng.IntN(7), run: 4 + rng.IntN(4),
		runAt: 26*time.Hour + time.Duration(rng.Int64N(int64(12*24*time.Hour))),
	}
}

// results gives the service's results over some days to f; bad says that it is of the run.
func (s rareService) results(rng *rand.Rand, days int, f func(at time.Time, failed, run bool)) {
	bad, left := false, s.run
	for at := time.Duration(0); at < time.Duration(days)*24*time.Hour; {
		p := s.share
		if at < 24*time.Hour {
			p = float64(s.first) / float64(24*time.Hour/s.every)
		}
		p *= (1 - s.again) / (1 - p)
		if bad {
			p = s.again
		}
		bad = rng.Float64() < p
		run := at >= s.runAt && left > 0
		if run {
			bad = true
			left--
		}
		f(propertyStart.Add(at), bad, run)
		if run && left == 0 {
			bad = false
		}
		at += s.every/2 + time.Duration(rng.Int64N(int64(s.every)))
	}
}

// told gives a tracker the service's results, and says whether the run was told while it
// lasted, and how much else was told.
func (s rareService) told(rng *rand.Rand, cfg Config, days int) (run bool, others int) {
	tr := NewTracker(cfg, []checks.Check{{ID: "c", Product: "p", Every: s.every}})
	var was bool
	var end time.Time
	s.results(rng, days, func(at time.Time, failed, ofRun bool) {
		r := checks.Result{Check: "c", Product: "p", Started: at, Duration: 100 * time.Millisecond, Outcome: checks.Pass}
		if failed {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		tr.Apply(r, true)
		hurt := tr.now.Trouble.On
		switch {
		case ofRun:
			run, end = run || hurt, at
		case hurt && !was && at.Sub(end) > time.Hour:
			others++
		}
		was = hurt
	})
	return run, others
}

// TestARunOfARareCheckIsTold: of single services that are looked at every 5 to 29 minutes and
// failed now and then on the first day, which is said to be normal or is not, those that fail
// 4 to 7 times in a row some day after it. Seeds from 1000 on: newBad was chosen on 1 to 500.
func TestARunOfARareCheckIsTold(t *testing.T) {
	days, n := longtest.Of(14, 30), longtest.Seeds(60, 200)
	for _, known := range longtest.Of([]time.Duration{24 * time.Hour}, []time.Duration{24 * time.Hour, 0}) {
		var cfg Config
		if known > 0 {
			cfg.Normal = propertyStart.Add(known)
		}
		seen, others, silent := 0, 0, [8]int{}
		for seed := range n {
			rng := rand.New(rand.NewPCG(uint64(seed)+1000, 62))
			s := newRareService(rng)
			told, more := s.told(rng, cfg, days)
			seen += index(told)
			silent[s.run] += index(!told)
			others += more
		}
		rate := float64(others) / float64(n*days) * 30
		t.Logf("normal for %v: %d of %d told, silent by length %v; %.2f others told in 30 days", known, seen, n, silent[4:], rate)
		if 100*seen < 95*n {
			t.Errorf("normal for %v: %d of %d runs were told, want 95 of 100", known, seen, n)
		}
		if known > 0 && rate > 1 {
			t.Errorf("normal for %v: %.2f others were told in 30 days, of one that is allowed", known, rate)
		}
	}
}

// TestWhatAlwaysFailsIsToldOnceOfARareCheck: what a check shows on its first days is doubted, and
// believed once it was told, lasted and was taken as usual.
func TestWhatAlwaysFailsIsToldOnceOfARareCheck(t *testing.T) {
	told := 0
	for seed := range 5 {
		rng := rand.New(rand.NewPCG(uint64(seed), 63))
		s := rareService{every: 20 * time.Minute, share: 0.1, again: 0.1, first: 7}
		_, others := s.told(rng, Config{Normal: propertyStart.Add(24 * time.Hour)}, 14)
		told += others
	}
	if told > 8 {
		t.Errorf("five checks of which a tenth fails, from the first day on, were told as trouble %d times", told)
	}
}
