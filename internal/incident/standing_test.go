package incident

import (
	"fmt"
	"testing"
	"time"
)

// TestStandingHasAnEnd: neither what people plan for each week nor what they take
// back of it grows with age.
func TestStandingHasAnEnd(t *testing.T) {
	var l Log
	now := time.Date(2027, 1, 9, 22, 0, 0, 0, time.UTC)
	for n := range mostStanding + 5 {
		e, err := l.DoMuteEach(now, Standing{Product: fmt.Sprint("p", n), Weekly: "sat 22:00", For: time.Hour, Zone: "UTC", Why: "patches"})
		if (err != nil) != (n >= mostStanding) {
			t.Fatalf("number %d: %v", n, err)
		}
		if err == nil {
			l.Desk = FoldDesk(l.Desk, e)
		}
	}
	again, err := l.DoUnmuteEach(now, "U1", "C1", "p1", "")
	if err != nil {
		t.Fatal(err)
	}
	l.Desk = FoldDesk(l.Desk, again)
	if _, err := l.DoUnmuteEach(now, "U1", "C1", "p1", ""); err == nil || len(l.Desk.Standing) != mostStanding-1 {
		t.Errorf("taken back twice: %v; %d are left", err, len(l.Desk.Standing))
	}
	for range 2 * mostSkips {
		now = now.Add(time.Minute)
		e, err := l.DoSkip(now, "U1", "C1", Muting{Product: "p2", From: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		l.Desk = FoldDesk(l.Desk, e)
	}
	if len(l.Desk.Skips) != mostSkips || !l.Desk.Skipped(Muting{Product: "p2", From: now.Add(time.Hour)}) {
		t.Errorf("%d skips, want %d with the newest among them", len(l.Desk.Skips), mostSkips)
	}
	for _, bad := range []Standing{{Weekly: "sat 22:00", For: 25 * time.Hour, Why: "x"}, {Weekly: "sat 22:00", Why: "x"}, {Weekly: "sat 22:00", For: time.Hour}} {
		if _, err := l.DoMuteEach(now, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// TestAStandingOfTheSameTimeReplacesTheOther of the same product.
func TestAStandingOfTheSameTimeReplacesTheOther(t *testing.T) {
	var l Log
	for n, s := range []Standing{{Weekly: "sat 22:00", For: time.Hour}, {Weekly: "wed 22:00", For: time.Hour}, {Weekly: "sat 22:00", For: 2 * time.Hour}, {Weekly: "sat 22:00", For: time.Hour, Check: "pay"}} {
		s.Product, s.Why = "billing", "patches"
		e, err := l.DoMuteEach(time.Unix(int64(n), 0), s)
		if err != nil {
			t.Fatal(err)
		}
		l.Desk = FoldDesk(l.Desk, e)
	}
	if got := l.Desk.Standing; len(got) != 3 || got[1].Weekly != "sat 22:00" || got[1].For != 2*time.Hour || got[2].Check != "pay" {
		t.Errorf("%+v", got)
	}
	if got := (Standing{Weekly: "daily 03:00"}).Words(); got != "every day at 03:00" {
		t.Error(got)
	}
}

// TestWhatIsPlannedOnceIsTakenBackToo: at the very time of a weekly one that was taken
// back before. Twice it is not.
func TestWhatIsPlannedOnceIsTakenBackToo(t *testing.T) {
	var l Log
	begins := t0.Add(24 * time.Hour)
	at := Muting{Product: "billing", From: begins}
	l = onDesk(l, must(t)(l.DoSkip(t0, "U1", "C1", at)))
	if _, err := l.DoSkip(t0, "U1", "C1", at); err == nil {
		t.Error("a weekly time was taken back twice")
	}
	l = onDesk(l, must(t)(l.DoMute(t0, ToMute{By: "U1", Channel: "C1", Product: "billing", Begins: begins, For: time.Hour, Why: "moving"})))
	l = onDesk(l, must(t)(l.DoSkip(t0, "U1", "C1", at)))
	if left := l.Desk.PlannedAt(t0); len(left) > 0 {
		t.Errorf("it is still planned: %+v", left)
	}
	if _, err := l.DoSkip(t0, "U1", "C1", at); err == nil {
		t.Error("it was taken back twice")
	}
}
