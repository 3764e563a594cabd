package format

import (
	"testing"
	"time"
)

// What a damaged file has taken is said for a day, in numbers; what the second
// copy made up for is no loss.
func TestLost(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC)
	m := Message{Text: "All as usual.", Blocks: []Block{{Section: "*All as usual.*"}, {Context: "about"}}}
	l := Lost{Found: now.Add(-time.Hour), Events: 2, Batches: 1, Others: 3}
	got := l.In(m, now)
	const want = "All as usual. A file of statusbot's was damaged when it started, 09:05 UTC. Lost: 2 events of incidents, 1 bundle of results, 3 other records. The rest is there; statusbot's log has more."
	if got.Text != want || len(got.Blocks) != 3 {
		t.Errorf("got %q %+v\nwant %q", got.Text, got.Blocks, want)
	}
	for name, none := range map[string]Message{"nothing lost": (Lost{Found: now}).In(m, now), "two days ago": l.In(m, now.Add(48*time.Hour))} {
		if none.Text != m.Text || len(none.Blocks) != 2 {
			t.Errorf("%s: %+v", name, none)
		}
	}
}
