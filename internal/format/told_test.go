package format

import (
	"testing"

	"github.com/statusbot/statusbot/internal/impact/cause"
	"github.com/statusbot/statusbot/internal/status"
)

// TestCauseTold: few checks are told as a person would, and none as "0 of the 0".
func TestCauseTold(t *testing.T) {
	for _, c := range []struct {
		s    cause.Suspect
		want string
	}{
		{cause.Suspect{Others: 5}, "No single check stands out yet; taken together they point there."},
		{cause.Suspect{FailingAll: 1, Failing: 1, Others: 13}, "The one failing check uses it, none of the 13 others fails."},
		{cause.Suspect{FailingAll: 16, Failing: 16, Others: 1}, "All 16 failing checks use it, the 1 other check does not fail."},
		{cause.Suspect{FailingAll: 16, Failing: 16}, "All 16 failing checks use it, as every check does."},
		{cause.Suspect{FailingAll: 16, Failing: 15, Others: 9, OthersFailing: 1}, "15 of the 16 failing checks use it; 1 of the 9 other checks fails."},
		{cause.Suspect{FailingAll: 43, Failing: 43, Others: 120}, "43 of the 43 failing checks use it; none of the 120 other checks fails."},
	} {
		c.s.ID = "edge"
		got := CauseTold(status.Causes{Ranking: cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{c.s}}})
		if want := "Most likely shared cause: edge. " + c.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
