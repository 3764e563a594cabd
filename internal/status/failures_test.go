package status

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

// failing returns a failure with evidence of a size, of its own memory.
func failing(check string, i, output int) checks.Result {
	return checks.Result{
		Check: check, Started: t0.Add(time.Duration(i) * time.Second), Outcome: checks.Fail, Reason: checks.ReasonStatus,
		Summary:  fmt.Sprint("HTTP 502, try ", i),
		Evidence: &checks.Evidence{Remote: "127.0.0.1:443", Output: strings.Repeat("x", output), RequestID: fmt.Sprint("x-request-id=", i)},
	}
}

func failuresOf(t *testing.T, b *Board, product, check string) []checks.Result {
	t.Helper()
	d, _ := b.Drill(t0, product)
	for _, c := range d.Checks {
		if c.Check.ID == check {
			return c.Failures
		}
	}
	t.Fatalf("no check %s", check)
	return nil
}

func TestFailuresAreKeptAndOldOnesLoseTheirEvidence(t *testing.T) {
	b := NewBoard(twoProducts())
	for _, i := range rand.Perm(30) { // vantages may be late
		b.Apply(1, []checks.Result{failing("pay", i, 100), failing("pay", i, 100)})
	}
	got := failuresOf(t, b, "billing", "pay")
	if len(got) != 20 {
		t.Fatalf("%d kept, want 20", len(got))
	}
	for i, r := range got {
		if want := fmt.Sprint("HTTP 502, try ", 29-i); r.Summary != want || r.Product != "billing" {
			t.Errorf("failure %d is %q of %q, want %q of billing", i, r.Summary, r.Product, want)
		}
		if has := r.Evidence != nil; has != (i < 5) {
			t.Errorf("failure %d: evidence %v", i, has)
		}
	}
	// A drill-down is a value: it does not change when its evidence goes.
	b.Apply(2, []checks.Result{failing("pay", 40, 1), failing("pay", 41, 1)})
	if got[4].Evidence == nil {
		t.Error("a drill-down lost its evidence afterwards")
	}
}

func TestFailuresAreStoredAndRestored(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 25 {
		b.Apply(1, []checks.Result{failing("pay", i, 1000), failing("find", i, 10)})
	}
	stored, err := b.ChangedFailures(1 << 20)
	if err != nil || len(stored) != 2 {
		t.Fatalf("%d shards, want 2: %v", len(stored), err)
	}
	if again, err := b.ChangedFailures(1 << 20); err != nil || len(again) != 0 {
		t.Errorf("%d shards changed by being stored: %v", len(again), err)
	}
	after := NewBoard(twoProducts())
	for _, data := range stored {
		for range 2 {
			if err := after.RestoreFailures(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := 20; i < 25; i++ { // the replay brings them as well
		after.Apply(1, []checks.Result{failing("pay", i, 1000)})
	}
	for _, c := range [][2]string{{"billing", "pay"}, {"search", "find"}} {
		if diff := cmp.Diff(failuresOf(t, b, c[0], c[1]), failuresOf(t, after, c[0], c[1])); diff != "" {
			t.Errorf("%s (-before +after):\n%s", c[1], diff)
		}
	}
	if tries := after.Snapshot(t0.Add(30 * time.Second)).Products[1].Tries; tries != 0 {
		t.Errorf("restored failures count as %d tries", tries)
	}
	// Only what changed is stored, and what was lost is stored again.
	b.Apply(2, []checks.Result{failing("find", 30, 10)})
	changed, err := b.ChangedFailures(1 << 20)
	if err != nil || len(changed) != 1 {
		t.Errorf("%d shards changed, want 1: %v", len(changed), err)
	}
	b.FailuresLost(changed)
	if again, _ := b.ChangedFailures(1 << 20); !cmp.Equal(changed, again) {
		t.Error("a lost shard is not given again")
	}
	for data, want := range map[string]bool{"{": false, "": true, `{"c":"gone","o":"fail"}`: true, `{"c":"pay","o":"pass"}`: true} {
		if err := NewBoard(twoProducts()).RestoreFailures([]byte(data)); (err == nil) != want {
			t.Errorf("restore of %q: %v", data, err)
		}
	}
}

func TestAShardFitsTheJournal(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 20 {
		b.Apply(1, []checks.Result{failing("pay", i, 1000)})
	}
	for _, limit := range []int{1 << 20, 5000, 3800, 500} {
		b.FailuresLost(map[int][]byte{shardOf("pay"): nil})
		stored, err := b.ChangedFailures(limit)
		data := stored[shardOf("pay")]
		if err != nil || len(data) == 0 || len(data) > limit {
			t.Errorf("%d bytes of at most %d: %v", len(data), limit, err)
		}
		if list, err := checks.DecodeResults(data); err != nil || list[0].Summary != "HTTP 502, try 19" {
			t.Errorf("within %d: %v", limit, err)
		}
	}
}

// The worst case: every one of 10,000 checks fails with as much evidence as
// there can be.
func TestFailuresStayWithinTheirBound(t *testing.T) {
	const n = 10_000
	def := Definition{Products: []Product{{ID: "p"}}}
	for i := range n {
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint("c", i), Product: "p", Every: time.Minute})
	}
	b := NewBoard(def)
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used()
	for i := range keepFailures + 1 {
		for _, c := range def.Checks {
			r := failing(c.ID, i, 1024)
			r.Summary = strings.Repeat("s", 200)
			b.records.of[c.ID].keep(r, b.records.room())
		}
	}
	after := used()
	t.Logf("%.1f MiB for %d failures of each check", float64(after-before)/(1<<20), len(b.records.of["c0"].failures))
	if took := after - before; took > failuresMax {
		t.Errorf("%d bytes, want at most %d", took, failuresMax)
	}
	if len(b.records.of["c0"].failures) < 10 || b.records.of["c0"].failures[0].Evidence == nil {
		t.Errorf("%d kept of a check, the newest with evidence: %v", len(b.records.of["c0"].failures), b.records.of["c0"].failures[0].Evidence != nil)
	}
	runtime.KeepAlive(b)
}

// TestTheBoardGoesOnWhileFailuresAreEncoded: what comes meanwhile is stored the
// next time.
func TestTheBoardGoesOnWhileFailuresAreEncoded(t *testing.T) {
	b := NewBoard(twoProducts())
	b.Apply(1, second(1, "pay", "find"))
	came := uint64(1)
	stored, err := b.changedFailures(1<<20, func(lists [][]checks.Result, limit int) ([]byte, error) {
		if !b.mu.TryLock() {
			t.Fatal("the board is held while failures are encoded")
		}
		b.mu.Unlock()
		came++
		b.Apply(came, second(int(came), "pay"))
		return encodeFailures(lists, limit)
	})
	if err != nil || len(stored) != 2 {
		t.Fatalf("%d shards, %v; want 2", len(stored), err)
	}
	again, err := b.ChangedFailures(1 << 20)
	if err != nil || again[shardOf("pay")] == nil {
		t.Fatalf("%d shards, %v; want that of the check that failed meanwhile", len(again), err)
	}
	next := NewBoard(twoProducts())
	for _, shards := range []map[int][]byte{stored, again} {
		for _, data := range shards {
			if err := next.RestoreFailures(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := len(next.records.of["pay"].failures), len(b.records.of["pay"].failures); got != want || want != int(came) {
		t.Errorf("%d failures are there after a restart, want %d", got, want)
	}
}

// TestWhatCouldNotObserveDoesNotCrowdOutWhatFailed: of a check of which some failed and
// then hundreds could not observe, why it failed is still known, and counted alone.
func TestWhatCouldNotObserveDoesNotCrowdOutWhatFailed(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 300 {
		r := failing("pay", i, 10)
		if i > 12 && i%50 > 0 {
			r.Outcome, r.Reason = checks.Unknown, checks.ReasonDNS
		}
		b.Apply(uint64(i+1), []checks.Result{r})
	}
	d, _ := b.Drill(t0.Add(301*time.Second), "billing")
	failed := 0
	for _, f := range d.Failures {
		if f.Outcome == checks.Fail {
			failed++
		}
	}
	if failed != 5 || len(d.Failures) != 10 {
		t.Errorf("of the product %d failed of %d", failed, len(d.Failures))
	}
	for _, c := range d.Checks {
		if c.Check.ID == "pay" {
			if want := []ReasonCount{{checks.ReasonStatus, 10}}; !cmp.Equal(c.Reasons, want) {
				t.Errorf("it failed for %v, want %v", c.Reasons, want)
			}
		}
	}
}
