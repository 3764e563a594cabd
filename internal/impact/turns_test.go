package impact

import (
	"slices"
	"testing"
	"time"
)

// unitsOf makes minutes of so many tries around an instant: spans of minutes with so many
// failures each, the last of which begins at the instant.
func unitsOf(at time.Time, tries int, spans ...[2]int) []Minute {
	var out []Minute
	for _, span := range slices.Backward(spans[:len(spans)-1]) {
		for range span[0] {
			first := at.Add(-time.Duration(len(out)+1) * time.Minute)
			out = append(out, Minute{At: first, Tries: tries, Failures: span[1]})
		}
	}
	slices.Reverse(out)
	for k := range spans[len(spans)-1][0] {
		out = append(out, Minute{At: at.Add(time.Duration(k) * time.Minute), Tries: tries, Failures: spans[len(spans)-1][1]})
	}
	return out
}

// TestWhatComesAndGoesIsNobodysDoing: it failed, and rested, and fails again after an
// action. What rests again is better since, and what is young is judged later than what is old.
func TestWhatComesAndGoesIsNobodysDoing(t *testing.T) {
	at := propertyStart.Add(2 * time.Hour)
	for name, c := range map[string]struct {
		list  []Minute
		want  EffectVerdict
		after time.Duration // at least, and a minute more at most
	}{
		"fails again":               {unitsOf(at, 40, [2]int{4, 20}, [2]int{6, 0}, [2]int{30, 20}), NoEffect, 30 * time.Minute},
		"rests again":               {unitsOf(at, 40, [2]int{5, 20}, [2]int{9, 0}, [2]int{4, 20}, [2]int{30, 0}), BetterSince, 13 * time.Minute},
		"grew, and is mended":       {unitsOf(at, 40, [2]int{30, 2}, [2]int{8, 8}, [2]int{30, 0}), Helped, 6 * time.Minute},
		"is young":                  {unitsOf(at, 40, [2]int{5, 20}, [2]int{30, 0}), Helped, 11 * time.Minute},
		"began half an hour before": {unitsOf(at, 40, [2]int{30, 20}, [2]int{30, 0}), Helped, 4 * time.Minute},
	} {
		if v, after := verdictOf(c.list, at); v != c.want || after < c.after || after > c.after+time.Minute {
			t.Errorf("%s: %q after %s, want %q after %s", name, v, after, c.want, c.after)
		}
	}
}

// TestEachProductIsComparedWithItself: one that joined a few minutes before an action is
// no reason to forget what the others were like before that, nor is it an effect.
func TestEachProductIsComparedWithItself(t *testing.T) {
	at := propertyStart.Add(2 * time.Hour)
	took := func(lists ...[]Minute) (EffectVerdict, time.Duration) {
		for k := time.Duration(1); ; k++ {
			if e := EffectOf(lists, Action{At: at, Unit: time.Minute}, at.Add(k*time.Minute)); e.Final {
				return e.Verdict, k * time.Minute
			}
		}
	}
	first, joined := unitsOf(at, 40, [2]int{50, 8}, [2]int{30, 4}), unitsOf(at, 40, [2]int{6, 1}, [2]int{30, 1})
	each, after := took(first, joined)
	if pooled, later := took(Pool(first, joined)); each != Helped || later < after+3*time.Minute {
		t.Errorf("a halving is %q after %s, of the sum %q after %s", each, after, pooled, later)
	}
	if v, _ := took(unitsOf(at, 40, [2]int{50, 8}, [2]int{30, 8}), joined); v != NoEffect {
		t.Errorf("one joined, and the action is told %q", v)
	}
}

// TestOddsOfOneProductAreThoseOfAll: cut into products of the same share, nothing changes.
func TestOddsOfOneProductAreThoseOfAll(t *testing.T) {
	for _, c := range [][2]Share{{{40, 400}, {4, 200}}, {{3, 400}, {20, 200}}, {{380, 400}, {2, 100}}, {{10, 400}, {0, 100}}, {{0, 100}, {30, 100}}} {
		one := failureOdds([]Share{c[0]}, []Share{c[1]})
		two := failureOdds([]Share{c[0], c[0]}, []Share{c[1], c[1]})
		if d := two/one - 1.41421356; d > 1e-4 || d < -1e-4 {
			t.Errorf("%v: one %.4f, twice the same %.4f", c, one, two)
		}
	}
}
