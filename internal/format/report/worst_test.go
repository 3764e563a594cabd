package report

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
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
