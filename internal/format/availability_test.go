package format_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/status"
)

func TestAvailability(t *testing.T) {
	t.Parallel()
	const want = `Billing (billing)
day           passed  failed/tries       hurt      measured
2026-03-27                                     not measured
2026-03-28  100.00 %      0/12,960      0 min          24 h
2026-03-29  >99.99 %     1/129,600      1 min          23 h
2026-03-30   95.06 %    640/12,960  3 h 7 min   23 h 58 min
4 days       99.59 %   641/155,520  3 h 8 min   70 h 58 min
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
	long := status.Day{Date: "2026-03-28", Tries: 172_800, Failures: 17_345, Measured: 1438, Hurt: 13*3600 + 7*60}
	var days []status.Day
	for range 400 {
		days = append(days, long)
	}
	const head, sum = "day          passed          failed/tries        hurt     measured", "400 days    89.96 %  6,938,000/69,120,000     5,246 h      9,586 h"
	if lines := strings.Split(format.Availability("Billing", days), "\n"); lines[1] != head || lines[402] != sum {
		t.Errorf("the head is %q, the sum %q", lines[1], lines[402])
	}
}
