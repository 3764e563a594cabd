package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestACutNameEndsASentence: behind the dots of a name that was cut stands no full stop,
// whichever sentence it ends.
func TestACutNameEndsASentence(t *testing.T) {
	long := status.ProductStatus{Product: status.Product{ID: "portal", Name: "Customer Portal for Business Customers in the European Union and in Switzerland"}}
	s := status.Snapshot{At: time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC), Products: []status.ProductStatus{long, {Product: status.Product{ID: "mail", Name: "Mail"}}}}
	only := s.Of([]string{"portal"})
	for what, m := range map[string]Message{
		"watching": Watching(long, "/status"), "a change": WatchChange(long, "ok", s, "/status"), "only": OnlyOf(say("Well."), only), "without": InPart(say("Well."), only, only, nil),
		"acknowledged": Acked(incident.Event{Kind: incident.Acked, Product: "portal"}, s, "/status"),
	} {
		shown := m.Text + string(m.BlocksJSON())
		if !strings.Contains(shown, "Unio…") || strings.Contains(shown, "….") {
			t.Errorf("%s: %s", what, shown)
		}
	}
}

// TestWatchesHaveFigures: at home what is hurt of what somebody watches is told with its
// figures, and of what is not measured why.
func TestWatchesHaveFigures(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	product := func(id, name string, i impact.Impact) status.ProductStatus {
		i.Window, i.AsOf = 10*time.Minute, at
		return status.ProductStatus{Product: status.Product{ID: id, Name: name}, Impact: i, Checks: 1}
	}
	s := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{
		product("billing", "Billing", impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 600, Failures: 31}, Low: 0.036, High: 0.072, Onset: at.Add(-5 * time.Minute)}),
		product("mail", "Mail", impact.Impact{Level: impact.OK, Counts: impact.Counts{Tries: 600}}), product("wiki", "Wiki", impact.Impact{Level: impact.Unknown})}}
	shown := string(Home(HomeFacts{Snapshot: s, Watches: true, Watched: []string{"billing", "mail", "wiki"}}).BlocksJSON())
	for _, want := range []string{"Billing 5.2\u00a0% (31/600) since", "Mail as usual", "Wiki (the checks cannot observe)"} {
		if !strings.Contains(shown, want) {
			t.Errorf("home lacks %q: %s", want, shown)
		}
	}
}

// TestNothingIsDeclared: before there is a product, the answer says what is to be done, and
// not that nothing happened to it.
func TestNothingIsDeclared(t *testing.T) {
	for what, m := range map[string]Message{"summary": Summary(SummaryFacts{Command: "/status"}), "home": Home(HomeFacts{})} {
		if shown := string(m.BlocksJSON()); !strings.Contains(shown, "declared under `products`") || strings.Contains(shown, "Not measured: none") {
			t.Errorf("%s: %s", what, shown)
		}
	}
}

// TestNoListIsCutInSilence: what there is no room for is counted.
func TestNoListIsCutInSilence(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	var (
		s     = status.Snapshot{At: at}
		ids   []string
		mixed []checks.Check
	)
	for i := range 20 {
		id := fmt.Sprintf("p%02d", i)
		ids = append(ids, id)
		mixed = append(mixed, checks.Check{ID: id, Kind: "kind" + id})
		s.Products = append(s.Products, status.ProductStatus{Product: status.Product{ID: id, Name: "Product " + id},
			Impact: impact.Impact{Level: impact.OK, Proof: &impact.Proof{Limit: 0.01, N: 500, Proven: at}}})
	}
	home := Home(HomeFacts{Snapshot: s, Watches: true, Watched: ids})
	for what, got := range map[string][2]string{
		"watched at home": {string(home.BlocksJSON()), `and 14 more`},
		"proofs kept":     {ProofTold(s, incident.Incident{Unproven: ids}), "each of 20 products below 1 % with 99 % confidence, 0 of 10,000 tries failed"},
		"which of":        {string(WhichOf("/status", "mute", "p", ids).BlocksJSON()), "12 more"},
		"kinds":           {kinds(mixed), ", 15 more kinds"},
	} {
		if !strings.Contains(got[0], got[1]) {
			t.Errorf("%s: want %q in\n%s", what, got[1], got[0])
		}
	}
}
