package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// fakes returns n checks that run probe, for tests in which time is not real.
var fakeKind, fakeScript = probe.Kind{Name: "fake"}, probe.Kind{Name: "script", Cost: probe.ScriptCost}

func fakes(n int, every, timeout time.Duration, probing func(id string) probe.Probe) []*probe.Compiled {
	return fakesOf(&fakeKind, n, every, timeout, probing)
}

func fakesOf(kind *probe.Kind, n int, every, timeout time.Duration, probing func(id string) probe.Probe) []*probe.Compiled {
	list := make([]*probe.Compiled, n)
	for i := range list {
		id := fmt.Sprintf("check-%d", i)
		list[i] = probe.NewCompiled(&checks.Check{ID: id, Kind: kind.Name, Every: every, Timeout: timeout}, kind, probing(id))
	}
	return list
}

// takes is a probe that passes after d, or is cut off.
func takes(d time.Duration) func(string) probe.Probe {
	return func(string) probe.Probe {
		return func(ctx context.Context) checks.Result {
			select {
			case <-time.After(d):
				return checks.Result{Outcome: checks.Pass}
			case <-ctx.Done():
				return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}
			}
		}
	}
}

// collector is a sink that keeps all.
type collector struct {
	mu      sync.Mutex
	results []checks.Result
	batches []int
}

func (c *collector) sink(batch []checks.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, batch...)
	c.batches = append(c.batches, len(batch))
}

// running runs the runner for d and waits for its end. The stats that it
// returns are without the jitter, which TestJitter looks at.
func running(t *testing.T, r *Runner, d time.Duration) Stats {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	time.Sleep(d) // of the bubble: exact
	cancel()
	probetest.OK(t, <-ended)
	stats := r.Stats()
	stats.JitterP50, stats.JitterP99 = 0, 0
	return stats
}

func TestRunnerSpreadsStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		const every = 10 * time.Second
		r := newRunner(fakes(100, every, time.Second, takes(20*time.Millisecond)), got.sink, Config{})
		// The end lies between two starts: 100 ms apart, on the multiples.
		stats := running(t, r, 3*every+50*time.Millisecond)
		if want := (Stats{Started: 301, Finished: 301}); stats != want {
			t.Errorf("got %+v, want %+v", stats, want)
		}
		starts := map[string][]time.Time{} // :: check id -> starts
		for i, result := range got.results {
			starts[result.Check] = append(starts[result.Check], result.Started)
			if since := result.Started.UnixNano() % int64(100*time.Millisecond); since != 0 {
				t.Errorf("a start %v after its time", time.Duration(since))
			}
			if i > 0 && result.Started.Sub(got.results[i-1].Started) != 100*time.Millisecond {
				t.Errorf("starts %d and %d are %v apart", i-1, i, result.Started.Sub(got.results[i-1].Started))
			}
		}
		if len(starts) != 100 {
			t.Errorf("%d checks ran", len(starts))
		}
		for id, at := range starts {
			for i := range at[1:] {
				if at[i+1].Sub(at[i]) != every {
					t.Errorf("%s: starts %v apart", id, at[i+1].Sub(at[i]))
				}
			}
		}
	})
}

// Starts that are due close together are made together, none before its time
// and none later than that takes.
func TestRunnerStartsTogetherWhatIsDueTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		const n, every = 1000, time.Second // one each millisecond
		r := newRunner(fakes(n, every, time.Second, takes(0)), got.sink, Config{})
		stats := running(t, r, 3*every-time.Microsecond)
		if stats.Started < 3*n-10 || stats.Started > 3*n || stats.Late+stats.Skipped > 0 {
			t.Errorf("got %+v, want %d starts", stats, 3*n)
		}
		moments := map[time.Time]int{}
		for _, result := range got.results {
			moments[result.Started]++
			for place, p := range r.plan.rings[0].places {
				if p.slot.compiled.Load().Check.ID != result.Check {
					continue
				}
				due := time.Duration(place) * time.Millisecond
				// The last of a round may start in the next one.
				behind := (time.Duration(result.Started.UnixNano()%int64(every)) - due + every) % every
				if behind > together {
					t.Errorf("%s started %v after its time", result.Check, behind)
				}
			}
		}
		if most := 3 * n * int(time.Millisecond) / int(together) * 11 / 10; len(moments) > most {
			t.Errorf("%d starts at %d moments, want at most %d", len(got.results), len(moments), most)
		}
	})
}

func TestRunnerKeepsItsPhaseOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phases := func() map[string]int64 {
			var got collector
			const every = 10 * time.Second
			running(t, newRunner(fakes(50, every, time.Second, takes(0)), got.sink, Config{}), every)
			phase := map[string]int64{} // :: check id -> nanoseconds after a multiple of the interval
			for _, r := range got.results {
				phase[r.Check] = r.Started.UnixNano() % int64(every)
			}
			return phase
		}
		before := phases()
		time.Sleep(3456 * time.Millisecond)
		if after := phases(); len(before) != 50 || !cmp.Equal(before, after) {
			t.Errorf("the phases differ: %s", cmp.Diff(before, after))
		}
	})
}

func TestRunnerNeverRunsACheckTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		slow := func(string) probe.Probe {
			return func(context.Context) checks.Result {
				most.Store(max(most.Load(), under.Add(1)))
				time.Sleep(2500 * time.Millisecond) // past its time-out, as a probe in its grace is
				under.Add(-1)
				return checks.Result{Outcome: checks.Pass}
			}
		}
		var got collector
		stats := running(t, newRunner(fakes(1, time.Second, time.Second, slow), got.sink, Config{}), 9500*time.Millisecond)
		// Starts at 0, 3, 6 and 9 s; two between each are skipped. The last is cut off.
		if want := (Stats{Started: 4, Finished: 3, Late: 6, Skipped: 6}); stats != want {
			t.Errorf("got %+v, want %+v", stats, want)
		}
		outcomes := map[checks.Outcome]int{}
		for _, r := range got.results {
			outcomes[r.Outcome]++
		}
		// What was left out is told as unknown.
		if most.Load() != 1 || outcomes[checks.Pass] != 3 || outcomes[checks.Unknown] != 6 {
			t.Errorf("%d at once, results %v", most.Load(), outcomes)
		}
	})
}

func TestRunnerBoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network, scripts, mostNetwork, mostScripts atomic.Int32
		count := func(now, most *atomic.Int32) func(string) probe.Probe {
			return func(string) probe.Probe {
				return func(context.Context) checks.Result {
					n := now.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					time.Sleep(500 * time.Millisecond)
					now.Add(-1)
					return checks.Result{Outcome: checks.Pass}
				}
			}
		}
		list := fakes(40, time.Second, time.Second, count(&network, &mostNetwork))
		list = append(list, fakesOf(&fakeScript, 40, time.Second, time.Second, count(&scripts, &mostScripts))...)
		var got collector
		r := newRunner(list, got.sink, Config{Concurrency: 7, ExecConcurrency: 3})
		stats := running(t, r, 10*time.Second+time.Millisecond)
		if mostNetwork.Load() != 7 || mostScripts.Load() != 3 {
			t.Errorf("%d network probes and %d scripts at once", mostNetwork.Load(), mostScripts.Load())
		}
		if stats.Late == 0 || stats.Skipped == 0 || stats.Running != 0 {
			t.Errorf("got %+v", stats)
		}
		// 7 and 3 at once, two a second each, for 10 s: nothing lies idle.
		if len(got.results) < 190 {
			t.Errorf("%d results", len(got.results))
		}
	})
}

func TestRunnerDefaultConcurrencySuffices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(string) probe.Probe {
			return func(ctx context.Context) checks.Result {
				<-ctx.Done()
				return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonTimeout}
			}
		}
		var got collector
		r := newRunner(fakes(1000, 10*time.Second, 5*time.Second, hang), got.sink, Config{})
		stats := running(t, r, 30*time.Second)
		if stats.Late != 0 || stats.Skipped != 0 || stats.Started < 3000 {
			t.Errorf("with all checks timing out: %+v", stats)
		}
	})
}

func TestRunnerSlowSinkLosesTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		var got collector
		free := make(chan struct{})
		stuck := func(batch []checks.Result) {
			<-free
			got.sink(batch)
		}
		r := newRunner(fakes(10, time.Second, time.Second, takes(0)), stuck, Config{Buffer: 20, Log: zap.New(core)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		time.Sleep(10*time.Second + 50*time.Millisecond)
		stats := r.Stats()
		if stats.Started != 101 || stats.Late != 0 {
			t.Errorf("the sink slowed the schedule: %+v", stats)
		}
		close(free)
		cancel()
		probetest.OK(t, <-ended)
		stats = r.Stats()
		if int(stats.Dropped)+len(got.results) != 101 || stats.Dropped == 0 {
			t.Errorf("%d results and %+v", len(got.results), stats)
		}
		for i, result := range got.results[len(got.results)-20:] {
			if want := time.Duration(i-20)*100*time.Millisecond + 50*time.Millisecond; time.Until(result.Started) != want {
				t.Errorf("kept result %d is from %v, want %v", i, time.Until(result.Started), want)
			}
		}
		if logs.FilterMessageSnippet("too slow").Len() != 1 {
			t.Errorf("logged: %v", logs.All())
		}
	})
}

func TestRunnerBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		r := newRunner(fakes(4000, time.Second, time.Second, takes(0)), got.sink, Config{})
		running(t, r, 990*time.Millisecond)
		if slices.Max(got.batches) != checks.BatchMax || len(got.batches) < 4*4 {
			t.Errorf("batches: %v", got.batches)
		}
	})
}

func TestRunnerEndsCleanly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collector
		r := newRunner(fakes(10, 10*time.Second, 10*time.Second, takes(3*time.Second)), got.sink, Config{FlushEvery: time.Hour})
		stats := running(t, r, 5500*time.Millisecond)
		// Started at 0..5 s; those of 3, 4 and 5 s are cut off, the others whole.
		if stats.Started != 6 || stats.Finished != 3 || len(got.results) != 3 || stats.Running != 0 {
			t.Errorf("%d results, %+v", len(got.results), stats)
		}
		for _, result := range got.results {
			if result.Outcome != checks.Pass {
				t.Errorf("a probe that was cut off is a result: %+v", result)
			}
		}
		running(t, newRunner(nil, got.sink, Config{}), time.Second)
	})
}

func TestScheduleIsEvenForAnyInterval(t *testing.T) {
	now := time.Unix(1_790_000_000, 123_456_789)
	var slots []*slot
	for i, every := range []time.Duration{time.Second, 7 * time.Second, 333 * time.Millisecond, 13, 24 * time.Hour} {
		for _, c := range fakes(3+10*i, every, 1, takes(0)) {
			slots = append(slots, newSlot(c, nil))
		}
	}
	plan := newSchedule(slots, now)
	last := time.Duration(-1)
	seen := map[*slot]time.Duration{} // :: slot -> when it was due last
	for range 100_000 {
		due, s, _ := plan.next()
		plan.pop()
		if due < last || due < 0 {
			t.Fatalf("due at %v after %v", due, last)
		}
		every := s.compiled.Load().Check.Every
		if before, ok := seen[s]; ok && due-before != every {
			t.Fatalf("%v apart, want %v", due-before, every)
		} else if !ok && due > every {
			t.Fatalf("first due after %v, interval %v", due, every)
		}
		seen[s], last = due, due
	}
}
