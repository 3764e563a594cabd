package impact

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// watched is one check of one product, probed at its interval.
type watched struct {
	tr    *Tracker
	at    time.Time
	every time.Duration
	rng   *rand.Rand
}

func watch(every time.Duration, seed uint64) *watched {
	w := &watched{tr: NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: every}}), at: propertyStart, every: every, rng: rand.New(rand.NewPCG(seed, 5))}
	for range 300 {
		w.probe(0)
	}
	return w
}

// probe makes one probe that fails with some chance.
func (w *watched) probe(share float64) (failed bool) {
	w.at = w.at.Add(w.every)
	r := checks.Result{Check: "c", Vantage: "v", Started: w.at, Outcome: checks.Pass}
	if failed = w.rng.Float64() < share; failed {
		r.Outcome = checks.Fail
	}
	w.tr.Apply(r, true)
	return failed
}

// TestItAnswersAgain: of single checks that were down for 3 to 10 min, "down"
// is left within a minute of the first answer in most, in all within three
// intervals, and what is told of it is what was.
func TestItAnswersAgain(t *testing.T) {
	var waits []time.Duration
	for seed := range uint64(60) {
		every := []time.Duration{10, 15, 20, 30}[seed%4] * time.Second
		w := watch(every, seed)
		began, failed := w.at.Add(every), 0
		for d := 3*time.Minute + time.Duration(seed%8)*time.Minute; d > 0; d -= every {
			w.probe(1)
			failed++
		}
		last := w.at
		im := w.tr.At(w.at)
		if failed < 7 {
			continue // too few for "down"
		}
		if im.Level != Outage || im.Down == nil || *im.Down != (Down{began, failed, failed}) {
			t.Fatalf("seed %d: after %d failures %s, %+v", seed, failed, im.Level, im.Down)
		}
		first := last.Add(every)
		for im.Level == Outage && w.at.Sub(first) < time.Hour {
			w.probe(0)
			im = w.tr.At(w.at)
		}
		n := int(w.at.Sub(last) / every)
		want := Answers{Down: Down{began, failed, failed}, Last: last, Since: first, Until: w.at, Passed: n, Tries: n}
		if im.Answers == nil || *im.Answers != want {
			t.Errorf("seed %d: told %+v, want %+v", seed, im.Answers, want)
		}
		waits = append(waits, w.at.Sub(first))
	}
	slices.Sort(waits)
	t.Logf("from the first answer until it is known: median %s, at most %s, of %d", waits[len(waits)/2], waits[len(waits)-1], len(waits))
	if median, worst := waits[len(waits)/2], waits[len(waits)-1]; median > time.Minute || worst > 90*time.Second {
		t.Error("that is too long: 4 results are enough, and 3 where it was down for long")
	}
}

// TestItDoesNotAnswerYet: of what goes on failing at a share that is told as down
// hardly any is said to answer again within an hour.
func TestItDoesNotAnswerYet(t *testing.T) {
	runs := longtest.Of(40, 200)
	for _, share := range []float64{0.7, 0.9, 0.98} {
		wrong := 0
		for seed := range uint64(runs) {
			w := watch(10*time.Second, seed)
			for range 360 {
				w.probe(share)
				if w.tr.At(w.at).Answers != nil {
					wrong++
					break
				}
			}
		}
		t.Logf("at %.0f %%: %d of %d", 100*share, wrong, runs)
		if wrong > runs*3/100 { // 1.65 %, and what chance does to it
			t.Errorf("where %.0f %% fail it was said to answer in %d of %d hours", 100*share, wrong, runs)
		}
	}
}

// TestItIsDownAgain: what answered for a moment and fails again is down again
// after a few failures.
func TestItIsDownAgain(t *testing.T) {
	w := watch(10*time.Second, 1)
	for range 20 {
		w.probe(1)
	}
	for range 6 {
		w.probe(0)
	}
	if im := w.tr.At(w.at); im.Level != Degraded || im.Answers == nil {
		t.Fatalf("after 6 answers %s, %+v", im.Level, im.Answers)
	}
	back, n := w.at.Add(w.every), 0
	for im := w.tr.At(w.at); im.Level != Outage && n < 20; im = w.tr.At(w.at) {
		w.probe(1)
		n++
	}
	im := w.tr.At(w.at)
	if n > 6 || im.Answers != nil || im.Down == nil || *im.Down != (Down{back, n, n}) {
		t.Errorf("down again after %d failures: %+v", n, im.Down)
	}
}

// TestDownIsSaidOfWhatAllFails: what fails half of the time is no product that is
// down; once all of it fails it is, since then, and with what failed since then.
func TestDownIsSaidOfWhatAllFails(t *testing.T) {
	w := watch(10*time.Second, 3)
	for range 90 {
		w.probe(0.6)
	}
	if im := w.tr.At(w.at); im.Level != Outage || im.Dead() {
		t.Errorf("at 60 %%: %s, down %t: %d of %d", im.Level, im.Dead(), im.Failures, im.Tries)
	}
	for w.probe(0.01) {
		continue
	}
	last := w.at // it passed
	for n := 1; n <= 36; n++ {
		w.probe(1)
		im := w.tr.At(w.at)
		if n >= 20 && (!im.Dead() || !im.Down.Since.Equal(last.Add(10*time.Second)) || im.Failures != n || im.Tries != n) {
			t.Fatalf("after %d failures in a row: down %t since %v (it passed %v): %d of %d", n, im.Dead(), im.Down.Since, last, im.Failures, im.Tries)
		}
	}
	for im := w.tr.At(w.at); im.Answers == nil; im = w.tr.At(w.at) {
		if w.probe(0); w.at.Sub(last) > 10*time.Minute {
			t.Fatal("it does not answer")
		}
	}
	a := w.tr.At(w.at).Answers
	if a.Down.Failures != 36 || a.Down.Tries != 36 || !a.Down.Dead() || a.Passed > 4 {
		t.Errorf("answers: %+v", *a)
	}
}

// TestAnOutageOfMostIsNotDown: hardly ever where three of four fail for an hour.
func TestAnOutageOfMostIsNotDown(t *testing.T) {
	down, n := 0, 0
	for seed := range uint64(40) {
		w := watch(10*time.Second, seed)
		for range 360 {
			w.probe(0.75)
			im := w.tr.At(w.at)
			n += index(im.Level == Outage)
			down += index(im.Dead())
		}
	}
	if 50*down > n {
		t.Errorf("said to be down %d of %d times", down, n)
	}
	t.Logf("said to be down %d of %d times", down, n)
}

// TestDownIsToldOfAFew: of what mostly fails in spells, a time down that has one or two
// results is not told as one.
func TestDownIsToldOfAFew(t *testing.T) {
	told := 0
	for seed := range uint64(40) {
		w := watch(10*time.Second, seed)
		for range 30 {
			for range 18 {
				w.probe(0.85)
				if im := w.tr.At(w.at); im.Down != nil {
					if told++; im.Down.Tries < 3 {
						t.Fatalf("seed %d: down with %d of %d", seed, im.Down.Failures, im.Down.Tries)
					}
				}
			}
			for range 24 {
				w.probe(0.02)
			}
		}
	}
	if told == 0 {
		t.Error("it was never down")
	}
}
