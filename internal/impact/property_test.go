package impact

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

var propertyStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// lifeChecks are the checks of a product that has regions, components and a
// check from two of our vantages.
func lifeChecks() []checks.Check {
	return []checks.Check{
		{ID: "p/login", Product: "p", Every: 10 * time.Second, Region: "eu", Uses: []string{"auth", "edge"}},
		{ID: "p/pay", Product: "p", Every: 10 * time.Second, Region: "us", Uses: []string{"edge", "db"}},
		{ID: "p/find", Product: "p", Every: 20 * time.Second, Region: "eu", Uses: []string{"db"}},
	}
}

// life returns three and a half hours of a product in the order of time: as
// usual, failures of 20 % of what uses "edge", as usual again, slowness, and
// as usual. No two results end within the same millisecond.
func life(seed uint64) []checks.Result {
	rng := rand.New(rand.NewPCG(seed, 1))
	var out []checks.Result
	add := func(c checks.Check, vantage string, i int) {
		at := propertyStart.Add(time.Duration(i) * c.Every)
		h := at.Sub(propertyStart).Hours()
		bad, slow := 0.003, 1.0
		if h >= 1 && h < 1.5 && slices.Contains(c.Uses, "edge") {
			bad = 0.2
		}
		if h >= 2.4 && h < 2.9 {
			slow = 2.5
		}
		r := checks.Result{Check: c.ID, Vantage: vantage, Outcome: checks.Pass,
			Duration: time.Duration(slow * 0.1 * math.Exp(0.2*rng.NormFloat64()) * float64(time.Second)).Truncate(time.Microsecond)}
		switch x := rng.Float64(); {
		case x < bad:
			r.Outcome = checks.Fail
		case x > 0.999:
			r.Outcome = checks.Degraded
		case x > 0.98:
			r.Outcome = checks.Unknown
		}
		end := at.Add(time.Duration(rng.IntN(int(c.Every/time.Millisecond))) * time.Millisecond)
		r.Started = end.Add(-r.Duration)
		out = append(out, r)
	}
	for _, c := range lifeChecks() {
		for i := range int(210 * time.Minute / c.Every) {
			add(c, "fra", i)
			if c.ID == "p/pay" {
				add(c, "nyc", i)
			}
		}
	}
	slices.SortFunc(out, func(x, y checks.Result) int { return x.Ended().Compare(y.Ended()) })
	return slices.CompactFunc(out, func(x, y checks.Result) bool { return x.Ended().Equal(y.Ended()) })
}

// said is all that a tracker tells at the end of a life.
type said struct {
	Impact   Impact
	Checks   []CheckImpact
	Evidence []Evidence
	Minutes  []Minute
}

func tell(tr *Tracker, now time.Time) said {
	return said{tr.At(now), tr.Checks(now), tr.AppendEvidence(nil, now.Add(-2*time.Hour)), tr.Minutes(now.Add(-4*time.Hour), now)}
}

func state(t *testing.T, tr *Tracker) []byte {
	t.Helper()
	data, err := tr.Freeze().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func same(t *testing.T, what string, want, got *Tracker, now time.Time) {
	t.Helper()
	if diff := cmp.Diff(tell(want, now), tell(got, now)); diff != "" {
		t.Errorf("%s: another impact (-want +got):\n%.2000s", what, diff)
	}
	if !bytes.Equal(concluded(t, want), concluded(t, got)) {
		t.Errorf("%s: another state", what)
	}
}

// concluded is the state but for the copies that late results are put behind:
// those are made when results come, and change nothing but how late is too
// late, between one and two minutes; and for results that lie far back and are not
// enough to show a clock that was set back.
func concluded(t *testing.T, tr *Tracker) []byte {
	t.Helper()
	f := tr.Freeze()
	f.Past, f.since, f.Second = [2]model{}, nil, 0
	f.Clock = clock{Newest: f.Clock.Newest}
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func apply(tr *Tracker, list []checks.Result) {
	for _, r := range list {
		tr.Apply(r, true)
	}
}

// moments are where lives are compared: in the failures, in the proof of the
// recovery, in the slowness, and at the end.
var moments = []time.Duration{70 * time.Minute, 95 * time.Minute, 150 * time.Minute, 209 * time.Minute}

func until(list []checks.Result, at time.Time) int {
	n, _ := slices.BinarySearchFunc(list, at, func(r checks.Result, at time.Time) int { return r.Ended().Compare(at) })
	return n
}

func TestALifeHasItsTroubles(t *testing.T) {
	for seed := range uint64(4) {
		list := life(seed)
		tr := NewTracker(Config{}, lifeChecks())
		var got []string
		for _, r := range list {
			if tr.Apply(r, true) {
				im := tr.At(r.Ended())
				got = append(got, fmt.Sprint(im.Level, " slow=", im.Slow))
			}
		}
		// The levels between may go up to an outage and back.
		got = slices.Compact(slices.DeleteFunc(got, func(s string) bool { return s == "outage slow=false" }))
		if want := []string{"degraded slow=false", "ok slow=false", "degraded slow=true", "ok slow=false"}; !slices.Equal(got, want) {
			t.Errorf("seed %d: %v, want %v", seed, got, want)
		}
	}
}

func TestOrderOfComingMakesNoDifference(t *testing.T) {
	for seed := range uint64(4) {
		list := life(seed)
		first := until(list, propertyStart.Add(time.Minute)) // by then all vantages are known
		rng := rand.New(rand.NewPCG(seed, 2))
		type arrival struct {
			r  checks.Result
			at time.Time
		}
		var late []arrival
		for _, r := range list[first:] {
			d := time.Duration(0)
			if rng.IntN(10) == 0 {
				d = time.Duration(rng.Int64N(int64(lateness)))
			}
			late = append(late, arrival{r, r.Ended().Add(d)})
		}
		slices.SortStableFunc(late, func(x, y arrival) int { return x.at.Compare(y.at) })
		inOrder, shuffled := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
		apply(inOrder, list[:first])
		apply(shuffled, list[:first])
		n, k := first, 0
		for _, m := range moments {
			now := propertyStart.Add(m)
			for ; k < len(late) && late[k].at.Before(now); k++ {
				shuffled.Apply(late[k].r, true)
			}
			// What is still under way is waited for.
			for _, a := range late[k:] {
				if a.r.Ended().Before(now) {
					shuffled.Apply(a.r, true)
				}
			}
			to := until(list, now)
			apply(inOrder, list[n:to])
			n = to
			same(t, fmt.Sprintf("seed %d, after %s", seed, m), inOrder, shuffled, now)
			if t.Failed() {
				return
			}
		}
	}
}

func TestARestartChangesNothing(t *testing.T) {
	for seed := range uint64(2) {
		list := life(seed)
		for _, cut := range []time.Duration{30 * time.Minute, 62 * time.Minute, 90 * time.Minute, 93 * time.Minute, 146 * time.Minute, 180 * time.Minute} {
			at := until(list, propertyStart.Add(cut))
			before, straight := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
			late := list[at-5] // comes after the restart
			apply(before, slices.Concat(list[:at-5], list[at-4:at]))
			apply(straight, slices.Concat(list[:at-5], list[at-4:at]))
			after := NewTracker(Config{}, lifeChecks())
			if err := after.Restore(state(t, before)); err != nil {
				t.Fatal(err)
			}
			from := until(list, propertyStart.Add(cut-KeepResults-time.Minute))
			for _, r := range slices.Concat(list[from:at-5], list[at-4:at]) {
				after.Apply(r, false)
			}
			what := fmt.Sprintf("seed %d, restart after %s", seed, cut)
			same(t, what, straight, after, list[at-1].Ended())
			straight.Apply(late, true)
			after.Apply(late, true)
			same(t, what+", one late", straight, after, list[at-1].Ended())
			for _, m := range moments {
				if m > cut {
					to := until(list, propertyStart.Add(m))
					apply(straight, list[at:to])
					apply(after, list[at:to])
					at = to
					same(t, fmt.Sprint(what, ", at ", m), straight, after, propertyStart.Add(m))
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

func TestNoResultIsCountedTwice(t *testing.T) {
	list := life(1)
	once, twice := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
	rng := rand.New(rand.NewPCG(1, 3))
	for i, r := range list {
		once.Apply(r, true)
		twice.Apply(r, true)
		if rng.IntN(3) == 0 { // delivered again, up to two hours later
			twice.Apply(list[max(0, i-rng.IntN(1<<rng.IntN(12)))], true)
		}
		if i%500 == 0 {
			same(t, fmt.Sprint("result ", i), once, twice, r.Ended())
			if t.Failed() {
				return
			}
		}
	}
}

func TestUnknownChangesNothingElse(t *testing.T) {
	list := life(2)
	var told []checks.Result
	for _, r := range list {
		if r.Outcome != checks.Unknown {
			told = append(told, r)
		}
	}
	for _, m := range moments {
		now := propertyStart.Add(m)
		with, without := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
		apply(with, list[:until(list, now)])
		apply(without, told[:until(told, now)])
		x, y := tell(with, now), tell(without, now)
		if x.Impact.Unknown == 0 {
			t.Fatal("no unknown result in the window")
		}
		x.Impact.Unknown, x.Impact.AsOf, y.Impact.AsOf = 0, time.Time{}, time.Time{}
		for i := range x.Checks {
			x.Checks[i].Unknown = 0
			x.Checks[i].AsOf, x.Checks[i].Newest = y.Checks[i].AsOf, y.Checks[i].Newest
			x.Checks[i].Span = y.Checks[i].Span
		}
		for i := range x.Evidence {
			x.Evidence[i].Unknown = 0
		}
		if diff := cmp.Diff(y, x); diff != "" {
			t.Errorf("after %s (-without +with unknown results):\n%.2000s", m, diff)
		}
	}
}

// More failures never lower a share, nor either end of its interval.
func TestMoreFailuresNeverLowerTheShare(t *testing.T) {
	list := life(3)
	now := propertyStart.Add(71 * time.Minute)
	list = list[:until(list, now)]
	from := until(list, now.Add(-DefaultWindow))
	rng := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		fewer, more := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
		apply(fewer, list)
		apply(more, list[:from])
		for _, r := range list[from:] {
			if rng.IntN(40) == 0 && r.Outcome != checks.Unknown {
				r.Outcome = checks.Fail
			}
			more.Apply(r, true)
		}
		x, y := fewer.At(now), more.At(now)
		if y.Tries != x.Tries || y.Failures < x.Failures || y.Share() < x.Share() || y.Low < x.Low || y.High < x.High {
			t.Errorf("%+v [%g %g] with more failures than %+v [%g %g]", y.Counts, y.Low, y.High, x.Counts, x.Low, x.High)
		}
		cx, cy := fewer.Checks(now), more.Checks(now)
		for i := range cx {
			if cy[i].Share() < cx[i].Share() || cy[i].Low < cx[i].Low || cy[i].High < cx[i].High {
				t.Errorf("%s: %+v with more failures than %+v", cx[i].ID, cy[i].Counts, cx[i].Counts)
			}
		}
	}
}

func TestRedefineKeepsWhatIsKnown(t *testing.T) {
	list := life(1)
	for _, m := range moments {
		now := propertyStart.Add(m)
		n := until(list, now)
		tr, never := NewTracker(Config{}, lifeChecks()), NewTracker(Config{}, lifeChecks())
		apply(tr, list[:n])
		apply(never, list[:n])
		tr.Redefine(Config{}, lifeChecks())
		same(t, fmt.Sprint("the same checks, after ", m), never, tr, now)

		tr.Redefine(Config{}, lifeChecks()[:2]) // p/find goes
		var left []checks.Result
		for _, r := range list[:n] {
			if r.Check != "p/find" {
				left = append(left, r)
			}
		}
		only := NewTracker(Config{}, lifeChecks()[:2])
		apply(only, left)
		x, y := tr.At(now), only.At(now)
		x.Slower, y.Slower = 0, 0 // by a pace that is not learnt while another check is in trouble
		if x.Counts != y.Counts || x.P50 != y.P50 || x.P95 != y.P95 {
			t.Errorf("after %s: %+v %s %s, want %+v %s %s as if the other check had never been", m, x.Counts, x.P50, x.P95, y.Counts, y.P50, y.P95)
		}
		if was := never.At(now); x.Level != was.Level || x.Onset != was.Onset {
			t.Errorf("after %s: %s since %s, want %s since %s", m, x.Level, x.Onset, was.Level, was.Onset)
		}
	}
}

// A component that depends on another from now on, and another budget of false
// alarms, count for the checks that stay as well.
func TestRedefineGoesByTheNewConfiguration(t *testing.T) {
	tr := NewTracker(Config{}, lifeChecks())
	before := tr.design.alarm
	tr.Redefine(Config{FalseAlarms: 10, Closure: func(uses []string) []string { return append(slices.Clone(uses), "dns") }}, lifeChecks())
	for _, c := range tr.list {
		if !slices.Contains(c.uses, "dns") {
			t.Errorf("%s goes through %v", c.id, c.uses)
		}
	}
	if tr.design.alarm >= before {
		t.Errorf("ten times the false alarms, and the limit is %g, before %g", tr.design.alarm, before)
	}
}

// What is older than lateness counts in figures, and is not judged.
func TestTooLateIsNotJudged(t *testing.T) {
	tr := NewTracker(Config{}, lifeChecks())
	list := life(1)
	n := until(list, propertyStart.Add(50*time.Minute))
	apply(tr, list[:n])
	now := list[n-1].Ended()
	was := tr.At(now)
	model := tr.now.Total
	for i := range 200 {
		r := checks.Result{Check: "p/pay", Vantage: "fra", Started: now.Add(-3*time.Minute - time.Duration(i)*time.Second/2), Duration: time.Millisecond, Outcome: checks.Fail}
		if tr.Apply(r, true) {
			t.Fatal("a result that is too late turned the level")
		}
	}
	if is := tr.At(now); is.Failures != was.Failures+200 || is.Tries != was.Tries+200 || is.Level != OK || tr.now.Total != model {
		t.Errorf("%+v %s, want 200 failures more than %+v and no other level", is.Counts, is.Level, was.Counts)
	}
}
