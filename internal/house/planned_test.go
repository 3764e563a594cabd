package house

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/incident"
)

// TestWhatPeoplePlanForEachWeek comes by the clock on the wall of whoever said it,
// also in the nights in which clocks are changed.
func TestWhatPeoplePlanForEachWeek(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const layout = "Mon 2006-01-02 15:04"
	friday := time.Date(2026, 10, 23, 12, 0, 0, 0, berlin) // clocks are put back on Sunday at 3
	for _, tt := range []struct {
		weekly, until string
		lasts         time.Duration
		after         time.Time
		want          []string // from, hours
	}{
		{"sat 22:00", "06:00", 0, friday, []string{"Sat 2026-10-24 22:00 9h0m0s", "Sat 2026-10-31 22:00 8h0m0s"}},
		{"sat 22:00", "", 2 * time.Hour, friday, []string{"Sat 2026-10-24 22:00 2h0m0s", "Sat 2026-10-31 22:00 2h0m0s"}},
		{"daily 02:30", "", time.Hour, friday, []string{"Sat 2026-10-24 02:30 1h0m0s", "Sun 2026-10-25 02:30 1h0m0s", "Mon 2026-10-26 02:30 1h0m0s"}},
		{"sun 02:30", "", time.Hour, time.Date(2027, 3, 27, 12, 0, 0, 0, berlin), []string{"Sun 2027-03-28 03:00 1h0m0s", "Sun 2027-04-04 02:30 1h0m0s"}},
	} {
		standing := []incident.Standing{{Product: "billing", Weekly: tt.weekly, Until: tt.until, For: tt.lasts, Zone: "Europe/Berlin", By: "U1", Why: "patches"}}
		after := tt.after
		for _, want := range tt.want {
			next := comingAfter(&config.Config{}, after, standing)
			if len(next) != 1 {
				t.Fatalf("%s: %v", tt.weekly, next)
			}
			m := next[0]
			if got := m.From.In(berlin).Format(layout) + " " + m.Until.Sub(m.From).String(); got != want {
				t.Errorf("%s: got %s, want %s", tt.weekly, got, want)
			}
			on := PlannedAt(&config.Config{}, m.Until.Add(-time.Second), standing)
			if off := PlannedAt(&config.Config{}, m.Until, standing); len(on) != 1 || !on[0].From.Equal(m.From) || len(off) != 0 {
				t.Errorf("%s: a second before its end %v, at its end %v", tt.weekly, on, off)
			}
			after = m.From
		}
	}
	if got := comingAfter(&config.Config{}, friday, []incident.Standing{{Weekly: "sat 22:00", For: time.Hour, Zone: "Nowhere/Else"}}); len(got) != 0 {
		t.Errorf("of a zone that is not known: %v", got)
	}
}
