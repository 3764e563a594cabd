package impact

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestAPeakThatStaysAwayLeavesTheLevel: a batch makes answers three times as slow for half an hour each night. After half a day without a
// measurement the level of the last day is not known; before and after the batch of the next night, and where it stays away, the level followed
// down from its peak, and all that came then was told as slow for a day.
func TestAPeakThatStaysAwayLeavesTheLevel(t *testing.T) {
	for _, comes := range []bool{true, false} {
		for seed := range uint64(2) {
			rng := rand.New(rand.NewPCG(seed, 31))
			tr := NewTracker(Config{Normal: propertyStart.Add(24 * time.Hour)}, []checks.Check{{ID: "c", Product: "p", Every: 30 * time.Second}})
			const gap = 5*24*time.Hour + 9*time.Hour // until midnight
			for at := time.Duration(0); at < 7*24*time.Hour; at += 30 * time.Second {
				if at >= gap && at < 6*24*time.Hour {
					continue
				}
				took := 0.1 * math.Exp(0.25*rng.NormFloat64())
				if day := at % (24 * time.Hour); day >= 130*time.Minute && day < 160*time.Minute && (at < gap || comes) {
					took *= 3
				}
				now := propertyStart.Add(at)
				tr.Apply(checks.Result{Check: "c", Product: "p", Started: now, Duration: time.Duration(took * 1e9), Outcome: checks.Pass}, true)
				if im := tr.At(now); at > gap && im.Level.Hurt() {
					t.Errorf("comes %t, seed %d: %s on %s: %s", comes, seed, im.Level, now.Format("Mon 15:04"), im.Why)
					break
				}
			}
		}
	}
}
