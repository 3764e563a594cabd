package format

import (
	"testing"
	"time"
)

// What is in memory only is said beside the figures, with its cure; nothing is
// said while all is written down.
func TestUnkept(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC)
	m := Message{Text: "Shop fails.", Blocks: []Block{{Section: "*Shop fails.*"}, {Context: "about"}}}
	if got := (Unkept{}).In(m, now); got.Text != m.Text || len(got.Blocks) != 2 {
		t.Errorf("nothing is wrong: %+v", got)
	}
	got := Unkept{Since: now.Add(-3 * time.Minute), Why: "the disk is full"}.In(m, now)
	const want = "Shop fails. In statusbot's memory only since 10:02 UTC: the disk is full. A restart would lose it; with room on its disk it is written down by itself."
	if got.Text != want || len(got.Blocks) != 3 || got.Blocks[1].Context == "" {
		t.Errorf("got %q %+v\nwant %q", got.Text, got.Blocks, want)
	}
}
