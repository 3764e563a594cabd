package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// The instant of a change is read in each reader's own zone where Slack shows
// it, as every other time of the message, and as UTC in a notification.
func TestNewsIsToldInTheReadersZone(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	step := incident.RateStep{At: at.Add(-5 * time.Minute), Before: incident.Counts{Tries: 1000, Failures: 40}, After: incident.Counts{Tries: 600, Failures: 1}}
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "billing", Name: "Billing"}}, {Product: status.Product{ID: "search", Name: "Search"}}}}
	for name, news := range map[string]News{
		"quiet":  {Step: step, Of: []string{"billing", "search"}, Quiet: true},
		"better": {Step: step, Of: []string{"billing", "search"}},
	} {
		m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour)}, Next: at.Add(5 * time.Minute), News: news})
		token := fmt.Sprintf("<!date^%d^", step.At.Unix())
		if first := m.Blocks[0].Section; !strings.Contains(first, token) || strings.Contains(first, " 10:00 UTC") {
			t.Errorf("%s: the block says %q", name, first)
		}
		if !strings.Contains(m.Text, "10:00 UTC") || strings.Contains(m.Text, "<!date") {
			t.Errorf("%s: the notification says %q", name, m.Text)
		}
	}
}

// TestWhatIsToldOfAChange, in the words for what it is: without a failure none
// "fail 0 %", and what passed now and then was not down.
func TestWhatIsToldOfAChange(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	answering := func(id string, failures, tries int) status.ProductStatus {
		p := status.ProductStatus{Product: status.Product{ID: id, Name: id}}
		p.Level, p.Tries = impact.Degraded, 7
		down := impact.Down{Since: at.Add(-10 * time.Minute), Tries: tries, Failures: failures}
		p.Answers = &impact.Answers{Down: down, Last: at.Add(-4 * time.Minute), Since: at.Add(-3 * time.Minute), Until: at, Passed: 7, Tries: 7}
		return p
	}
	step := func(failures int) incident.RateStep {
		return incident.RateStep{At: at.Add(-15 * time.Minute), Before: incident.Counts{Tries: 1000, Failures: 40}, After: incident.Counts{Tries: 600, Failures: failures}}
	}
	for name, c := range map[string]struct {
		news News
		want string
	}{
		"better":             {News{Step: step(6), Of: []string{"a"}}, "better. A fails 1.0 % of tries (6 of 600), 4.0 % until 09:50 UTC."},
		"without a failure":  {News{Step: step(0), Of: []string{"a"}}, "better. No failure on A since 09:50 UTC (600 tries), 4.0 % before."},
		"none on any":        {News{Step: step(0), Of: []string{"a", "b"}}, "better. No failure on A and B since 09:50 UTC (600 tries), 4.0 % before."},
		"was down":           {News{Answers: []status.ProductStatus{answering("A", 35, 35)}}, "A answers again: the last 7 tries passed. It was down 6 min: 35 of 35 failed."},
		"failed most":        {News{Answers: []status.ProductStatus{answering("A", 24, 35)}}, "A answers again: the last 7 tries passed. It failed 69 % of tries for 6 min (24 of 35)."},
		"two, one of them":   {News{Answers: []status.ProductStatus{answering("A", 35, 35), answering("B", 24, 35)}}, "A, B answer again: the last 14 tries passed. They failed 84 % of tries for up to 6 min (59 of 70)."},
		"two that were down": {News{Answers: []status.ProductStatus{answering("A", 35, 35), answering("B", 34, 35)}}, "A, B answer again: the last 14 tries passed. They were down up to 6 min: 69 of 70 failed."},
	} {
		snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "A"}}, {Product: status.Product{ID: "b", Name: "B"}}}}
		if got := look(snap, incident.Incident{}, false).newsSentence(c.news); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, c.want)
		}
	}
}
