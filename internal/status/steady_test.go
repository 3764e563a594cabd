package status_test

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// TestSteadyFrom: a product has been as it is since its failures last changed,
// or since they began, in whole windows.
func TestSteadyFrom(t *testing.T) {
	begins := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	// One of so many results fails, from each instant on.
	for name, c := range map[string]struct {
		every []int // in each ten minutes
		want  time.Duration
	}{
		"as usual":     {[]int{0, 0, 0, 0}, 0},
		"just begun":   {[]int{0, 0, 0, 10}, 0},
		"twice":        {[]int{0, 0, 10, 10}, 0}, // the onset is no whole window ago
		"an hour":      {[]int{0, 10, 10, 10, 10, 10, 10, 10}, 50 * time.Minute},
		"since a step": {[]int{0, 20, 20, 20, 4, 4, 4}, 20 * time.Minute},
		"a step ago":   {[]int{0, 20, 20, 20, 20, 4}, 0},
		"half an hour ago, which no ten minutes alone show": {[]int{0, 30, 30, 30, 30, 30, 30, 60, 60, 60, 60, 60, 60}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			b := status.NewBoard(status.Definition{Products: []status.Product{{ID: "shop", Name: "Shop"}}, Normal: begins.Add(time.Minute),
				Checks: []checks.Check{{ID: "order", Product: "shop", Every: time.Second, Timeout: time.Second}}})
			at, seq := begins, uint64(0)
			for _, every := range c.every {
				for n := range 600 {
					r := checks.Result{Check: "order", Product: "shop", Started: at, Duration: 20 * time.Millisecond, Outcome: checks.Pass}
					if every > 0 && n%every == 0 {
						r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
					}
					seq, at = seq+1, at.Add(time.Second)
					b.Apply(seq, []checks.Result{r})
				}
			}
			d, _ := b.Drill(at, "shop")
			if d.Steady != c.want {
				t.Errorf("steady for %v, want %v; it is %s since %v", d.Steady, c.want, d.Level, d.Onset.Format(time.TimeOnly))
			}
		})
	}
}
