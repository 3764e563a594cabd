package impact

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// slowTold reports whether a product of six very steady checks, whose answers
// become slower after four hours, is told within half an hour.
func slowTold(usual, then time.Duration) bool {
	rng := rand.New(rand.NewPCG(3, 4))
	list := make([]checks.Check, 6)
	for i := range list {
		list[i] = checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: 10 * time.Second}
	}
	tr := NewTracker(Config{}, list)
	const each = 10 * time.Second / 6
	took := usual
	for k := range int((4*time.Hour + 30*time.Minute) / each) {
		at := propertyStart.Add(time.Duration(k) * each)
		if at.Sub(propertyStart) > 4*time.Hour {
			took = then
		}
		noise := time.Duration(rng.NormFloat64() * 0.01 * float64(took))
		tr.Apply(checks.Result{Check: list[k%6].ID, Vantage: "v", Started: at, Duration: took + noise, Outcome: checks.Pass}, true)
		if tr.At(at).Level.Hurt() {
			return took == then
		}
	}
	return false
}

// TestSlowerThanAnybodyNotices: a change that no client notices is not told,
// although the check is so steady that it is certain.
func TestSlowerThanAnybodyNotices(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		usual, then time.Duration
		told        bool
	}{
		{20 * ms, 22 * ms, false},
		{20 * ms, 28 * ms, false}, // four tenths, and not 10 ms
		{20 * ms, 35 * ms, true},
		{2 * ms, 8 * ms, false}, // four times
		{2 * ms, 20 * ms, true},
		{200 * ms, 235 * ms, false}, // 35 ms, and not a quarter
		{200 * ms, 265 * ms, true},
		{2000 * ms, 2700 * ms, true},
	} {
		if told := slowTold(c.usual, c.then); told != c.told {
			t.Errorf("%v, then %v: told %v, want %v", c.usual, c.then, told, c.told)
		}
	}
}
