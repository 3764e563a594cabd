package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// startRunner runs a runner until the test's end, or until stop is called.
func startRunner(t *testing.T, r *Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		cancel()
		probetest.OK(t, <-ended)
	}
}

// startsOf returns when each check was started.
func (c *collector) startsOf() map[string][]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	starts := map[string][]time.Time{} // :: check id -> starts
	for _, r := range c.results {
		starts[r.Check] = append(starts[r.Check], r.Started)
	}
	return starts
}

// swap replaces the checks of a runner with fakes.
func swap(t *testing.T, r *Runner, list []*probe.Compiled) (n Replaced) {
	t.Helper()
	ready := make([]ready, len(list))
	for i, c := range list {
		ready[i].Compiled, ready[i].as = c, c
	}
	if !r.order(t.Context(), func(context.Context) { n = r.replace(ready) }) {
		t.Fatal("the runner has ended")
	}
	return n
}

func TestReplaceDisturbsOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		const every = 10 * time.Second
		list := fakes(100, every, time.Second, takes(0))
		r := newRunner(list, got.sink, Config{})
		stop := startRunner(t, r)
		time.Sleep(3*every + 50*time.Millisecond)

		// Ten go, five are defined anew, of which one with another interval,
		// and twenty come; at odd moments and many times over.
		redefined := fakes(100, every, time.Second, takes(0))
		redefined[14].Check.Every = every / 2
		next := slices.Concat(redefined[10:15], list[15:])
		for i, c := range fakes(20, every, time.Second, takes(0)) {
			c.Check.ID = fmt.Sprintf("fresh-%d", i)
			next = append(next, c)
		}
		if n, want := swap(t, r, next), (Replaced{Added: 20, Removed: 10, Changed: 5, Kept: 85}); n != want {
			t.Errorf("got %+v, want %+v", n, want)
		}
		swapped := time.Now()
		for range 50 {
			time.Sleep(777777 * time.Microsecond)
			swap(t, r, next)
		}
		time.Sleep(every)
		stop()

		for id, at := range got.startsOf() {
			for i := range at[1:] {
				if apart := at[i+1].Sub(at[i]); id != "check-14" && apart != every {
					t.Errorf("%s: starts %v apart", id, apart)
				}
			}
			switch last := at[len(at)-1]; {
			case id <= "check-9" && len(id) == len("check-9") && last.After(swapped):
				t.Errorf("%s was removed and started later", id)
			case id == "check-14" && last.Sub(at[len(at)-2]) != every/2:
				t.Errorf("%s does not keep its new interval", id)
			case id[0] == 'f' && at[0].Sub(swapped) > every:
				t.Errorf("%s started %v after it was added", id, at[0].Sub(swapped))
			case id[0] == 'f' && len(at) < 4:
				t.Errorf("%s started %d times", id, len(at))
			}
		}
		if stats := r.Stats(); stats.Late != 0 || len(got.startsOf()) != 120 {
			t.Errorf("%d checks ran, %+v", len(got.startsOf()), stats)
		}
	})
}

// What is due at the very moment of a change is neither passed over nor
// started twice.
func TestReplaceWhenSomethingIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		list := fakes(10, time.Second, time.Second, takes(0))
		r := newRunner(list, got.sink, Config{})
		stop := startRunner(t, r)
		for range 50 {
			time.Sleep(100 * time.Millisecond) // a start, each time
			swap(t, r, list)
		}
		time.Sleep(50 * time.Millisecond)
		stop()
		if n := len(got.results); n != 51 {
			t.Errorf("%d starts in 5 s, want 51", n)
		}
	})
}

func TestReplaceSpreadsWhatComes(t *testing.T) {
	list := fakes(4, time.Second, time.Second, takes(0))
	var slots []*slot
	for _, c := range list[:1] {
		slots = append(slots, newSlot(c, nil))
	}
	now := time.Unix(1_790_000_000, 0)
	plan := newSchedule(slots, now)
	for _, c := range list[1:] {
		slots = append(slots, newSlot(c, nil))
	}
	plan.replace(slots)
	for i := range 8 {
		if due, _, _ := plan.next(); due != time.Duration(i)*time.Second/4 {
			t.Errorf("start %d is due at %v", i, due)
		}
		plan.pop()
	}
}

func TestReplaceCompilesWhatChangedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type options struct{ Address string }
		compiled := map[string]int{} // :: check id -> times
		kind := probe.Kind{Name: "fake", Build: func(c checks.Check) (probe.Probe, error) {
			compiled[c.ID]++
			if c.Options.(*options).Address == "" {
				return nil, errors.New("no address")
			}
			return func(context.Context) checks.Result { return checks.Result{Outcome: checks.Pass} }, nil
		}}
		two := func(port string) []checks.Check {
			return []checks.Check{
				{ID: "one", Kind: "fake", Every: time.Minute, Timeout: time.Second, Options: &options{"192.0.2.1:1"}},
				{ID: "two", Kind: "fake", Every: time.Minute, Timeout: time.Second, Options: &options{"192.0.2.1:" + port}},
			}
		}
		first := two("2")
		r, err := New(func(c *checks.Check) (*probe.Compiled, error) { return probe.Compile(&kind, c) }, first, func([]checks.Result) {}, Config{Paused: true})
		if err != nil {
			t.Fatal(err)
		}
		probe.Seal(first)
		stop := startRunner(t, r)
		defer stop()

		bad := two("2")
		bad[1].Options = &options{}
		if _, err := r.Prepare(t.Context(), bad); err == nil {
			t.Error("a check without an address was taken")
		}
		next := two("3")
		ready, err := r.Prepare(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		probe.Seal(next)
		n, err := r.Replace(t.Context(), ready)
		if err != nil {
			t.Fatal(err)
		}
		if now := r.byID["one"].compiled.Load(); n != (Replaced{Changed: 1, Kept: 1}) || compiled["one"] != 1 || now.Check != &next[0] {
			t.Errorf("got %+v; the one that stays was compiled %d times", n, compiled["one"])
		}
		if ready, err = r.Prepare(t.Context(), next); err != nil { // sealed as they are
			t.Fatal(err)
		}
		if n, err = r.Replace(t.Context(), ready); n != (Replaced{Kept: 2}) || err != nil {
			t.Errorf("got %+v, %v", n, err)
		}
	})
}

func TestOrdersAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := fakes(1, time.Second, time.Second, takes(0))
		r := newRunner(list, func([]checks.Result) {}, Config{})
		startRunner(t, r)()
		if _, err := r.Prepare(t.Context(), nil); !errors.Is(err, errEnded) {
			t.Errorf("got %v", err)
		}
		if _, err := r.Replace(t.Context(), Prepared{}); !errors.Is(err, errEnded) {
			t.Errorf("got %v", err)
		}
		for result := range r.Now(t.Context(), []string{"check-0"}) {
			t.Errorf("got %+v", result)
		}
		r.Hasten(t.Context(), nil)
		r.Pause(t.Context())
	})
}

func TestNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		var under, most atomic.Int32
		probe := func(string) probe.Probe {
			return func(context.Context) checks.Result {
				most.Store(max(most.Load(), under.Add(1)))
				time.Sleep(time.Second)
				under.Add(-1)
				return checks.Result{Outcome: checks.Pass}
			}
		}
		list := fakes(3, time.Hour, 2*time.Second, probe)
		r := newRunner(list, got.sink, Config{Paused: true})
		stop := startRunner(t, r)

		started := time.Now()
		first := r.Now(t.Context(), []string{"check-0", "check-1", "nobody"})
		time.Sleep(500 * time.Millisecond)
		second := r.Now(t.Context(), []string{"check-1", "check-2"}) // joins the one under way
		var ids []string
		for r := range first {
			ids = append(ids, r.Check)
		}
		for r := range second {
			ids = append(ids, r.Check)
		}
		if len(ids) != 4 || time.Since(started) != 1500*time.Millisecond {
			t.Errorf("results of %v after %v", ids, time.Since(started))
		}
		stop()
		if len(got.results) != 3 || most.Load() != 3 {
			t.Errorf("%d results for the sink, %d at once", len(got.results), most.Load())
		}
	})
}

// Whoever waits for a result when the runner ends is let go.
func TestNowWhenTheRunnerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := fakes(50, time.Hour, time.Minute, takes(30*time.Second))
		for _, c := range list {
			c.Host = "one"
		}
		r := newRunner(list, func([]checks.Result) {}, Config{Paused: true, PerHost: 2})
		stop := startRunner(t, r)
		var ids []string
		for _, c := range list {
			ids = append(ids, c.Check.ID)
		}
		results := r.Now(t.Context(), ids)
		time.Sleep(time.Second)
		stop()
		for r := range results {
			t.Errorf("got %+v", r)
		}
	})
}

func TestPerHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		probe := func(string) probe.Probe {
			return func(context.Context) checks.Result {
				most.Store(max(most.Load(), under.Add(1)))
				time.Sleep(300 * time.Millisecond)
				under.Add(-1)
				return checks.Result{Outcome: checks.Pass}
			}
		}
		list := fakes(20, time.Second, time.Second, probe)
		for _, c := range list {
			c.Host = "busy.example.com"
		}
		free := fakes(5, time.Second, time.Second, takes(time.Millisecond))
		for i, c := range free {
			c.Check.ID, c.Host = fmt.Sprintf("free-%d", i), "free.example.com"
		}
		var got collector
		stats := running(t, newRunner(append(list, free...), got.sink, Config{PerHost: 4}), 10*time.Second+time.Millisecond)
		passed := map[bool]int{} // :: of the free host -> passes
		for _, r := range got.results {
			if r.Outcome == checks.Pass {
				passed[r.Check[0] == 'f']++
			} else if r.Outcome != checks.Unknown {
				t.Errorf("got %+v", r)
			}
		}
		// 4 at once of 300 ms each are 13 a second of the 20 wanted; what waits
		// for its turn leaves the other host alone.
		if most.Load() != 4 || passed[false] < 125 || passed[false] > 134 || passed[true] < 50 {
			t.Errorf("%d at once, %d and %d passes", most.Load(), passed[false], passed[true])
		}
		if stats.Late == 0 || stats.Skipped == 0 {
			t.Errorf("overload is not told: %+v", stats)
		}
	})
}

func TestHasten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		list := fakes(40, 10*time.Second, time.Second, takes(10*time.Millisecond))
		for i, c := range list {
			c.Check.Product = []string{"sick", "well"}[i%2]
		}
		for _, c := range fakesOf(&fakeScript, 1, 10*time.Second, time.Second, takes(10*time.Millisecond)) {
			c.Check.ID, c.Check.Product = "script", "sick"
			list = append(list, c)
		}
		r := newRunner(list, got.sink, Config{BurstPerHost: 5})
		for _, c := range list[:20] {
			c.Host = "slow.example.com"
		}
		stop := startRunner(t, r)
		time.Sleep(20*time.Second + time.Millisecond)
		for range 30 { // said each second, as long as it holds
			r.Hasten(t.Context(), map[string]time.Duration{"sick": 2 * time.Second})
			time.Sleep(time.Second)
		}
		r.Hasten(t.Context(), nil)
		until := time.Now()
		time.Sleep(20 * time.Second)
		stop()

		extra := r.Stats().Extra
		for id, at := range got.startsOf() {
			sick := id == "script" || list[indexOf(list, id)].Check.Product == "sick"
			if !sick && len(at) > 8 {
				t.Errorf("%s of the other product started %d times", id, len(at))
			}
			if id == "script" && len(at) > 8 {
				t.Errorf("a script was hastened: %d starts", len(at))
			}
			for i := range at[1:] {
				if apart := at[i+1].Sub(at[i]); apart < time.Second {
					t.Errorf("%s: starts %v apart", id, apart)
				}
				if at[i].After(until) && at[i+1].Sub(at[i]) != 10*time.Second {
					t.Errorf("%s: %v apart after the burst", id, at[i+1].Sub(at[i]))
				}
			}
		}
		// Of 20 checks, ten at a host of 5 extra probes a second at most: 5 a
		// second there and 10 checks every 2 s elsewhere, for 30 s, less those
		// that come within a second of a regular start.
		if extra < 150 || extra > 250 {
			t.Errorf("%d extra probes", extra)
		}
	})
}

func indexOf(list []*probe.Compiled, id string) int {
	for i, c := range list {
		if c.Check.ID == id {
			return i
		}
	}
	return -1
}

func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		r := newRunner(fakes(10, 10*time.Second, time.Second, takes(0)), got.sink, Config{Paused: true})
		stop := startRunner(t, r)
		time.Sleep(30 * time.Second)
		if s := r.Stats(); s.Started != 0 {
			t.Errorf("%+v while paused", s)
		}
		r.Resume(t.Context())
		time.Sleep(20*time.Second + time.Millisecond)
		r.Pause(t.Context())
		time.Sleep(20 * time.Second)
		stop()
		if s := r.Stats(); s.Started != 21 || s.Late != 0 {
			t.Errorf("%+v, want 21 starts", s)
		}
	})
}

func TestJitter(t *testing.T) {
	var j jitter
	if j.quantile(0.99) != 0 {
		t.Error("a quantile of nothing")
	}
	for i := range 1000 {
		j.add(time.Duration(i+1) * 100 * time.Microsecond)
	}
	j.add(-time.Second)
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond} {
		if got := j.quantile(q); got < want*9/10 || got > want*11/10 {
			t.Errorf("quantile %v is %v, want about %v", q, got, want)
		}
	}
	j.add(100 * time.Hour)
}

// TestGatesOfHostsThatAreGoneGo: reloads that name ever new hosts leave nothing.
func TestGatesOfHostsThatAreGoneGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		const every = 10 * time.Second
		list := fakes(3, every, time.Second, takes(0))
		r := newRunner(list, got.sink, Config{PerHost: 1})
		stop := startRunner(t, r)
		defer stop()
		for n := range 20 {
			list = fakes(len(list), every, time.Second, takes(0)) // what runs is not to be written
			for _, c := range list {
				c.Host = fmt.Sprintf("%s-%d.example.com", c.Check.ID, n)
			}
			time.Sleep(2 * every)
			swap(t, r, list)
		}
		r.hosts.mu.Lock()
		defer r.hosts.mu.Unlock()
		if n := len(r.hosts.gates); n > len(list) {
			t.Errorf("%d gates, want at most one a check", n)
		}
	})
}
