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

// TestRunsOfSlowAnswersAreKnown: of a check whose slow answers come in runs with good ones between them, the
// next one is likely slow while a run lasts; of one whose slow answers come alone it is as likely as ever.
func TestRunsOfSlowAnswersAreKnown(t *testing.T) {
	known := func(runs bool) (l lately) {
		rng := rand.New(rand.NewPCG(2, 2))
		last, share := uint8(0), 0.03
		for k := range 20_000 {
			if runs {
				share = 0.005 + 0.5*float64(index(k%400 < 20))
			}
			var c lateCounts
			z := sizeUsual
			if rng.Float64() < share {
				z = sizeSlow
			}
			c.count(lateOf(last), z)
			l.add(&c)
			last = last<<1 | uint8(index(z.slow()))
		}
		return l
	}
	if r, alone := known(true), known(false); r.again(0.045)[latelyMost-1] < 0.3 || alone.again(0.045)[latelyMost-1] > 0.06 {
		t.Errorf("after three slow ones of eight: %.3f in runs, %.3f of those that come alone; want .3 at least and .06 at most", r.again(0.045), alone.again(0.045))
	}
	few := lately{N: [latelyMost]float32{0, 0, 70}, Bad: [latelyMost]float32{0, 0, 36}}
	if got := few.again(0.1)[latelyMost-1]; got < 0.44 || got > 0.46 {
		t.Errorf("36 of 70 and a prior of .1 make .39; with a standard error it is %.3f, want .45", got)
	}
}

// TestAnHourIsAsSlowAsItsMean: once the wave of the day has learnt a peak, its first minutes are as usual.
func TestAnHourIsAsSlowAsItsMean(t *testing.T) {
	s := newSeason()
	s.Days, s.Season[8], s.Day[8] = 5, 20, 23
	at := func(minute int64) int64 { return (8*60 + minute) * int64(time.Minute) }
	if got := s.usually(at(10)); got < 0.4 {
		t.Errorf("ten past eight a peak of .46, of which the wave knows .40, adds %.2f; want .40 at least", got)
	}
	if got := s.usually(at(-40)); got != 0.4 {
		t.Errorf("twenty past seven, where it is when the clocks change, it adds %.2f; want .40, not the peak", got)
	}
	if got := s.usually(at(-100)); got > 0.1 {
		t.Errorf("twenty past six it adds %.2f", got)
	}
}
