package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// TestTheTraceIsShownToBeCopied: once, in full, as code; what the answer says besides
// follows where there is room.
func TestTheTraceIsShownToBeCopied(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for said, want := range map[string][2]string{
		"trace=" + id + ", x-request-id=7f3a": {" · trace `" + id + "` · request `x-request-id=7f3a`", " (trace `" + id + "`)"},
		"trace=" + id:                         {" · trace `" + id + "`", " (trace `" + id + "`)"},
		"x-request-id=7f3a":                   {" · request `x-request-id=7f3a`", " (request `x-request-id=7f3a`)"},
		"":                                    {"", ""},
	} {
		r := checks.Result{Check: "pay", Started: at, Outcome: checks.Fail, Reason: checks.ReasonStatus, Summary: "status 502", Evidence: &checks.Evidence{RequestID: said}}
		v := view{clock: clockOf(at.Add(time.Second), time.UTC)}
		if got := v.failure(r); !strings.HasSuffix(got, "`status 502`"+want[0]) {
			t.Errorf("%q is told as %s", said, got)
		}
		blocks := v.drillEvidence(status.Drill{At: at.Add(time.Second), Failures: []status.Failure{{Result: r, Check: checks.Check{ID: "pay"}}}})
		if len(blocks) == 0 || !strings.HasSuffix(blocks[0].Section, "`status 502`"+want[1]) {
			t.Errorf("%q is told in the drill-down as %+v", said, blocks)
		}
	}
}
