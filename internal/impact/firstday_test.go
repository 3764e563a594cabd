package impact_test

import (
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

// TestTheFirstDayIsCalm: what is told of a healthy company whose history begins,
// with the wave of a day, so that slowness is judged before any hour is known.
func TestTheFirstDayIsCalm(t *testing.T) {
	alarms, slow, worlds := 0, 0, longtest.Seeds(2, 10)
	for seed := range worlds {
		for _, a := range newWorld(sky{season: 0.6}, uint64(seed)+1, 1, 0).run(t, 0) {
			t.Logf("seed %d %s after %v, for %v: %s", seed+1, a.product, a.at, a.ends-a.at, a.why)
			alarms++
			slow += strings.Count(a.why, "slower")
		}
	}
	t.Logf("%d alarms on %d first days of a product, %d of slowness", alarms, 4*worlds, slow)
	if 4*slow > worlds {
		t.Errorf("one of slowness in sixteen days is allowed")
	}
}
