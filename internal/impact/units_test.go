package impact

import (
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestAShortWindowJudgesAnActionSooner: in a window of 40 s an action is judged
// in units of 4 s, by results that a minute would hold together; in the usual
// one by minutes, which are what they were.
func TestAShortWindowJudgesAnActionSooner(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{0: time.Minute, 10 * time.Minute: time.Minute, time.Hour: time.Minute, time.Minute: 6 * time.Second, 45 * time.Second: 4 * time.Second, time.Second: time.Second} {
		if got := EffectUnit(window); got != want {
			t.Errorf("of a window of %s: %s, want %s", window, got, want)
		}
	}
	const each = 50 * time.Millisecond
	begin := propertyStart
	mark := begin.Add(time.Minute)
	tr := NewTracker(Config{Window: 40 * time.Second}, []checks.Check{{ID: "c", Product: "p", Every: time.Second}})
	usual := NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: time.Second}})
	var results []checks.Result
	for i := range 90 * 20 {
		r := checks.Result{Check: "c", Product: "p", Started: begin.Add(time.Duration(i) * each), Outcome: checks.Pass}
		if i%7 == 0 && r.Started.Before(mark) {
			r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
		}
		tr.Apply(r, true)
		usual.Apply(r, true)
		results = append(results, r)
	}
	judged := func(now time.Time) Effect {
		return EffectOf([][]Minute{tr.Units(begin, now)}, Action{At: mark, Unit: EffectUnit(40 * time.Second)}, now)
	}
	if e := judged(mark.Add(13 * time.Second)); e.Verdict != EffectEarly {
		t.Errorf("after 13 s it is judged: %+v", e)
	}
	if e := judged(mark.Add(20 * time.Second)); e.Verdict != Helped || !e.Final || e.After.Tries != 240 && e.After.Tries != 320 {
		t.Errorf("after 20 s it is not judged as having helped: %+v", e)
	}
	// After a restart the results come once more, and are not judged.
	state, err := tr.Freeze().Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := NewTracker(Config{Window: 40 * time.Second}, []checks.Check{{ID: "c", Product: "p", Every: time.Second}})
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		again.Apply(r, false)
	}
	if got, want := again.Units(begin, begin.Add(time.Hour)), tr.Units(begin, begin.Add(time.Hour)); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("after a restart the units are %v, want %v", got, want)
	}
	got, want := usual.Units(begin, begin.Add(time.Hour)), usual.Minutes(begin, begin.Add(time.Hour))
	if len(got) != len(want) || got[0] != want[0] {
		t.Errorf("in the usual window units are %v, want the minutes %v", got, want)
	}
}

// TestATroubleThatGrewBeforeAnActionIsNotItsDoing: 4 % for twenty minutes, 9 %
// from five minutes before an action on, which changes nothing.
func TestATroubleThatGrewBeforeAnActionIsNotItsDoing(t *testing.T) {
	at := propertyStart.Add(time.Hour)
	var list []Minute
	for i := -25; i < 30; i++ {
		m := Minute{At: at.Add(time.Duration(i) * time.Minute), Tries: 600, Failures: 54 + 6*(i&1)}
		if i < -5 {
			m.Failures -= 30
		}
		list = append(list, m)
	}
	if e := EffectOf([][]Minute{list}, Action{At: at, Unit: time.Minute}, at.Add(30*time.Minute)); e.Verdict != NoEffect || e.Before.Tries != 5*600 {
		t.Errorf("got %+v, want no effect, by the five minutes before it", e)
	}
	for i := range list[:20] {
		list[i].Failures += 30
	}
	if e := EffectOf([][]Minute{list}, Action{At: at, Unit: time.Minute}, at.Add(30*time.Minute)); e.Verdict != NoEffect || e.Before.Tries != 25*600 {
		t.Errorf("got %+v, want no effect, by all that was before it", e)
	}
}
