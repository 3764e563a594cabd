package incident

import (
	"testing"
	"time"
)

// TestFlapOf: what goes bad three times, each soon after the time before, flaps,
// until it has been well for half an hour or bad for long.
func TestFlapOf(t *testing.T) {
	at := func(min int) time.Time { return t0.Add(time.Duration(min) * time.Minute) }
	begin := Fold(Incident{}, Event{Incident: "inc-1", Kind: Opened, Number: 1, At: t0, Every: time.Minute})
	level := func(i Incident, min int, from, to string) Incident {
		return Fold(i, Event{Incident: "inc-1", Kind: Level, Product: "lake", At: at(min), From: from, To: to, Ended: at(min)})
	}
	i := begin
	for n := range 3 {
		if _, ok := i.FlapOf("lake"); ok {
			t.Errorf("it flaps after %d times", n)
		}
		i = level(i, 10*n, "ok", "outage")
		i = level(i, 10*n+n+1, "outage", "ok")
	}
	f, ok := i.FlapOf("lake")
	shortest, longest := f.Lasting()
	if !ok || !f.Down || len(f.Spells) != 3 || f.Now() || shortest != time.Minute || longest != 3*time.Minute {
		t.Errorf("it is %+v, %v, %s to %s; want down three times, 1 to 3 min", f, ok, shortest, longest)
	}
	if f.Ended(at(52)) || !f.Ended(at(53)) {
		t.Error("it does not end half an hour after it was down last")
	}
	down := level(i, 30, "ok", "outage")
	if f, _ := down.FlapOf("lake"); !f.Now() || f.Ended(at(39)) || !f.Ended(at(40)) {
		t.Error("it does not end when it is down for long")
	}
	// Times of being hurt that are not down count together with those that are.
	mixed := level(level(level(begin, 0, "ok", "degraded"), 3, "degraded", "ok"), 10, "ok", "outage")
	mixed = level(level(mixed, 11, "outage", "degraded"), 12, "degraded", "ok")
	if f, ok := level(mixed, 20, "ok", "degraded").FlapOf("lake"); !ok || f.Down || len(f.Spells) != 3 {
		t.Errorf("hurt three times is %+v, %v", f, ok)
	}
	// What comes long after is another trouble.
	if _, ok := level(mixed, 41, "ok", "degraded").FlapOf("lake"); ok {
		t.Error("three times in 41 min flap")
	}
	// What was not measured for a moment is one trouble; what was well before it failed again, two.
	gone := begin
	for n := range 3 {
		gone = level(level(gone, 5*n, map[bool]string{true: "ok", false: "unknown"}[n == 0], "degraded"), 5*n+4, "degraded", "unknown")
	}
	if f, ok := gone.FlapOf("lake"); ok {
		t.Errorf("hurt once, and not measured three times, is %+v", f)
	}
	apart := begin
	for n := range 3 {
		apart = level(level(level(apart, 5*n, "ok", "degraded"), 5*n+3, "degraded", "unknown"), 5*n+4, "unknown", "ok")
	}
	if f, ok := apart.FlapOf("lake"); !ok || len(f.Spells) != 3 {
		t.Errorf("hurt three times, and well between, is %+v, %v", f, ok)
	}
	i = level(begin, 0, "ok", "outage")
	for n := range 1000 {
		i = level(level(i, n, "outage", "ok"), n, "ok", "outage")
	}
	if len(i.turns["lake"]) != keepTurns {
		t.Errorf("%d changes of level are kept, want %d", len(i.turns["lake"]), keepTurns)
	}
}

// TestWhatRestsFlaps: products that fail together, are quiet and fail again, three
// times, flap though their recovery is never proven between.
func TestWhatRestsFlaps(t *testing.T) {
	at := func(min int) time.Time { return t0.Add(time.Duration(min) * time.Minute) }
	i := Fold(Incident{}, Event{Incident: "inc-1", Kind: Opened, Number: 1, At: t0, Every: time.Minute})
	for _, p := range []string{"lake", "mail"} {
		i = Fold(i, Event{Incident: "inc-1", Kind: Level, Product: p, At: at(1), Onset: t0, From: "ok", To: "degraded"})
	}
	step := func(i Incident, kind Kind, min int, of ...string) Incident {
		return Fold(i, Event{Incident: "inc-1", Kind: kind, At: at(min + 2), Products: of, Step: &RateStep{At: at(min)}})
	}
	for n := range 2 {
		if _, ok := i.FlapOf("lake"); ok {
			t.Errorf("it flaps after %d times", n+1)
		}
		i = step(i, Quiet, 12*n+4, "lake", "mail")
		i = step(i, Rate, 12*n+12, "lake")
	}
	f, ok := i.FlapOf("lake")
	if shortest, longest := f.Lasting(); !ok || f.Down || len(f.Spells) != 3 || !f.Now() || shortest != 4*time.Minute || longest != 4*time.Minute {
		t.Errorf("it is %+v, %v; want failing three times, 4 min each", f, ok)
	}
	if f, ok := i.FlapOf("mail"); ok {
		t.Errorf("what did not fail again flaps: %+v", f)
	}
	i = Fold(i, Event{Incident: "inc-1", Kind: Flapping, Product: "lake", At: at(26)})
	if !i.MostFlap([]string{"lake"}) || i.MostFlap([]string{"lake", "mail"}) {
		t.Error("most of lake flap, and not of lake and mail")
	}
	down := Fold(i, Event{Incident: "inc-1", Kind: Level, Product: "lake", At: at(27), From: "degraded", To: "outage"})
	if i.FirstDown("lake") || !down.FirstDown("lake") {
		t.Error("that it is down is not seen as the first time")
	}
	again := Fold(Fold(down, Event{Kind: Level, Product: "lake", At: at(28), From: "outage", To: "degraded"}), Event{Kind: Level, Product: "lake", At: at(29), From: "degraded", To: "outage"})
	if again.FirstDown("lake") {
		t.Error("the second time it is down is a first one")
	}
	i = step(i, Quiet, 28, "lake")
	if f, _ := i.FlapOf("lake"); f.Now() || f.Ended(at(57)) || !f.Ended(at(58)) {
		t.Errorf("it does not end half an hour after it failed last: %+v", f)
	}
}
