package report

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/impact"
)

// TestTheWorstIsNoBetterThanAll: "30 % failed, worst 10 min 28 %" cannot be.
func TestTheWorstIsNoBetterThanAll(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 19, minutes, 0, 0, time.UTC) }
	p := &product{Tries: 40, Failures: 12, points: []picture.Point{{From: at(0), To: at(1), Tries: 20}, {From: at(1), To: at(3), Tries: 40, Failures: 12}}}
	if got := worstOf(&product{Tries: 446, points: []picture.Point{{From: at(0), To: at(1), Tries: 446}}}); got != "0 %" {
		t.Errorf("worst %q of what never failed", got)
	}
	if got := worstOf(&product{}); got != "" {
		t.Errorf("worst %q of nothing", got)
	}
	if got := worstOf(p); got != "30 %" {
		t.Errorf("worst %s of 30 %% in all", got)
	}
	p.points = append(p.points, picture.Point{From: at(3), To: at(20), Tries: 100, Failures: 60})
	if got := worstOf(p); got != "60 %" {
		t.Errorf("worst %s, want the 17 minutes of 60 %%", got)
	}
}

// TestTheWorstIsNoBetterThanTheRest: where four minutes of trouble failed more than the half hour of another one,
// these are the worst, and the ten minutes with most of the half hour are not: "0.1 % in its worst ten minutes, 2.6 %
// in the rest" cannot be.
func TestTheWorstIsNoBetterThanTheRest(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 19, minutes, 0, 0, time.UTC) }
	p := &product{stays: []stay{{level: impact.Degraded, from: at(0), to: at(4)}, {level: impact.Degraded, from: at(20), to: at(50)}}}
	for m := range 50 {
		x := picture.Point{From: at(m), To: at(m + 1), Tries: 500}
		switch {
		case m < 4:
			x.Failures = 60
		case m%10 == 9:
			x.Failures = 2
		}
		p.points = append(p.points, x)
	}
	b := &builder{r: &Report{Products: []*product{p}, from: at(0), to: at(50), clock: clock{zone: time.UTC}}}
	b.sums()
	if got, want := b.courseTold(), "It was worst from 19:00 to 19:04: 12.0 % failed (240 of 2,000), under 0.1 % in the rest."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p = &product{} // tries too few for any of five to be told as the worst, and more failed in them
	for m := range 30 {
		if m < 15 && m%3 == 0 {
			p.points = append(p.points, picture.Point{From: at(m), To: at(m + 1), Tries: 4, Failures: 1})
		}
		if m >= 20 {
			p.points = append(p.points, picture.Point{From: at(m), To: at(m + 1), Tries: 500, Failures: 50})
		}
	}
	p.stays = []stay{{level: impact.Degraded, from: at(0), to: at(30)}}
	b.r = &Report{Products: []*product{p}, from: at(0), to: at(30), clock: b.r.clock}
	b.sums()
	if got := b.courseTold(); got != "" {
		t.Errorf("%q of what was not the worst", got)
	}
}
