package bot

import (
	"testing"
	"time"
)

// Of two pages that a person asked for, one right after the other, the later one
// is followed, in whichever order the answers are noted: it is what Slack shows.
func TestThePageAskedForLaterIsFollowed(t *testing.T) {
	opened := time.Date(2026, 3, 3, 19, 0, 0, 0, time.UTC)
	first := looker{used: opened, value: "summary", hash: "1"}
	then := looker{used: opened.Add(time.Millisecond), value: "product:billing", hash: "2"}
	for _, order := range [][]looker{{first, then}, {then, first}} {
		var h Home
		for _, l := range order {
			h.looks("U0BEN0001", l)
		}
		if got := h.lookers["U0BEN0001"]; got.hash != "2" {
			t.Errorf("noted %q and then %q: %q is followed", order[0].value, order[1].value, got.value)
		}
	}
}
