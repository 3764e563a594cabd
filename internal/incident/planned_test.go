package incident

import (
	"testing"
	"time"
)

// A planned maintenance begins and ends by itself, and is taken back before.
func TestAPlannedMute(t *testing.T) {
	now := time.Date(2026, 3, 27, 20, 0, 0, 0, time.UTC)
	log := Log{}
	do := func(e Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		log.Desk = FoldDesk(log.Desk, e)
	}
	want := func(at time.Time, on, planned int) {
		t.Helper()
		if got := log.Desk.MutesAt(at); len(got) != on {
			t.Errorf("%s: %d go on, want %d: %+v", at.Format("15:04"), len(got), on, got)
		}
		if got := log.Desk.PlannedAt(at); len(got) != planned {
			t.Errorf("%s: %d are planned, want %d: %+v", at.Format("15:04"), len(got), planned, got)
		}
	}
	plan := ToMute{By: "U1", Channel: "C1", Product: "billing", Begins: now.Add(2 * time.Hour), For: time.Hour, Why: "moving"}
	do(log.DoMute(now, plan))
	want(now, 0, 1)
	want(now.Add(150*time.Minute), 1, 0)
	want(now.Add(3*time.Hour), 0, 0)
	// One that begins at once does not take its place; unmute ends what goes on.
	do(log.DoMute(now.Add(time.Minute), ToMute{By: "U1", Channel: "C1", Product: "billing", For: time.Hour, Why: "now"}))
	want(now.Add(2*time.Minute), 1, 1)
	do(log.DoUnmute(now.Add(3*time.Minute), "U1", "C1", "billing", ""))
	want(now.Add(4*time.Minute), 0, 1)
	do(log.DoUnmute(now.Add(5*time.Minute), "U1", "C1", "billing", ""))
	want(now.Add(6*time.Minute), 0, 0)
	want(now.Add(150*time.Minute), 0, 0)
	if _, err := log.DoUnmute(now.Add(7*time.Minute), "U1", "C1", "billing", ""); err == nil {
		t.Error("what is taken back can be taken back again")
	}
	plan.Begins = now.Add(MostPlanned + time.Hour)
	if _, err := log.DoMute(now, plan); err == nil {
		t.Error("it is planned for years ahead")
	}
}
