package incident

import (
	"slices"
	"testing"
	"time"
)

// clocked is a desk on which people say something by a clock that is set back now
// and then.
type clocked struct {
	t *testing.T
	Log
}

func (c *clocked) mute(clock, begins string, span time.Duration, why string) {
	c.t.Helper()
	m := ToMute{By: "U1", Channel: "C1", Product: "billing", For: span, Why: why}
	if begins != "" {
		m.Begins = hour(c.t, begins)
	}
	c.Log = onDesk(c.Log, must(c.t)(c.DoMute(hour(c.t, clock), m)))
}

func (c *clocked) unmute(clock string) {
	c.t.Helper()
	c.Log = onDesk(c.Log, must(c.t)(c.DoUnmute(hour(c.t, clock), "U2", "C1", "billing", "")))
}

// goesOn checks which maintenances go on by a clock.
func (c *clocked) goesOn(clock string, want ...string) {
	c.t.Helper()
	var got []string
	for _, m := range c.Desk.MutesAt(hour(c.t, clock)) {
		got = append(got, m.Why)
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("at %s: %q, want %q", clock, got, want)
	}
}

func hour(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return at.AddDate(2027, 0, 8)
}

// TestMutesAndAClockThatIsSetBack: what was muted at once is muted from its place in
// the log on, and what was ended stays ended, whatever the clock says since.
func TestMutesAndAClockThatIsSetBack(t *testing.T) {
	c := &clocked{t: t}
	c.mute("14:00", "", 2*time.Hour, "moving")
	c.goesOn("13:05", "moving")
	c.mute("13:10", "", 3*time.Hour, "takes longer") // in its place
	c.goesOn("13:11", "takes longer")
	c.goesOn("14:30", "takes longer")
	c.unmute("13:20")
	c.goesOn("13:15") // set back once more
	c.goesOn("14:30")
	if _, err := c.DoUnmute(hour(t, "13:15"), "U2", "C1", "billing", ""); err == nil {
		t.Error("what was ended is ended again")
	}
	c.mute("13:30", "15:00", time.Hour, "planned")
	c.goesOn("15:10", "planned")
	c.goesOn("14:10") // a plan goes by the clock
	if got := c.Desk.PlannedAt(hour(t, "14:10")); len(got) != 1 {
		t.Errorf("planned: %+v", got)
	}
	c.goesOn("16:00")
}

// TestPlanningAndAClockThatIsSetBack: what the configuration plans has begun once
// and not again, and what somebody ended of it stays ended.
func TestPlanningAndAClockThatIsSetBack(t *testing.T) {
	c := &clocked{t: t}
	plan := []Muting{{Product: "billing", From: hour(t, "14:00"), Until: hour(t, "16:00"), Why: "patches"}}
	planning := func(clock string, want ...Kind) {
		t.Helper()
		var planned []Muting // as Config.Planned: what goes on by the clock
		if plan[0].On(hour(t, clock)) {
			planned = plan
		}
		var got []Kind
		for _, e := range c.Desk.Planning(hour(t, clock), planned) {
			got = append(got, e.Kind)
			c.Log = onDesk(c.Log, e)
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %s: %q, want %q", clock, got, want)
		}
	}
	planning("14:00", Mute)
	planning("13:10")
	c.goesOn("13:10", "patches")
	planning("14:00")
	c.unmute("14:30")
	planning("14:10")
	c = &clocked{t: t}
	planning("14:05", Mute)
	c.unmute("13:10")
	planning("13:11")
	planning("14:01")
	c.goesOn("14:01")
}
