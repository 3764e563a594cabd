package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

func TestTheNewestResultIsKeptWhole(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 123, time.UTC)
	def := &checks.Check{ID: "pay", Product: "shop"}
	pass := checks.Result{Check: "pay", Product: "shop", Vantage: "fra", Started: at, Duration: 5*time.Second + 1, Outcome: checks.Pass, Summary: "HTTP 200",
		Phases: checks.Phases{DNS: 1, Connect: 2, TLS: 3, FirstByte: 4*time.Second + 5, Transfer: 6}}
	fail := pass
	fail.Outcome, fail.Reason, fail.Summary, fail.Vantage = checks.Fail, checks.ReasonStatus, "HTTP 503", ""
	fail.Evidence = &checks.Evidence{Status: 503}
	long := fail
	long.Phases.FirstByte = time.Minute
	odd := pass
	odd.Phases.Transfer = -1
	var l lastSeen
	if diff := cmp.Diff(checks.Result{}, l.of(def)); diff != "" {
		t.Errorf("of none (-want +got):\n%s", diff)
	}
	for _, r := range []checks.Result{pass, fail, long, odd, pass} {
		r.Started = r.Started.Add(l.duration)
		l.take(&r)
		if diff := cmp.Diff(r, l.of(def)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	old := fail
	old.Started = at.Add(-time.Nanosecond)
	was := l.of(def)
	l.take(&old)
	if diff := cmp.Diff(was, l.of(def)); diff != "" {
		t.Errorf("after an older one (-want +got):\n%s", diff)
	}
}
