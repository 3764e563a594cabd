package impact

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// stormy is a check every minute that fails 20 % for two hours every 16 hours,
// from the third day on and for some days, and 0.1 % else.
func stormy(t *testing.T, days, total int, then float64, each func(day float64, tr *Tracker, turned bool)) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 3))
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	tr := NewTracker(Config{}, []checks.Check{{ID: "clock", Product: "clock", Every: time.Minute}})
	for i := range total * 24 * 60 {
		hours := float64(i) / 60
		share := 0.001
		switch {
		case hours >= 72 && hours < float64(72+days*24) && int(hours)%16 < 2:
			share = 0.2
		case hours >= float64(72+days*24):
			share = then
		}
		r := checks.Result{Check: "clock", Product: "clock", Started: start.Add(time.Duration(i) * time.Minute), Duration: time.Millisecond, Outcome: checks.Pass}
		if rng.Float64() < share {
			r.Outcome = checks.Fail
		}
		was := tr.Trouble().On
		tr.Apply(r, true)
		turned := was != tr.Trouble().On
		each(hours/24, tr, turned)
	}
}

func TestTroublesThatComeBackForDaysBecomeUsual(t *testing.T) {
	early, late, said := 0, 0, 0
	stormy(t, 20, 23, 0.001, func(day float64, tr *Tracker, turned bool) {
		if !turned {
			return
		}
		if tr.Trouble().On {
			if day < 7 {
				early++
			} else {
				late++
			}
		} else if p := tr.At(instant(tr.now.At)).Proof; p != nil && p.Repeats > 0 {
			said++
			if p.Repeats < returnsLeast || p.Share < 0.01 || p.Share > 0.06 || !p.Accepted {
				t.Errorf("on day %.1f said: %+v", day, *p)
			}
		}
	})
	if early < 3 || early > 8 {
		t.Errorf("%d troubles in the first four days, want 3 to 8", early)
	}
	if late > 3 { // of 24 that come
		t.Errorf("%d troubles in the 16 days after, want 3 at most", late)
	}
	if said != 1 {
		t.Errorf("that they are usual now is said %d times, want once", said)
	}
}

func TestWhatIsWorseThanTheUsualTroublesIsSeen(t *testing.T) {
	var after []float64
	stormy(t, 14, 18, 1, func(day float64, tr *Tracker, turned bool) {
		if turned && tr.Trouble().On && day >= 17 {
			after = append(after, (day-17)*24*60)
		}
	})
	if len(after) == 0 || after[0] > 10 {
		t.Errorf("an outage after two weeks of returning troubles is seen after %v minutes, want 10 at most", after)
	}
}

func TestUsualTroublesAreForgottenWhenTheyStayAway(t *testing.T) {
	restless, forgotten, again := false, false, 0.0
	stormy(t, 14, 36, 0.001, func(day float64, tr *Tracker, _ bool) {
		s := &tr.now.Streams[0]
		restless = restless || s.Restless
		if restless && !s.Restless && !forgotten {
			forgotten, again = true, day
		}
	})
	if !restless || !forgotten || again < 17 || again > 33 {
		t.Errorf("usual: %t, no longer so: %t, on day %.1f; want both, 14 days after the last of them", restless, forgotten, again)
	}
}

func TestFlappingOfADayIsNotUsual(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	tr := NewTracker(Config{}, []checks.Check{{ID: "clock", Product: "clock", Every: 10 * time.Second}})
	troubles := 0
	for i := range 4 * 24 * 360 {
		share := 0.001
		if hours := i / 360; hours >= 48 && hours < 72 && hours%4 == 0 && i%360 < 180 { // half an hour every four
			share = 0.2
		}
		r := checks.Result{Check: "clock", Product: "clock", Started: start.Add(time.Duration(i) * 10 * time.Second), Duration: time.Millisecond, Outcome: checks.Pass}
		if rng.Float64() < share {
			r.Outcome = checks.Fail
		}
		if tr.Apply(r, true) && tr.Trouble().On {
			troubles++
		}
	}
	if troubles < 4 || tr.now.Streams[0].Restless {
		t.Errorf("%d of 6 troubles of one day were told, usual now: %t; want most told, and not usual", troubles, tr.now.Streams[0].Restless)
	}
}
