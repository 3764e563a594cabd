package impact

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// clockwork is a product of two checks whose latency and failures go by the time.
type clockwork struct {
	tr     *Tracker
	rng    *rand.Rand
	at     time.Duration
	alarms []time.Duration // when trouble was told
	hurt   time.Duration
}

func newClockwork(seed uint64) *clockwork {
	return &clockwork{rng: rand.New(rand.NewPCG(seed, 21)), tr: NewTracker(Config{Normal: propertyStart.Add(24 * time.Hour)}, []checks.Check{
		{ID: "a", Product: "p", Every: 30 * time.Second}, {ID: "b", Product: "p", Every: 30 * time.Second}})}
}

// until runs it until a time after its beginning; usual says by what the latency is
// multiplied and what share fails.
func (c *clockwork) until(end time.Duration, usual func(at time.Duration) (slower, share float64)) {
	for ; c.at < end; c.at += 30 * time.Second {
		for i, id := range []string{"a", "b"} {
			was := c.tr.now.Trouble.On
			slower, share := usual(c.at)
			r := checks.Result{Check: id, Product: "p", Outcome: checks.Pass, Started: propertyStart.Add(c.at + time.Duration(i)*7*time.Second),
				Duration: time.Duration(0.1 * slower * math.Exp(0.2*c.rng.NormFloat64()) * 1e9)}
			if c.rng.Float64() < share {
				r.Outcome = checks.Fail
			}
			c.tr.Apply(r, true)
			if on := c.tr.now.Trouble.On; on && !was {
				c.alarms = append(c.alarms, c.at)
			}
		}
		if c.tr.now.Trouble.On {
			c.hurt += 30 * time.Second
		}
	}
}

const dayLong = 24 * time.Hour

// TestAPeakThatStaysAwayIsNoTrouble: the first day has two hours at twice the latency;
// that the next days have none is not told as slowness after it.
func TestAPeakThatStaysAwayIsNoTrouble(t *testing.T) {
	c := newClockwork(1)
	c.until(6*dayLong, func(at time.Duration) (float64, float64) {
		if at >= 9*time.Hour && at < 11*time.Hour {
			return 2, 0.0005
		}
		return 1, 0.0005
	})
	if c.hurt > 3*time.Hour {
		t.Errorf("told as trouble for %v of six days without any: %v", c.hurt, c.alarms)
	}
}

// TestWhatComesEachNightIsUsual: a batch of 40 minutes with slow answers and failures,
// that began after some days, is told on three nights at most; a fault in it is seen.
func TestWhatComesEachNightIsUsual(t *testing.T) {
	for seed := range uint64(3) {
		c := newClockwork(seed)
		fault := 15*dayLong + 140*time.Minute
		night := func(at time.Duration) (float64, float64) {
			if day := at % dayLong; at > 3*dayLong && day >= 130*time.Minute && day < 170*time.Minute {
				if at >= fault && at < fault+20*time.Minute {
					return 3, 0.5
				}
				return 3, 0.05
			}
			return 1, 0.0005
		}
		c.until(15*dayLong, night)
		nights := map[int]bool{}
		for _, at := range c.alarms {
			nights[int(at/dayLong)] = true
		}
		t.Logf("seed %d: told %v", seed, c.alarms)
		if len(nights) > 4 { // one of them may be chance
			t.Errorf("seed %d: told on %d days: %v", seed, len(nights), c.alarms)
		}
		before := len(c.alarms)
		c.until(16*dayLong, night)
		if len(c.alarms) == before || c.alarms[before] > fault+10*time.Minute {
			t.Errorf("seed %d: half of the tries fail within the batch, and it is not told in ten minutes: %v", seed, c.alarms[before:])
		}
	}
}

// TestALongTroubleIsNoHour: an outage that lasts for two days does not become usual by
// the hours of its first.
func TestALongTroubleIsNoHour(t *testing.T) {
	c := newClockwork(2)
	c.until(4*dayLong, func(at time.Duration) (float64, float64) {
		if at >= 2*dayLong {
			return 1, 0.2
		}
		return 1, 0.0005
	})
	if !c.tr.now.Trouble.On || len(c.alarms) == 0 || c.alarms[len(c.alarms)-1] > 2*dayLong+time.Hour {
		t.Errorf("a fifth fails for two days: on %v, told %v", c.tr.now.Trouble.On, c.alarms)
	}
}

// TestPeaksAreKeptOverARestart, and a state of an older version, without them, is read.
func TestPeaksAreKeptOverARestart(t *testing.T) {
	c := newClockwork(3)
	c.until(8*dayLong, func(at time.Duration) (float64, float64) {
		if at%(7*dayLong) >= 9*time.Hour && at%(7*dayLong) < 11*time.Hour {
			return 2, 0.0005
		}
		return 1, 0.0005
	})
	f := c.tr.now.form()
	again := f.model()
	for i := range again.Streams {
		got, want := &again.Streams[i], &c.tr.now.Streams[i]
		if *got.season.form() != *want.season.form() || got.season.Today != want.season.Today || got.season.Season != want.season.Season || got.Pace != want.Pace {
			t.Errorf("stream %d: got %+v, want %+v", i, got.season, want.season)
		}
		f.Streams[i].Pace.Peaks = nil
	}
	if again.Hours != c.tr.now.Hours {
		t.Errorf("got %+v, want %+v", again.Hours, c.tr.now.Hours)
	}
	old := f.model()
	if p := old.Streams[0]; p.season.ofWeek(9) != noPeak || math.Abs(p.season.Base-c.tr.now.Streams[0].season.Base) > 0.1 {
		t.Errorf("of an older version: %+v", p.season)
	}
}

// TestAPeakBeginsWithItsHour: an hour that is 1.6 times as slow each day is that from its first minute on,
// where the wave of the day, which goes from the middle of one hour to that of the next, has half of it.
func TestAPeakBeginsWithItsHour(t *testing.T) {
	c := newClockwork(3)
	slow, n := 0, 0
	for c.until(3*dayLong, morning); c.at < 10*dayLong; {
		c.until(c.at+30*time.Second, morning)
		if day := c.at % dayLong; day > 8*time.Hour && day <= 8*time.Hour+15*time.Minute {
			for i := range c.tr.now.Streams {
				n++
				slow += index(c.tr.now.Streams[i].SlowLast&1 > 0)
			}
		}
	}
	t.Logf("%d of %d answers of the first quarter of an hour were slower than usual", slow, n)
	if 100*slow > 8*n {
		t.Errorf("that is more than by chance")
	}
}

func morning(at time.Duration) (slower, share float64) {
	if day := at % dayLong; day >= 8*time.Hour && day < 9*time.Hour {
		return 1.6, 0
	}
	return 1, 0
}

// TestWhatComesEverySundayIsToldTwice: a batch of two hours in which 6 % fail, also one in which
// answers take three times as long.
func TestWhatComesEverySundayIsToldTwice(t *testing.T) {
	for _, slower := range []float64{1, 3} {
		c := newClockwork(5)
		c.until(31*dayLong, func(at time.Duration) (float64, float64) {
			if day := at % (7 * dayLong); day >= 6*dayLong+3*time.Hour && day < 6*dayLong+5*time.Hour {
				return slower, 0.06
			}
			return 1, 0.0005
		})
		told := 0
		for _, at := range c.alarms {
			if at%(7*dayLong) >= 6*dayLong+3*time.Hour && at%(7*dayLong) < 6*dayLong+5*time.Hour {
				told++
			}
		}
		if told == 0 || told > 2 {
			t.Errorf("a batch of four Sundays, %g times as slow, was told %d times: %v", slower, told, c.alarms)
		}
	}
}

// TestTheClocksChange: what comes each morning comes an hour sooner from the 8th day on.
func TestTheClocksChange(t *testing.T) {
	c := newClockwork(4)
	c.until(9*dayLong, func(at time.Duration) (float64, float64) {
		if at >= 7*dayLong {
			at += time.Hour
		}
		return morning(at)
	})
	if len(c.alarms) > 0 {
		t.Errorf("told %v after the beginning", c.alarms)
	}
}
