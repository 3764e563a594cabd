package format

import (
	"regexp"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
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
