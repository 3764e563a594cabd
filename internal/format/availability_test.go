package format_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/status"
)

func TestAvailability(t *testing.T) {
	t.Parallel()
	const want = `Billing (billing)
2026-03-27  not measured
2026-03-28  100.00 %  0 of 12,960 failed; hurt 0 min, measured in 24 h
2026-03-29  >99.99 %  1 of 129,600 failed; hurt 1 min, measured in 23 h
2026-03-30   95.06 %  640 of 12,960 failed; hurt 3 h 7 min, measured in 23 h 58 min
4 days       99.59 %  641 of 155,520 failed; hurt 3 h 8 min, measured in 70 h 58 min
`
	got := format.Availability("Billing (billing)", []status.Day{
		{Date: "2026-03-27"},
		{Date: "2026-03-28", Tries: 12960, Measured: 1440},
		{Date: "2026-03-29", Tries: 129600, Failures: 1, Measured: 23 * 60, Hurt: 20},
		{Date: "2026-03-30", Tries: 12960, Failures: 640, Measured: 1438, Hurt: 3*3600 + 7*60},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
