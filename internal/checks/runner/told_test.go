package runner

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// TestWhoIsToldOfProbes: somebody from when they ask until they do not, with what was
// sent; while nobody is told, a probe has nowhere to note it.
func TestWhoIsToldOfProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noting := false // of the probe that ran last
		list := fakes(1, time.Hour, time.Minute, func(string) probe.Probe {
			return func(ctx context.Context) checks.Result {
				noting = probe.SentOf(ctx) != nil
				return checks.Result{Outcome: checks.Pass}
			}
		})
		r := newRunner(list, func([]checks.Result) {}, Config{Paused: true})
		defer startRunner(t, r)()
		told := 0
		tell := func(c *checks.Check, result checks.Result, sent *probe.Sent) {
			if told++; c.ID != "check-0" || result.Check != c.ID || sent == nil {
				t.Errorf("told of %v, %+v, %v", c, result, sent)
			}
		}
		for i, who := range []Told{nil, tell, nil} {
			r.Tell(who)
			for range r.Now(t.Context(), []string{"check-0"}) {
			}
			if want := min(i, 1); noting != (who != nil) || told != want {
				t.Errorf("turn %d: told of %d, want %d; noting %v", i, told, want, noting)
			}
		}
	})
}
