package replay

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// TestTheCauseIsThatOfWhatFailsNow: a component fails for 40 min and is repaired; five
// minutes later another one fails, in checks of all products. That is posted, with what
// was the cause before.
func TestTheCauseIsThatOfWhatFailsNow(t *testing.T) {
	t.Parallel()
	h := newHeard(status.NewBoard(readCompany()))
	h.from, h.pace = readBegins.Add(-readLearns), 9
	h.live(t, weather{share: func(c checks.Check, at time.Duration) (float64, float64) {
		switch {
		case through("edge", c) && between(at, 0, 40*time.Minute):
			return 0.08, 1
		case through("auth", c) && at >= 45*time.Minute:
			return 0.3, 1
		}
		return 0.002, 1
	}}, 75*time.Minute)
	h.report(t)
	var turned []string
	for _, post := range h.said {
		if strings.Contains(post, "something else fails than before") {
			turned = append(turned, post)
		}
	}
	if len(turned) != 1 || turned[0] > "20:25" {
		t.Fatalf("told to fail by another cause: %q, want one post by 20:25", turned)
	}
	if want := "Likely auth: both checks that clearly fail use it, none of the 16 others fails. Counted since 20:10 UTC; before that it was edge, which is over.\n"; !strings.Contains(turned[0], want) {
		t.Errorf("it says\n%s\nwant\n%s", turned[0], want)
	}
	if _, last, _ := strings.Cut(h.words.String(), "Impact update #20"); !strings.Contains(last, "Likely auth: all 8 failing checks use it, none of the 16 others fails.") {
		t.Errorf("at last it says\n%s", last)
	}
}
