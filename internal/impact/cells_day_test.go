package impact

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Most days take the least form, whatever the first cell was and though some cells are of
// their own; a day on which much failed takes more, and the one after it less again.
func TestADayTakesTheLeastFormThatHoldsIt(t *testing.T) {
	for _, every := range []time.Duration{5 * time.Second, 10 * time.Second, time.Minute, 20 * time.Minute} {
		rng := rand.New(rand.NewPCG(2, uint64(every)))
		var c cells
		at := propertyStart.Add(4 * time.Minute)
		day := func(bad func(at time.Time) float64) {
			for end := at.Add(24 * time.Hour); at.Before(end); at = at.Add(every) {
				s := seen{at: at.UnixNano(), slow: rng.IntN(100) == 0}
				if rng.Float64() < bad(at) {
					s.outcome = codeFail
				}
				c.add(s)
			}
		}
		day(func(at time.Time) float64 {
			if at.Hour() == 9 {
				return 1
			}
			return 0.001
		})
		form, ok := c.past.(*codedDay)
		if !ok {
			t.Fatalf("every %s: a day as most are is a %T", every, c.past)
		}
		if len(form.odd) > 20 {
			t.Errorf("every %s: %d cells of it have no code", every, len(form.odd))
		}
		if every > 10*time.Second {
			continue
		}
		day(func(time.Time) float64 { return 0.3 })
		if _, ok := c.past.(*codedDay); ok {
			t.Errorf("every %s: a day on which a third failed is a %T", every, c.past)
		}
		for range 2 {
			day(func(time.Time) float64 { return 0.001 })
		}
		if _, ok := c.past.(*codedDay); !ok {
			t.Errorf("every %s: a day as most are, after a bad one, is a %T", every, c.past)
		}
	}
}

// A clock that is set back leaves what was before, and the newest cell counts on.
func TestCellsOfAClockSetBack(t *testing.T) {
	var c cells
	for i := range 40 {
		c.add(seen{at: propertyStart.Add(time.Duration(i) * time.Minute).UnixNano()})
	}
	c.cut(propertyStart.Add(22 * time.Minute).UnixNano())
	c.add(seen{at: propertyStart.Add(23 * time.Minute).UnixNano()})
	got := map[time.Duration]int{}
	c.before(0, propertyStart.Add(time.Hour).UnixNano(), func(at int64, n, _, _ int) { got[time.Duration(at-propertyStart.UnixNano())] = n })
	if len(got) != 5 || got[15*time.Minute] != 5 || got[20*time.Minute] != 6 {
		t.Errorf("after it was set back by 17 minutes: %v", got)
	}
}

// What a window keeps room for is not doubled by a result more than is usual, as there is
// where the time between two results varies.
func TestAWindowKeepsItsRoom(t *testing.T) {
	of := spanOf{DefaultWindow, expected(DefaultWindow, 10*time.Second)}
	var w window
	var latency histogram
	rng := rand.New(rand.NewPCG(1, 3))
	room := 0
	for i := range 1000 {
		s := seen{at: propertyStart.Add(time.Duration(i)*10*time.Second + time.Duration(rng.IntN(5000))*time.Microsecond).UnixNano(), tookUS: 1000}
		w.add(s, of)
		w.expire(s.at, of, &latency)
		if i == 0 {
			room = w.seen.cap()
		}
	}
	if got := w.seen.cap(); got != room {
		t.Errorf("room for %d results became room for %d", room, got)
	}
	for i := range 300 { // as many more as the check has others ask for it
		w.add(seen{at: propertyStart.Add(9990*time.Second + time.Duration(i)*time.Second).UnixNano(), tookUS: 1000}, of)
	}
	if n := w.seen.len(); w.seen.cap() > n+n/8+2*keepAtLeast {
		t.Errorf("%d results take the room of %d", n, w.seen.cap())
	}
}
