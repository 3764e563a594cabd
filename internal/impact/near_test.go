package impact

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// stalled is a product of two checks seen from one place which now and then, so many
// times a day, fail both in one moment. It returns the alarms of some days after a
// first one.
func stalled(seed uint64, aDay, days int) (alarms int) {
	tr := NewTracker(Config{Normal: propertyStart.Add(24 * time.Hour)}, []checks.Check{
		{ID: "a", Product: "p", Every: 30 * time.Second}, {ID: "b", Product: "p", Every: 30 * time.Second}})
	rng := rand.New(rand.NewPCG(seed, 9))
	on := false
	for tick := range (days + 1) * 2880 {
		stall := rng.IntN(2880) < aDay
		for i, id := range []string{"a", "b"} {
			r := checks.Result{Check: id, Product: "p", Vantage: "fra", Outcome: checks.Pass, Started: propertyStart.Add(time.Duration(tick)*30*time.Second + time.Duration(i)*10*time.Second)}
			if stall || rng.Float64() < 0.0005 {
				r.Outcome = checks.Fail
			}
			tr.Apply(r, true)
			alarms += index(!on && tr.now.Trouble.On)
			on = tr.now.Trouble.On
		}
	}
	return alarms
}

// TestWhatFailsTogetherIsOneEvent: two checks that fail in one moment three times a
// day for weeks are no alarm each time.
func TestWhatFailsTogetherIsOneEvent(t *testing.T) {
	alarms := 0
	seeds := longtest.Of(1, 4)
	for seed := range uint64(seeds) {
		alarms += stalled(seed, 3, 14)
	}
	t.Logf("%d alarms of %d stalls", alarms, seeds*3*14)
	if alarms > 3*seeds {
		t.Errorf("%d alarms of %d stalls, want at most %d", alarms, seeds*3*14, 3*seeds)
	}
}

// TestChanceIsNoCoincidence: where checks fail by chance alone, to be near another
// one's failure says no more than it does as a rule.
func TestChanceIsNoCoincidence(t *testing.T) {
	tr := NewTracker(Config{Normal: propertyStart.Add(96 * time.Hour)}, []checks.Check{
		{ID: "a", Product: "p", Every: 10 * time.Second}, {ID: "b", Product: "p", Every: 10 * time.Second}})
	rng := rand.New(rand.NewPCG(3, 9))
	for tick := range 4 * 8640 {
		for i, id := range []string{"a", "b"} {
			r := checks.Result{Check: id, Product: "p", Outcome: checks.Pass, Started: propertyStart.Add(time.Duration(tick)*10*time.Second + time.Duration(i)*5*time.Second)}
			if rng.Float64() < 0.005 {
				r.Outcome = checks.Fail
			}
			tr.Apply(r, true)
		}
	}
	if got, usual := tr.now.Near.share(0), tr.now.Streams[0].fail.share; got > 2*usual {
		t.Errorf("soon after another check's failure %.2g fail, usual is %.2g: want at most twice as many", got, usual)
	}
}

// TestTheSameMomentIsNoMoreTrouble: what other checks see in the moment in which a
// trouble was noticed does not show that it goes on; what fails later does.
func TestTheSameMomentIsNoMoreTrouble(t *testing.T) {
	var list []checks.Check
	for _, id := range []string{"a", "b", "c", "d"} {
		list = append(list, checks.Check{ID: id, Product: "p", Every: 30 * time.Second})
	}
	tr := NewTracker(Config{Normal: propertyStart.Add(24 * time.Hour)}, list)
	probe := func(tick, i int, fails bool) {
		r := checks.Result{Check: list[i].ID, Product: "p", Outcome: checks.Pass, Started: propertyStart.Add(time.Duration(tick)*30*time.Second + time.Duration(i)*5*time.Second)}
		if fails {
			r.Outcome = checks.Fail
		}
		tr.Apply(r, true)
	}
	const day = 2880
	for tick := range day + 10 {
		for i := range list {
			probe(tick, i, false)
		}
	}
	for i := range list {
		probe(day+10, i, true)
	}
	if !tr.Trouble().On || tr.GoesOn() {
		t.Errorf("trouble %v, goes on %v: want trouble that is of one moment as yet", tr.Trouble().On, tr.GoesOn())
	}
	for i := range list {
		probe(day+11, i, false)
	}
	probe(day+12, 0, true)
	if !tr.GoesOn() {
		t.Error("a failure a minute later does not show that it goes on")
	}
}
