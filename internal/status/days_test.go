package status_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// TestDaysHaveTheirHours: what is measured each minute, and trouble that goes on
// for three days, are sorted into the company's days, of which the one on which
// summer time begins has 23 hours, and the one on which it ends 25.
func TestDaysHaveTheirHours(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from  time.Time
		dates [3]string
		hours int // of the day in the middle
	}{
		{time.Date(2026, 3, 28, 0, 0, 0, 0, zone), [3]string{"2026-03-28", "2026-03-29", "2026-03-30"}, 23},
		{time.Date(2026, 10, 24, 0, 0, 0, 0, zone), [3]string{"2026-10-24", "2026-10-25", "2026-10-26"}, 25},
		{time.Date(2026, 6, 1, 0, 0, 0, 0, zone), [3]string{"2026-06-01", "2026-06-02", "2026-06-03"}, 24},
	} {
		to := c.from.AddDate(0, 0, 3)
		var minutes []impact.Minute
		for at := c.from; at.Before(to); at = at.Add(time.Minute) {
			minutes = append(minutes, impact.Minute{At: at.UTC(), Tries: 6, Failures: 1})
		}
		var want, hurt []status.Day
		for i, hours := range []int{24, c.hours, 24} {
			n := hours * 60
			want = append(want, status.Day{Date: c.dates[i], Tries: 6 * n, Failures: n, Measured: n})
			hurt = append(hurt, status.Day{Date: c.dates[i], Hurt: hours * 3600})
		}
		if diff := cmp.Diff(want, status.DaysOf(minutes, zone)); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(hurt, status.HurtOf(c.from, to, zone)); diff != "" {
			t.Errorf("trouble (-want +got):\n%s", diff)
		}
	}
	if days := status.HurtOf(time.Unix(100, 0), time.Unix(100, 0), time.UTC); days != nil {
		t.Errorf("no time is %v", days)
	}
	if _, measured := (status.Day{Date: "2026-06-01"}).Share(); measured {
		t.Error("nothing that was tried has a share")
	}
}
