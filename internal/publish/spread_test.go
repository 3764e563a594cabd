package publish_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
)

// join is how a fault spreads: so many products are hit at first, and one more each
// so often, up to 14.
type join struct {
	name string
	at   int
	each time.Duration
}

// joins are the ways, the first of which the small forms go.
var joins = []join{{"all at once, and seen one by one", 14, time.Hour}, {"one more each 2 min", 4, 2 * time.Minute}, {"one more each 5 min", 5, 5 * time.Minute}}

// spreads feeds at a share for a time while it spreads, or until an update is posted
// in whose text there is one of some words; how long it took.
func (f *fault) spreads(j join, share float64, most time.Duration, words ...string) time.Duration {
	for began := f.at; f.at.Sub(began) < most; {
		f.hit = min(14, j.at+int(f.at.Sub(night)/j.each))
		told := len(f.texts)
		f.until(share, f.every)
		if slices.ContainsFunc(f.texts[told:], func(said string) bool {
			return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(said, word) })
		}) {
			return f.at.Sub(began)
		}
	}
	return most
}

// TestWorseWhileItSpreads: a share that doubles or halves some time after the onset is
// posted while products still join: in the median within ten minutes where there were as
// many before. What it was in the first ten or twenty minutes is known by 17 or 34
// failures; after these no test at this rate of false ones can tell a half of it
// within an hour.
func TestWorseWhileItSpreads(t *testing.T) {
	t.Parallel()
	n := longtest.Seeds(1, 4)
	for _, j := range joins[:longtest.Of(1, len(joins))] {
		for _, after := range []time.Duration{40 * time.Minute, 20 * time.Minute, 10 * time.Minute}[:longtest.Of(1, 3)] {
			for _, to := range []float64{0.09, 0.02}[:longtest.Of(1, 2)] {
				words := []string{": worse. "}
				if to < 0.04 {
					words = []string{": better. ", "quiet for"}
				}
				var waits []time.Duration
				said := 0
				for seed := range uint64(n) {
					f := newFault(t, seed+300, 14*time.Second)
					f.spreads(j, 0.04, after)
					waits = append(waits, f.spreads(j, to, 2*time.Hour, words...))
					if waits[seed] < 2*time.Hour {
						said++
					}
				}
				slices.Sort(waits)
				t.Logf("%s, 4 to %.0f %% after %s: told in %d of %d, median %s, worst %s", j.name, 100*to, after, said, n, waits[n/2], waits[n-1])
				if after == 40*time.Minute && to > 0.04 && (said == 0 || n >= 10 && waits[n/2] > 15*time.Minute) {
					t.Errorf("%s, after %s: median %s, worst %s", j.name, after, waits[n/2], waits[n-1])
				}
			}
		}
	}
}

// TestASpreadIsNotWorse: a fault of one share that spreads is not told to be worse, nor
// better: at most once in 24 h.
func TestASpreadIsNotWorse(t *testing.T) {
	t.Parallel()
	n, of := longtest.Seeds(1, 4), longtest.Of(time.Hour, 3*time.Hour)
	for k, j := range joins[:longtest.Of(1, len(joins))] {
		worse, better := 0, 0
		for seed := range uint64(n) {
			f := newFault(t, seed+500+1000*uint64(k), 14*time.Second)
			f.spreads(j, 0.04, of)
			for _, e := range f.journal.Events(incident.Rate) {
				t.Logf("seed %d: %s %s", seed, e.At.Sub(night), e.Why)
				if e.Step.Worse() {
					worse++
				} else {
					better++
				}
			}
		}
		t.Logf("%s: %d worse and %d better in %s", j.name, worse, better, time.Duration(n)*of)
		if day := float64(time.Duration(n)*of) / float64(24*time.Hour); float64(worse) > day+1.5 || float64(better) > day+1.5 {
			t.Errorf("%s: %d worse and %d better in %.1f days, and nothing changed", j.name, worse, better, day)
		}
	}
}
