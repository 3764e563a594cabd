package impact

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// actions makes the minutes around actions in a trouble of a kind.
type actions struct {
	name  string
	tries int                                      // a minute
	again float64                                  // share of failures right after a failure; 0: by chance
	share func(rng *rand.Rand) func(k int) float64 // of minute k, 0 being the action's
	want  EffectVerdict
	also  EffectVerdict // is not misleading either
}

func steady(before, after float64) func(*rand.Rand) func(int) float64 {
	return func(*rand.Rand) func(int) float64 {
		return func(k int) float64 {
			if k >= 0 {
				return after
			}
			return before
		}
	}
}

// flaps is 60 % for 1 to 6 minutes, and nothing for 2 to 12, for hours.
func flaps(rng *rand.Rand) func(int) float64 {
	var at [400]float64
	for k := 0; k < len(at); {
		on, off := 1+rng.IntN(6), 2+rng.IntN(11)
		for range on {
			if k < len(at) {
				at[k] = 0.6
			}
			k++
		}
		k += off
	}
	begin := rng.IntN(200)
	return func(k int) float64 { return at[max(begin+k, 0)] }
}

func grows(rng *rand.Rand) func(int) float64 {
	at := 10 + rng.Float64()*50 // minutes since it began
	return func(k int) float64 { return 0.2 * min(max((at+float64(k))/60, 0.0), 1) }
}

// shrinks is what is over by itself, evenly within an hour, between 10 and 60 minutes after an action.
func shrinks(rng *rand.Rand) func(int) float64 {
	end := 10 + rng.Float64()*50
	return func(k int) float64 { return 0.2 * min(max((end-float64(k))/60, 0.0), 1) }
}

// turned is a share that changes at a minute from one to another before an action, or after it.
func turned(before, after float64, from, to int) func(*rand.Rand) func(int) float64 {
	return func(rng *rand.Rand) func(int) float64 {
		at := from + rng.IntN(to-from)
		return func(k int) float64 {
			if k >= at {
				return after
			}
			return before
		}
	}
}

func (a actions) minutes(rng *rand.Rand, at time.Time) []Minute {
	share, bad := a.share(rng), false
	var out []Minute
	first := -60
	if a.name == "flaps" {
		for first < -5 && share(first) == share(-400) {
			first++
		}
	}
	for k := first; k < 30; k++ {
		p := share(k)
		m := Minute{At: at.Add(time.Duration(k) * time.Minute), Tries: a.tries}
		for range a.tries {
			f := p
			if a.again > 0 {
				q := max(a.again, p)
				if f = p * (1 - q) / (1 - p); bad {
					f = q
				}
			}
			bad = rng.Float64() < f
			m.Failures += index(bad)
		}
		out = append(out, m)
	}
	return out
}

// nothingDone are troubles in which an action does nothing; somethingDone those
// in which it does.
func nothingDone(tries int) (kinds []actions) {
	for _, p := range []float64{0.02, 0.08, 0.3} {
		kinds = append(kinds, actions{name: fmt.Sprintf("nothing, %g", p), tries: tries, share: steady(p, p), want: NoEffect},
			actions{name: fmt.Sprintf("nothing in bursts, %g", p), tries: tries, again: 0.5, share: steady(p, p), want: NoEffect})
	}
	return append(kinds, actions{name: "flaps", tries: tries, share: flaps, want: NoEffect},
		actions{name: "grows", tries: tries, share: grows, want: NoEffect, also: WorseSince})
}

// changesByItself are troubles in which an action does nothing while it changes: what makes somebody act.
func changesByItself(tries int) []actions {
	return []actions{
		{name: "shrinks", tries: tries, share: shrinks, want: NoEffect},
		{name: "rose before", tries: tries, share: turned(0.03, 0.09, -20, -3), want: NoEffect},
		{name: "fell before", tries: tries, share: turned(0.12, 0.04, -20, -3), want: NoEffect},
		{name: "fell after", tries: tries, share: turned(0.1, 0.02, 4, 19), want: NoEffect},
	}
}

func somethingDone(tries int, again float64) (kinds []actions) {
	for _, c := range [][2]float64{{0.10, 0.002}, {0.1, 0.05}, {0.05, 0.1}, {0.02, 0.1}, {0.04, 0}, {0.4, 0.2}, {0.95, 0}} {
		want := Helped
		if c[1] > c[0] {
			want = WorseSince
		}
		kinds = append(kinds, actions{name: fmt.Sprint(c[0], " -> ", c[1]), tries: tries, again: again, share: steady(c[0], c[1]), want: want})
	}
	return kinds
}

// judged counts what became of some actions of a kind, looked at every minute. "Better since" claims nothing but the
// order of time, and misleads nobody who did nothing.
type judged struct {
	marks, right, misled int
	helped, since        int // said of what became better
	took                 time.Duration
}

func (j *judged) add(o judged) {
	j.marks, j.right, j.misled, j.took = j.marks+o.marks, j.right+o.right, j.misled+o.misled, j.took+o.took
	j.helped, j.since = j.helped+o.helped, j.since+o.since
}

func (j judged) String() string {
	n := float64(j.marks)
	part := func(k int) float64 { return 100 * float64(k) / n }
	return fmt.Sprintf("right %5.1f %%, misled %4.2f %%, helped %4.2f %%, better since %4.2f %%, after %s", part(j.right), part(j.misled), part(j.helped), part(j.since), (j.took / time.Duration(j.marks)).Round(time.Second))
}

func (a actions) judge(seed uint64, marks int) (out judged) {
	at := propertyStart.Add(time.Hour)
	rng := rand.New(rand.NewPCG(seed, 77))
	out.marks = marks
	for range marks {
		list := a.minutes(rng, at)
		for k := time.Duration(1); ; k++ {
			e := EffectOf([][]Minute{list}, Action{At: at, Unit: time.Minute}, at.Add(k*time.Minute))
			if e.Final {
				ok := e.Verdict == a.want || e.Verdict == a.also || e.Verdict == BetterSince && a.want != WorseSince
				out.took += k * time.Minute
				out.right, out.misled = out.right+index(ok), out.misled+index(!ok && e.Verdict != NoEffect)
				out.helped, out.since = out.helped+index(e.Verdict == Helped), out.since+index(e.Verdict == BetterSince)
				break
			}
		}
	}
	return out
}

// TestMarksMislead: of actions that do nothing one in 200 may mislead, looked at
// every minute, whether failures come by chance, in bursts, for minutes or
// more and more; of those while it changes by itself one in 30, and one in 70 is told to have helped; and what helps or harms is seen, nineteen of twenty, and four of five of what helps as such. What
// is beyond these by chance is no fault, however many seeds there are. STATUSBOT_SEEDS=60 makes the table of docs/impact-measured.md anew.
func TestMarksMislead(t *testing.T) {
	each := longtest.Of(5, 10)
	runs := longtest.Seeds(1, 3)
	var placebo, itself, real judged
	run := func(all *judged, kinds []actions) {
		for i, c := range kinds {
			var of judged
			for s := range runs {
				of.add(c.judge(uint64(i+100*(s+longtest.FirstSeed()-1)+1000*c.tries), each))
			}
			t.Logf("%-24s %3d a minute, %.2f again: %s", c.name, c.tries, c.again, of)
			all.add(of)
		}
	}
	for _, tries := range []int{6, 30, 120} {
		run(&placebo, nothingDone(tries))
		run(&itself, changesByItself(tries))
	}
	run(&real, somethingDone(30, 0))
	run(&real, somethingDone(120, 0.35))
	t.Logf("nothing was done: %s", placebo)
	t.Logf("nothing was done, and it changes: %s", itself)
	t.Logf("something was done: %s", real)
	if beyond(placebo.misled, placebo.marks, 1./200) {
		t.Errorf("of %d actions that did nothing %d mislead", placebo.marks, placebo.misled)
	}
	if beyond(itself.misled, itself.marks, 1./30) || beyond(itself.helped, itself.marks, 1./70) {
		t.Errorf("of %d actions that did nothing while it changed %d mislead, %d are told to have helped", itself.marks, itself.misled, itself.helped)
	}
	if real.misled > 0 || beyond(real.marks-real.right, real.marks, 1./20) || beyond(real.since, real.since+real.helped, 1./5) {
		t.Errorf("of %d actions that did something %d are judged rightly, %d mislead, %d are told by since when alone", real.marks, real.right, real.misled, real.since)
	}
}

// beyond reports whether k of n are more than a share explains: so many or more come once in a thousand times.
func beyond(k, n int, share float64) bool { return k > 0 && 1-atMost(k-1, n, share) < 0.001 }

// TestWhatMovesByItselfIsNobodysDoing: a share that falls evenly over an hour and
// a half, with an action in the midst of it.
func TestWhatMovesByItselfIsNobodysDoing(t *testing.T) {
	at := propertyStart.Add(time.Hour)
	var list []Minute
	for k := -60; k < 30; k++ {
		list = append(list, Minute{At: at.Add(time.Duration(k) * time.Minute), Tries: 1000, Failures: 100 - k/2})
	}
	if e := EffectOf([][]Minute{list}, Action{At: at, Unit: time.Minute}, at.Add(30*time.Minute)); e.Verdict != NoEffect {
		t.Errorf("it fell by itself, and the action %s: %+v", e.Verdict, e)
	}
}
