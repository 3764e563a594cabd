package impact

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestASchedulerThatSlipsIsNotSilent: of a check that is declared every 8 minutes
// half of the results come within 4, and one in ten after 19 or more; of one that
// keeps its time three intervals are news.
func TestASchedulerThatSlipsIsNotSilent(t *testing.T) {
	const every = 8 * time.Minute
	silent := func(gap func(*rand.Rand) time.Duration) (times int, after time.Duration) {
		tr := NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: every}})
		rng := rand.New(rand.NewPCG(3, 4))
		at := propertyStart
		for i := range 2000 {
			tr.Apply(checks.Result{Check: "c", Product: "p", Started: at, Duration: time.Millisecond, Outcome: checks.Pass}, true)
			wait := gap(rng)
			if i > 200 && tr.At(at.Add(wait)).Level == Unknown {
				times++
			}
			at = at.Add(wait)
		}
		last := at
		for at = at.Add(-gap(rng)); tr.At(at).Level != Unknown; at = at.Add(time.Minute) {
		}
		return times, at.Sub(last)
	}
	slips := func(rng *rand.Rand) time.Duration {
		switch u := rng.Float64(); {
		case u < 0.5:
			return 4 * time.Minute
		case u < 0.9:
			return 4*time.Minute + time.Duration((u-0.5)/0.4*float64(15*time.Minute))
		default:
			return 19*time.Minute + time.Duration((u-0.9)/0.1*float64(12*time.Minute))
		}
	}
	if times, after := silent(slips); times > 10 || after > 12*every {
		t.Errorf("it was silent %d times of 1,800, and when it was, that showed after %s", times, after)
	}
	if times, after := silent(func(rng *rand.Rand) time.Duration { return every + time.Duration(rng.IntN(60))*time.Second }); times > 0 || after > 3*every {
		t.Errorf("one that keeps its time was silent %d times, and when it was, that showed after %s", times, after)
	}
}
