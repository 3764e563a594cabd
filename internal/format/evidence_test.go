package format

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// What a probe saw ends what is said of it: behind the fence that closes it
// nothing follows, since only a line of its own is known as a fence on a page.
func TestWhatWasSeenStandsLast(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 0, 0, 0, time.UTC)
	c := checks.Check{ID: "pay", Product: "billing", Kind: "http", Every: time.Minute, Timeout: 3 * time.Second}
	def := status.Definition{Company: "Acme", Timezone: time.UTC, Products: []status.Product{{ID: "billing", Name: "Billing"}}, Checks: []checks.Check{c}}
	b := status.NewBoard(def)
	var seen checks.Result
	for i := range 20 {
		seen = checks.Result{Check: "pay", Product: "billing", Started: at.Add(time.Duration(i) * time.Minute), Duration: 24 * time.Millisecond, Outcome: checks.Fail, Reason: checks.ReasonStatus,
			Summary: "HTTP 503, expected 2xx", Phases: checks.Phases{FirstByte: 20 * time.Millisecond}, Evidence: &checks.Evidence{Output: "unavailable\nno more workers"}}
		b.Apply(uint64(i+1), []checks.Result{seen})
	}
	now := at.Add(20 * time.Minute)
	d, _ := b.Drill(now, "billing")
	said := OneProduct(d).Failures
	for _, m := range []Message{Failures(d), Check(d.Checks[0], time.UTC, now), Probed(d.Product, []checks.Check{c}, []checks.Result{seen}, time.UTC, now)} {
		for _, block := range m.Blocks {
			said = append(said, block.Section)
		}
	}
	fence, whole := regexp.MustCompile("```"), regexp.MustCompile("(?m)^```$")
	fences := 0
	for _, s := range said {
		n := len(fence.FindAllString(s, -1))
		fences += n
		if n != len(whole.FindAllString(s, -1)) {
			t.Errorf("a fence with something beside it: %q", s)
		}
	}
	if fences < 8 {
		t.Errorf("%d fences in %q", fences, said)
	}
}

// What only answers slowly did not fail again: it is slow again.
func TestSlowAgain(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 0, 0, 0, time.UTC)
	var log incident.Log
	log = log.With(incident.Event{Incident: "inc-1", Seq: 1, Kind: incident.Opened, Number: 1, At: at, Channel: "C1", Every: time.Minute})
	log = log.With(incident.Event{Incident: "inc-1", Seq: 2, Kind: incident.Relapsed, At: at.Add(time.Hour)})
	for slow, want := range map[bool]string{true: "Slow again since ", false: "Failing again since "} {
		g := status.Group{Slow: slow, Onset: at.Add(50 * time.Minute), Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "A"}}}}
		v := view{clock: clockOf(at.Add(time.Hour), time.UTC), inc: log.Incidents[0], groups: []status.Group{g}}
		if got := v.since(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
