package impact

import (
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// TestAQuietIsTold: how soon after a repair, where a few fail as usual.
func TestAQuietIsTold(t *testing.T) {
	for _, perMin := range []int{60, 135} {
		n := longtest.Seeds(8, 20)
		var waits []time.Duration
		for seed := range uint64(n) {
			p := newPooled(seed, perMin)
			for range 120 {
				p.minute(0.04)
			}
			p.minutes, p.steps = p.minutes[max(0, len(p.minutes)-100):], nil
			for wait := time.Minute; ; wait += time.Minute {
				p.add(0.001)
				if q, ok := Quiet(p.minutes); ok || wait > 2*time.Hour {
					waits = append(waits, wait)
					if off := q.Since.Sub(p.now.Add(-wait)); off.Abs() > 5*time.Minute {
						t.Errorf("seed %d: quiet since %s, %s after the repair", seed, q.Since, off)
					}
					break
				}
			}
		}
		slices.Sort(waits)
		t.Logf("4 -> 0.1 %% at %d a minute: median %s, worst %s", perMin, waits[n/2], waits[n-1])
		if waits[n/2] > 10*time.Minute {
			t.Errorf("at %d a minute the median is %s", perMin, waits[n/2])
		}
	}
}

// TestWhatGoesOnIsNotQuiet: at the share told, and at half of it from some
// minute on, for eight hours.
func TestWhatGoesOnIsNotQuiet(t *testing.T) {
	n := longtest.Seeds(8, 30)
	for _, perMin := range []int{60, 135} {
		for _, part := range []float64{1, 0.5} {
			wrong := 0
			for seed := range uint64(n) {
				p := newPooled(seed, perMin)
				for range 120 {
					p.add(0.04)
				}
				for range 8 * 60 {
					p.add(part * 0.04)
					if _, ok := Quiet(p.minutes[max(0, len(p.minutes)-360):]); ok {
						wrong++
						break
					}
				}
			}
			t.Logf("%.0f %% of 4 %% at %d a minute: quiet %d times in %d spans of 8 h", 100*part, perMin, wrong, n)
			if wrong > max(1, n/50) {
				t.Errorf("at %.2f of the share it was quiet in %d of %d", part, wrong, n)
			}
		}
	}
}

// TestQuietNeedsFailuresBefore: and hardly any after.
func TestQuietNeedsFailuresBefore(t *testing.T) {
	p := newPooled(1, 60)
	for range 60 {
		p.add(0)
	}
	if q, ok := Quiet(p.minutes); ok {
		t.Errorf("of what never failed: %+v", q)
	}
	if q, ok := Quiet(nil); ok {
		t.Errorf("of nothing: %+v", q)
	}
}

// TestMayRest: what goes on at a fifth of the share before is no quiet after a few
// minutes; what is left after a repair is one.
func TestMayRest(t *testing.T) {
	before := Counts{Tries: 1200, Failures: 108}
	for after, want := range map[Counts]bool{{}: true, {Tries: 240}: true, {Tries: 240, Failures: 1}: true, {Tries: 600, Failures: 5}: true, {Tries: 240, Failures: 5}: false, {Tries: 600, Failures: 12}: false} {
		if got := MayRest(before, after); got != want {
			t.Errorf("%d of %d: %v, want %v", after.Failures, after.Tries, got, want)
		}
	}
}
