package format

import (
	"testing"
	"time"
)

// Who is cut off says so, since when and what follows, beside what it knows; who is not
// says nothing.
func TestApart(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC)
	m := Message{Text: "All as usual.", Blocks: []Block{{Section: "*All as usual.*"}, {Context: "about"}}}
	if got := (Apart{}).In(m, now); got.Text != m.Text || len(got.Blocks) != 2 {
		t.Errorf("nothing is wrong: %+v", got)
	}
	since := now.Add(-3 * time.Minute)
	const then = ". It measures and posts nothing, and what it says is as of then. Ask again: another one may answer."
	for want, a := range map[string]Apart{
		"this statusbot reaches none of the 2 others":                               {Since: since, Others: 2},
		"this statusbot reaches 1 of the 4 others, and they do not agree who leads": {Since: since, Reached: 1, Others: 4},
		"this statusbot does not reach its journal":                                 {Since: since},
	} {
		got := a.In(m, now)
		if want := "All as usual. Cut off since 10:02 UTC (3 min): " + want + then; got.Text != want || len(got.Blocks) != 3 || got.Blocks[1].Context == "" {
			t.Errorf("got %q %+v\nwant %q", got.Text, got.Blocks, want)
		}
	}
}
