package impact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
)

// endpoint is a product of one check that runs every 10 s.
type endpoint struct {
	tr  *Tracker
	rng *rand.Rand
	at  time.Time
	ln  float64 // what the latency's logarithm moves by
	saw []string
}

func newEndpoint(seed uint64) *endpoint {
	return &endpoint{rng: rand.New(rand.NewPCG(seed, 5)), at: propertyStart,
		tr: NewTracker(Config{}, []checks.Check{{ID: "c", Product: "p", Every: 10 * time.Second}})}
}

// probe takes in one result that fails with a chance; sigma is the spread of
// the latency's logarithm.
func (e *endpoint) probe(bad, sigma float64) (turned bool) {
	r := checks.Result{Check: "c", Vantage: "v", Outcome: checks.Pass, Duration: time.Duration(0.15 * math.Exp(e.ln+sigma*e.rng.NormFloat64()) * 1e9)}
	if e.rng.Float64() < bad {
		r.Outcome = checks.Fail
	}
	e.at = e.at.Add(10 * time.Second)
	r.Started = e.at.Add(-r.Duration)
	if !e.tr.Apply(r, true) {
		return false
	}
	e.saw = append(e.saw, string(e.tr.At(e.at).Level))
	return true
}

// alerts counts the troubles that began.
func (e *endpoint) alerts() int {
	n, was := 0, "ok"
	for _, l := range e.saw {
		n += index(was == "ok" && l != "ok")
		was = l
	}
	return n
}

const endpointDay = 8640

// Fifty endpoints that fail at random after a healthy day.
func TestSingleEndpointsAreFound(t *testing.T) {
	all := longtest.Of(16, 50)
	for _, c := range []struct {
		bad  float64
		most int // probes until half of them are found
	}{{0.05, 70}, {0.10, 35}, {0.20, 21}} {
		var found []int
		for i := range uint64(all) {
			e := newEndpoint(i)
			for range endpointDay {
				e.probe(0, 0.12)
			}
			for k := range 600 {
				if e.probe(c.bad, 0.12) && len(found) == int(i) {
					found = append(found, k+1)
				}
			}
			if n := e.alerts(); n != 1 {
				t.Errorf("%g %%, endpoint %d: %d alerts, want 1: %v", 100*c.bad, i, n, e.saw)
			}
		}
		slices.Sort(found)
		if len(found) != all || found[all/2] > c.most {
			t.Errorf("%g %%: %d of %d found, half of them after %d probes, want at most %d", 100*c.bad, len(found), all, found[len(found)/2], c.most)
		}
		t.Logf("%g %%: %d found, median %d probes, last %d", 100*c.bad, len(found), found[len(found)/2], found[len(found)-1])
	}
}

func TestBackgroundNoiseIsNoTrouble(t *testing.T) {
	alarms, probes := 0, 0
	for i := range uint64(longtest.Of(10, 30)) {
		e := newEndpoint(100 + i)
		for range 2 * endpointDay {
			e.probe(0.005, 0.12)
		}
		alarms += e.alerts()
		probes += 2 * endpointDay
	}
	t.Logf("%d alarms in %d probes at 0.5 %% background noise", alarms, probes)
	if float64(alarms) > 2*float64(probes)/100_000 {
		t.Errorf("%d false alarms in %d probes, want at most 2 in 100,000", alarms, probes)
	}
}

// A trouble goes on at exactly the share that its end must exclude: how often
// a day is it said to be over? By a change of measure, as in falseAlarms: the
// mean time to it is one over the mean of 1/statistic at the end, where what
// is drawn becomes as usual at an arbitrary time.
func TestWrongRecoveriesAreRare(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	for _, n := range []int{1, 5} {
		ours, _ := learntProduct(n, 0.001, 1, rng)
		m, d := &ours.now, &ours.design
		for i := range m.Streams {
			m.Streams[i].Hit = true
		}
		const share = 0.1 // so that the limit is 5 %
		m.Trouble = trouble{On: true, HitN: 1000, HitBad: 1000 * share, HitAtBad: 1000}
		limit, need := m.limit(), m.needed(d)
		if limit != share/2 {
			t.Fatalf("the limit is %g", limit)
		}
		r := m.Streams[0].fail
		q := 1 - (1-r.share)*(1-limit) // the true share
		const runs = 2000
		sum := 0.0
		for range runs {
			x, prev, start := 0.0, false, 300+rng.IntN(300)
			for k := 0; x < need; k++ {
				p := q
				if k >= start {
					p = r.share
				}
				bad := rng.Float64() < p
				x = (1 + x) * r.against(limit, prev, bad)
				prev = bad
			}
			sum += 1 / x
		}
		wrong := d.perDay * sum / runs
		t.Logf("%d checks: %.3g wrong recoveries a day at the limit", n, wrong)
		if wrong > 0.01 || wrong < 0.005 { // less would cost time for nothing
			t.Errorf("%d checks: %.3g wrong recoveries a day at the limit, want 0.005 to 0.01", n, wrong)
		}
	}
}

// While 5 % fail nothing is over, from one day to the next.
func TestNoRecoveryWhileItFails(t *testing.T) {
	for i := range uint64(12) {
		e := newEndpoint(200 + i)
		for range endpointDay / 4 {
			e.probe(0.001, 0.12)
		}
		for range 600 {
			e.probe(0.05, 0.12)
		}
		began := len(e.saw)
		for range 2 * endpointDay {
			e.probe(0.05, 0.12)
		}
		if began == 0 || slices.Contains(e.saw[began:], "ok") {
			t.Errorf("endpoint %d: %v, %d of them in the first 100 minutes", i, e.saw, began)
		}
	}
}

// From a mark on Wald's test asks for a hundred to one only.
func TestAMarkedRepairIsBelievedSooner(t *testing.T) {
	after := func(mark bool, bad float64, seed uint64) int {
		e := newEndpoint(seed)
		for range endpointDay / 2 {
			e.probe(0.001, 0.12)
		}
		for range 360 {
			e.probe(0.2, 0.12)
		}
		if len(e.saw) == 0 {
			t.Fatal("the trouble is not seen")
		}
		if mark {
			e.tr.Mark(e.at)
		}
		for k := range 360 {
			if e.probe(bad, 0.12) && !e.tr.Trouble().On {
				return k + 1
			}
		}
		return 0
	}
	var marked, unmarked, wrong int
	all := longtest.Of(12, 40)
	for i := range uint64(all) {
		m, u := after(true, 0, 300+i), after(false, 0, 300+i)
		if m == 0 || u == 0 || m > u {
			t.Errorf("endpoint %d: over after %d results from a mark, %d without", i, m, u)
		}
		marked, unmarked = marked+m, unmarked+u
		wrong += index(after(true, 0.10, 400+i) > 0)
	}
	t.Logf("over after %.0f results from a mark, %.0f without; %d of %d wrong", float64(marked)/float64(all), float64(unmarked)/float64(all), wrong, all)
	if 10*marked > 6*unmarked {
		t.Errorf("%d results from a mark, %d without: want at most 0.6 times", marked, unmarked)
	}
	if wrong > 2 { // 1 % of 40, and the chance of three is under 1 %
		t.Errorf("%d of %d repairs that mended nothing were believed", wrong, all)
	}
}

func TestFlappingIsOneTrouble(t *testing.T) {
	for i := range uint64(10) {
		e := newEndpoint(500 + i)
		for range endpointDay / 4 {
			e.probe(0.001, 0.12)
		}
		for range 20 { // 4 minutes of failures, 8 minutes without, for 4 hours
			for range 24 {
				e.probe(0.6, 0.12)
			}
			for range 48 {
				e.probe(0.001, 0.12)
			}
		}
		if n := e.alerts(); n != 1 {
			t.Errorf("flapping %d: %d troubles, want 1: %v", i, n, e.saw)
		}
	}
}

func TestSlownessIsSeenAndADailyWaveIsNot(t *testing.T) {
	const days = 5
	endpoints, alarms := longtest.Of(3, 60), 0
	for i := range uint64(endpoints) {
		e := newEndpoint(600 + i)
		for k := range days * endpointDay {
			e.ln = math.Log(1 + 0.6*math.Sin(2*math.Pi*float64(k)/endpointDay))
			e.probe(0.001, 0.12)
		}
		alarms += e.alerts()
		seen := 0
		for k := range 60 {
			e.ln = math.Log(1+0.6*math.Sin(2*math.Pi*float64(k)/endpointDay)) + math.Ln2
			if e.probe(0.001, 0.12) {
				seen = k + 1
				break
			}
		}
		if seen == 0 || !e.tr.At(e.at).Slow {
			t.Errorf("endpoint %d: twice the latency is not seen in 10 minutes", i)
		}
	}
	t.Logf("a daily wave made %d alarms in %d days", alarms, endpoints*days)
	if alarms > endpoints*days/30 { // the budget: one in 30 days
		t.Errorf("a daily wave made %d alarms in %d days of single endpoints", alarms, endpoints*days)
	}
}

// Answers that spread widely and become slower by less than two standard
// deviations, from the second day on whenever that began: what is usual must
// not follow before it is told.
func TestALittleSlowerIsToldBeforeItIsUsual(t *testing.T) {
	const sigma, slower, n = 0.33, 0.45, 20
	seen := 0
	for i := range uint64(n) {
		e := newEndpoint(750 + i)
		e.at = e.at.Add(time.Duration(i) * time.Hour)
		for range endpointDay * 21 / 20 {
			e.probe(0.001, sigma)
		}
		if len(e.saw) > 0 {
			t.Errorf("endpoint %d: %v before anything was slower", i, e.saw)
		}
		e.ln = slower
		for range endpointDay / 12 {
			if e.probe(0.001, sigma) {
				seen++
				break
			}
		}
	}
	t.Logf("seen within two hours: %d of %d", seen, n)
	if seen < n*9/10 {
		t.Errorf("seen within two hours: %d of %d", seen, n)
	}
}

func TestLastingSlownessIsToldOnceAndLearnt(t *testing.T) {
	for i := range uint64(8) {
		e := newEndpoint(700 + i)
		for range 2 * endpointDay {
			e.probe(0.001, 0.12)
		}
		e.ln = math.Ln2
		if i >= 4 { // half of it, as much as the first hours of it count for their peaks, is about what makes a peak
			e.ln = math.Log(1.5)
		}
		began := e.at
		for range 3 * endpointDay {
			if e.probe(0.001, 0.12) && len(e.saw) == 2 {
				im := e.tr.At(e.at)
				if took := e.at.Sub(began); took < 23*time.Hour || took > 26*time.Hour || im.Proof == nil || !im.Proof.Accepted {
					t.Errorf("endpoint %d: usual after %s, proof %+v", i, took, im.Proof)
				}
			}
		}
		if !slices.Equal(e.saw, []string{"degraded", "ok"}) {
			t.Errorf("endpoint %d: %v, want it told once and then learnt", i, e.saw)
		}
	}
}

func TestOnsetIsFoundAndItsIntervalHolds(t *testing.T) {
	const every = 10 * time.Second
	for _, bad := range []float64{0.1, 0.2, 0.5, 1} {
		var errs []float64
		covered, all := 0, 0
		for i := range uint64(longtest.Of(30, 150)) {
			list := []checks.Check{}
			for k := range 5 {
				list = append(list, checks.Check{ID: fmt.Sprint("c", k), Product: "p", Every: every})
			}
			tr, rng := NewTracker(Config{}, list), rand.New(rand.NewPCG(i, 8))
			start := propertyStart.Add(time.Hour + time.Duration(rng.IntN(600))*time.Second)
			for k := 0; ; k++ {
				end := propertyStart.Add(time.Duration(k) * every / 5)
				p := 0.001
				if !end.Before(start) {
					p = bad
				}
				r := checks.Result{Check: fmt.Sprint("c", k%5), Vantage: "v", Outcome: checks.Pass, Started: end.Add(-time.Millisecond), Duration: time.Millisecond}
				if rng.Float64() < p {
					r.Outcome = checks.Fail
				}
				tr.Apply(r, true)
				if tr.Trouble().On {
					break
				}
			}
			im := tr.At(start)
			all++
			covered += index(!start.Before(im.OnsetLow) && !start.After(im.OnsetHigh))
			errs = append(errs, math.Abs(im.Onset.Sub(start).Seconds())/every.Seconds())
		}
		slices.Sort(errs)
		t.Logf("%g %%: median error %.2f probe intervals, the interval holds it in %d of %d", 100*bad, errs[len(errs)/2], covered, all)
		if errs[len(errs)/2] > 1.5 {
			t.Errorf("%g %%: the median error is %.2f probe intervals, want at most 1.5", 100*bad, errs[len(errs)/2])
		}
		if 10*covered < 9*all {
			t.Errorf("%g %%: the 95 %% interval holds the onset in %d of %d, want 90 %%", 100*bad, covered, all)
		}
	}
}

// effectMinutes are an hour before and half of one after an action, a minute with
// 30 tries each.
func effectMinutes(rng *rand.Rand, at time.Time, before, after float64) []Minute {
	var out []Minute
	for k := -60; k < 30; k++ {
		p := before
		if k >= 0 {
			p = after
		}
		m := Minute{At: at.Add(time.Duration(k) * time.Minute), Tries: 30}
		for range m.Tries {
			m.Failures += index(rng.Float64() < p)
		}
		out = append(out, m)
	}
	return out
}

// Every minute is asked, until it is final: an early verdict must not come of
// looking often.
func verdictOf(list []Minute, at time.Time) (EffectVerdict, time.Duration) {
	for k := time.Duration(1); ; k++ {
		if e := EffectOf([][]Minute{list}, Action{At: at, Unit: time.Minute}, at.Add(k*time.Minute)); e.Final {
			return e.Verdict, k * time.Minute
		}
	}
}

func TestEffectVerdictsAreRight(t *testing.T) {
	at := propertyStart.Add(time.Hour)
	rng := rand.New(rand.NewPCG(9, 9))
	for _, c := range []struct {
		before, after float64
		want          EffectVerdict
		least         float64 // share of right verdicts; about a half of them must say that it helped
		wrong         float64 // and at most this share of the opposite or of a claim without an effect
	}{
		{0.10, 0.002, Helped, 0.97, 0},
		{0.10, 0.05, Helped, 0.80, 0},
		{0.02, 0.10, WorseSince, 0.98, 0},
		{0.05, 0.10, WorseSince, 0.80, 0},
		{0.10, 0.10, NoEffect, 0.985, 0.015},
		{0.01, 0.01, NoEffect, 0.985, 0.015},
	} {
		runs := longtest.Of(80, 300)
		right, said, wrong := 0, 0, 0
		var took time.Duration
		for range runs {
			v, after := verdictOf(effectMinutes(rng, at, c.before, c.after), at)
			took += after
			if after > EffectWithin(0) {
				t.Fatalf("a verdict after %s", after)
			}
			since := v == BetterSince && c.want == Helped
			right, said = right+index(v == c.want || since), said+index(v == c.want)
			wrong += index(v != c.want && v != NoEffect && !since)
		}
		t.Logf("%4.1f %% -> %4.1f %%: %s in %.1f %%, right in %.1f %%, wrong in %.1f %%, after %s", 100*c.before, 100*c.after, c.want,
			100*float64(said)/float64(runs), 100*float64(right)/float64(runs), 100*float64(wrong)/float64(runs), (took / time.Duration(runs)).Round(time.Second))
		if float64(right) < c.least*float64(runs) || 2*said < right-runs/8 || float64(wrong) > c.wrong*float64(runs) {
			t.Errorf("%g -> %g: %d of %d said %s, %d said the wrong", c.before, c.after, right, runs, c.want, wrong)
		}
	}
}

// TestNoEffectHasZeroInItsInterval: "no discernible effect" beside a difference
// of 2.7 ± 2.4 points would contradict itself.
func TestNoEffectHasZeroInItsInterval(t *testing.T) {
	at := propertyStart.Add(time.Hour)
	rng := rand.New(rand.NewPCG(4, 9))
	none := 0
	for range 400 {
		e := EffectOf([][]Minute{effectMinutes(rng, at, 0.04, 0.05)}, Action{At: at, Unit: time.Minute}, at.Add(EffectWithin(0)))
		if e.Verdict != NoEffect {
			continue
		}
		if none++; math.Abs(e.Diff) > e.Margin {
			t.Fatalf("no effect, and a difference of %.2f ± %.2f points", 100*e.Diff, 100*e.Margin)
		}
	}
	if none < 100 {
		t.Errorf("%d of 400 without effect: too few to show anything", none)
	}
}

// TestCoursesAreScoredAsByTheirDefinition: one way through the units has the scores that each course has by itself.
func TestCoursesAreScoredAsByTheirDefinition(t *testing.T) {
	at := propertyStart.Add(time.Hour + 20*time.Second)
	rng := rand.New(rand.NewPCG(3, 5))
	all := [][]Minute{effectMinutes(rng, at, .02, .3), effectMinutes(rng, at, .1, .1)[7:70], {}}
	begins := append(instants(all), at)
	slices.SortFunc(begins, time.Time.Compare)
	byItself := func(x func(time.Time) float64) float64 {
		more, chance := 0.0, 0.0
		for _, list := range all {
			both, mean := total(list), 0.0
			p, n := both.Value(), float64(both.Tries)
			for _, m := range list {
				mean += x(m.At) * float64(m.Tries) / n
			}
			for _, m := range list {
				d := x(m.At) - mean
				more += d * (float64(m.Failures) - p*float64(m.Tries))
				chance += d * d * float64(m.Tries) * p * (1 - p)
			}
		}
		if chance == 0 {
			return 0
		}
		return more * more / chance
	}
	atOnce, evenly := coursesFrom(all, begins, at)
	for k, begin := range begins {
		step := byItself(func(m time.Time) float64 { return float64(index(!m.Before(begin))) })
		move := byItself(func(m time.Time) float64 { return max(m.Sub(begin).Minutes(), 0) })
		if math.Abs(step-atOnce[k]) > 1e-6*(1+step) || math.Abs(move-evenly[k]) > 1e-6*(1+move) {
			t.Errorf("from %v: %g and %g, want %g and %g", begin.Sub(at), atOnce[k], evenly[k], step, move)
		}
	}
}
