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

// TestADayThatBeginsAtOne: where clocks are put forward at midnight, the trouble of a night
// is sorted into both of its days.
func TestADayThatBeginsAtOne(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 9, 5, 20, 0, 0, 0, zone)
	want := []status.Day{{Date: "2026-09-05", Hurt: 4 * 3600}, {Date: "2026-09-06", Hurt: 5 * 3600}}
	if diff := cmp.Diff(want, status.HurtOf(from, from.Add(9*time.Hour), zone)); diff != "" {
		t.Errorf("trouble (-want +got):\n%s", diff)
	}
}

// TestHurtAfterAll: what was counted while it lasted, and what is known afterwards, add up to what it was.
func TestHurtAfterAll(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 23, minutes, 0, 0, time.UTC) }
	p := impact.Proof{Onset: at(30), Began: at(20), Ended: at(50), Recovered: at(80)}
	for until, name := range map[time.Time]string{at(25): "not at all", at(45): "not to its end", at(50): "to its end", at(75): "beyond it, and into the next day"} {
		sum := map[string]int{}
		for _, d := range append(status.HurtOf(p.Onset, until, time.UTC), status.HurtAfterAll(p, until, time.UTC)...) {
			sum[d.Date] += d.Hurt
		}
		if sum["2026-03-02"] != 30*60 || sum["2026-03-03"] != 0 {
			t.Errorf("counted %s: %v s", name, sum)
		}
	}
	for name, bad := range map[string]impact.Proof{"as usual now": {Accepted: true, Onset: at(30)}, "of an older version": {Onset: at(30), Since: at(50), Recovered: at(80)}} {
		if got := status.HurtAfterAll(bad, at(75), time.UTC); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
