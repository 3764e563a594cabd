package house

import (
	"testing"

	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/format"
)

func TestOverloadIsOfTheLastMinute(t *testing.T) {
	var o overload
	if got := o.overloaded(); got != (format.Load{}) {
		t.Errorf("before anything: %+v", got)
	}
	var s runner.Stats
	tick := func(started, late, skipped uint64) {
		s.Started += started
		s.Late += late + skipped // the runner counts what it left out as late
		s.Skipped += skipped
		o.note(s)
	}
	for range 100 {
		tick(1000, 10, 0)
	}
	if got, want := o.lastMinute(), (format.Load{Due: 60_000, Late: 600}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := o.overloaded(); got != (format.Load{}) {
		t.Errorf("one in a hundred changes no figure: %+v", got)
	}
	for range 60 {
		tick(1000, 100, 0)
	}
	if got := o.overloaded(); got != (format.Load{}) {
		t.Errorf("one in ten: %+v", got)
	}
	tick(1000, 101, 0)
	if got, want := o.overloaded(), (format.Load{Due: 60_000, Late: 6001}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	tick(995, 100, 5)
	if got, want := o.overloaded(), (format.Load{Due: 60_000, Late: 6001, LeftOut: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for range 61 {
		tick(1000, 0, 0)
	}
	if got := o.overloaded(); got != (format.Load{}) {
		t.Errorf("a minute later: %+v", got)
	}
	s.Dropped += 3
	tick(1000, 0, 0)
	if got, want := o.overloaded(), (format.Load{Due: 60_000, Lost: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestAFewLateStartsAreNoOverload: of few probes one is a great share.
func TestAFewLateStartsAreNoOverload(t *testing.T) {
	for _, tt := range []struct {
		started, late, skipped uint64
		said                   bool
	}{
		{18, 1, 0, false}, {18, 9, 0, false}, {18, 4, 5, false}, {18, 10, 0, true}, {290, 10, 0, false}, {290, 30, 0, true}, {5000, 12, 0, false}, {60_000, 1, 3, false}, {60_000, 601, 0, false},
		{60_000, 6001, 0, true}, {60_000, 0, 700, true}, {500, 0, 10, true},
	} {
		var o overload
		for range overloadSpan + 1 {
			o.note(runner.Stats{})
		}
		o.note(runner.Stats{Started: tt.started, Late: tt.late + tt.skipped, Skipped: tt.skipped})
		if got := o.overloaded() != (format.Load{}); got != tt.said {
			t.Errorf("%+v is said: %v", tt, got)
		}
	}
}

// TestTheFirstMinuteIsNoOverload: at the start everything is due at once, on a
// machine that starts other things too.
func TestTheFirstMinuteIsNoOverload(t *testing.T) {
	var o overload
	o.note(runner.Stats{Started: 27, Late: 20})
	if got := o.overloaded(); got != (format.Load{}) {
		t.Errorf("in the first second: %+v", got)
	}
	o.note(runner.Stats{Started: 27, Late: 20, Skipped: 15})
	if got := o.overloaded(); got == (format.Load{}) {
		t.Error("what is not made is not said")
	}
}
